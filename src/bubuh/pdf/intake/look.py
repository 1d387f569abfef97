"""How pages look, by a renderer that others wrote (PDFium): only to be compared, never to be shown."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pypdfium2 as pdfium

MOST_PAGES: Final = 16  #: how many pages of a document are compared, from the first
MOST_PIXELS: Final = 600_000  #: of one page; larger ones are drawn smaller


def pages_seen(document: bytes) -> int | None:
    """How many pages the renderer sees; None when it does not open the document."""
    with _opened(document) as seen:
        return None if seen is None else len(seen)


def looks_the_same(one: bytes, other: bytes) -> bool:
    """Whether both have as many pages, and the first of them, at most `MOST_PAGES`, show the same pixels.

    Nothing is compared when the renderer does not open `one`; what does not open as `other` is not the same.
    """
    _meet_fonts(one)
    with _opened(one) as seen, _opened(other) as seen_then:
        if seen is None or seen_then is None:
            return seen_then is not None
        if len(seen) != len(seen_then):
            return False
        return all(
            _pixels(seen, index) == _pixels(seen_then, index) for index in range(min(len(seen), MOST_PAGES))
        )


def _meet_fonts(document: bytes) -> None:
    """Draw the pages once: a font that is not there looks otherwise in the first document of a process.

    So PDFium does it, for fonts that it finds a substitute for; from the second document on nothing changes.
    """
    with _opened(document) as seen:
        for index in range(0 if seen is None else min(len(seen), MOST_PAGES)):
            _pixels(seen, index)


@contextmanager
def _opened(document: bytes) -> Iterator[pdfium.PdfDocument | None]:
    try:
        opened = pdfium.PdfDocument(document)
    except pdfium.PdfiumError:
        yield None
        return
    opened.init_forms()  # fields are drawn too
    try:
        yield opened
    finally:
        opened.close()


def _pixels(document: pdfium.PdfDocument, index: int) -> tuple[int, int, bytes] | None:
    """Width, height and pixels of a page; None when the renderer does not draw it."""
    try:
        page = document[index]
    except pdfium.PdfiumError:
        return None
    width, height = page.get_size()
    scale = min(1.0, math.sqrt(MOST_PIXELS / max(1.0, width * height)))
    bitmap = page.render(scale=scale)
    try:
        return bitmap.width, bitmap.height, bytes(bitmap.buffer)
    finally:
        bitmap.close()
        page.close()
