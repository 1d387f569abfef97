"""A page as a picture for its owner: drawn by PDFium, written as WebP. Nothing else here imports Pillow."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import pypdfium2 as pdfium
from PIL import Image, WebPImagePlugin

from bubuh.pdf.geometry import seen_size
from bubuh.pdf.model import PageBox, Place
from bubuh.pdf.picture import MOST_PIXELS, MOST_SIDE_PX, Picture
from bubuh.pdf.refusals import PageOutOfRange, refusing_damage

WIDTH_PX: Final = 720  #: of a picture, unless the page is so tall that it must be less
_LOSSLESS_BYTES: Final = 64 * 1024  # a page of text is far below; above it is a photograph or a scan
_LOSSY_QUALITY: Final = 60
_LEAST_PT: Final = 0.01
_INK: Final = (
    64  # how far, of 255, a pixel is from its ground to be a mark; what a scanner makes of paper is less
)
_INK_SHARE: Final = 0.002  # of the pixels under a face: two letters of ten points; dust is less
_INK_LEAST: Final = 3  # pixels

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


@refusing_damage
def covered(document: bytes, wanted: Sequence[tuple[Place, PageBox]]) -> tuple[bool, ...]:
    """For each place, on a page of that box, whether a face would cover text, a line, a picture or a stamp.

    It is told by what is seen, so a scan is no exception: enough pixels there are unlike the one that is met
    most often there. A face in the middle of one even colour covers nothing.

    Raises:
        PageOutOfRange: there is no such page.
        DocumentRefused: the renderer cannot draw it.
    """
    with _opened(document) as pdf:
        drawn = {page: _rendered(pdf, page, WIDTH_PX).convert("L") for page in {at.page for at, _ in wanted}}
    return tuple(_has_ink(drawn[place.page], place, *seen_size(box)) for place, box in wanted)


def _has_ink(drawn: Image.Image, place: Place, wide: float, high: float) -> bool:
    across, down = drawn.width / wide, drawn.height / high
    start = math.ceil(place.x_pt * across), math.ceil(place.y_pt * down)
    end = int((place.x_pt + place.side_pt) * across), int((place.y_pt + place.side_pt) * down)
    under = drawn.crop((*start, max(end[0], start[0] + 1), max(end[1], start[1] + 1)))
    levels = under.histogram()
    ground = max(range(256), key=levels.__getitem__)
    ink = sum(count for level, count in enumerate(levels) if abs(level - ground) > _INK)
    return ink >= max(_INK_LEAST, _INK_SHARE * under.width * under.height)


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
