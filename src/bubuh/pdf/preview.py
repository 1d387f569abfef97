"""A page as a picture for its owner: drawn by PDFium, written as WebP. Nothing else here imports Pillow."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pypdfium2 as pdfium
from PIL import Image, WebPImagePlugin

from bubuh.pdf.picture import MOST_PIXELS, MOST_SIDE_PX, Picture
from bubuh.pdf.refusals import PageOutOfRange, refusing_damage

WIDTH_PX: Final = 720  #: of a picture, unless the page is so tall that it must be less
_LOSSLESS_BYTES: Final = 64 * 1024  # a page of text is far below; above it is a photograph or a scan
_LOSSY_QUALITY: Final = 60
_LEAST_PT: Final = 0.01

assert WebPImagePlugin.SUPPORTED, "without WebP no page can be shown"


@refusing_damage
def draw_page(document: bytes, page: int, *, width_px: int = WIDTH_PX) -> Picture:
    """Page `page` (from 1), fields and stamps included: lossless, or lossy where that would be large.

    It is `width_px` wide, or less where it would be past a picture's bounds.

    Raises:
        PageOutOfRange: there is no such page.
        DocumentRefused: the renderer cannot draw it.
    """
    with _opened(document) as pdf:
        drawn = _rendered(pdf, page, width_px)
    return Picture(width_px=drawn.width, height_px=drawn.height, webp=_encoded(drawn))


@contextmanager
def _opened(document: bytes) -> Iterator[pdfium.PdfDocument]:
    opened = pdfium.PdfDocument(document)
    try:
        opened.init_forms()
        yield opened
    finally:
        opened.close()


def _rendered(pdf: pdfium.PdfDocument, page: int, width_px: int) -> Image.Image:
    if not 1 <= page <= len(pdf):
        raise PageOutOfRange(page=page, pages=len(pdf))
    found = pdf[page - 1]
    wide, high = found.get_size()
    drawn: Image.Image = found.render(scale=_scale(wide, high, width_px)).to_pil().convert("RGB")
    return drawn


def _scale(width_pt: float, height_pt: float, width_px: int) -> float:
    """Pixels a point. What is drawn is rounded up to whole pixels, so all bounds are kept a pixel away."""
    width, height = max(width_pt, _LEAST_PT), max(height_pt, _LEAST_PT)
    by_pixels = math.sqrt(MOST_PIXELS / (width * height)) * 0.99
    return min(width_px / width, (MOST_SIDE_PX - 1) / height, by_pixels)


def _encoded(drawn: Image.Image) -> bytes:
    lossless = _webp(drawn, lossless=True, method=2)
    if len(lossless) <= _LOSSLESS_BYTES:
        return lossless
    return min(lossless, _webp(drawn, quality=_LOSSY_QUALITY, method=2), key=len)


def _webp(drawn: Image.Image, **options: object) -> bytes:
    written = io.BytesIO()
    drawn.save(written, "WEBP", **options)
    return written.getvalue()
