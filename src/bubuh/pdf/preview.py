"""A page as a picture for its owner: drawn by PDFium, written as WebP. Nothing else here imports Pillow."""

from __future__ import annotations

import io
import math
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
def draw_page(document: bytes, page: int) -> Picture:
    """Page `page` (from 1), fields and stamps included: lossless, or lossy where that would be large.

    Raises:
        PageOutOfRange: there is no such page.
        DocumentRefused: the renderer cannot draw it.
    """
    opened = pdfium.PdfDocument(document)
    try:
        opened.init_forms()
        if not 1 <= page <= len(opened):
            raise PageOutOfRange(page=page, pages=len(opened))
        found = opened[page - 1]
        drawn: Image.Image = found.render(scale=_scale(*found.get_size())).to_pil().convert("RGB")
    finally:
        opened.close()
    return Picture(width_px=drawn.width, height_px=drawn.height, webp=_encoded(drawn))


def _scale(width_pt: float, height_pt: float) -> float:
    """Pixels a point. What is drawn is rounded up to whole pixels, so all bounds are kept a pixel away."""
    width, height = max(width_pt, _LEAST_PT), max(height_pt, _LEAST_PT)
    by_pixels = math.sqrt(MOST_PIXELS / (width * height)) * 0.99
    return min(WIDTH_PX / width, (MOST_SIDE_PX - 1) / height, by_pixels)


def _encoded(drawn: Image.Image) -> bytes:
    lossless = _webp(drawn, lossless=True, method=2)
    if len(lossless) <= _LOSSLESS_BYTES:
        return lossless
    return min(lossless, _webp(drawn, quality=_LOSSY_QUALITY, method=2), key=len)


def _webp(drawn: Image.Image, **options: object) -> bytes:
    written = io.BytesIO()
    drawn.save(written, "WEBP", **options)
    return written.getvalue()
