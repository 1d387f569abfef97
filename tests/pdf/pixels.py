"""Pages as two renderers draw them: PDFium, and poppler as a program."""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile

import pypdfium2
from PIL import Image, ImageChops

_SECONDS = 10  #: one file of the corpus keeps poppler busy for minutes, stamped or not
_MARGIN_PX = 2  #: the face's own edge is smoothed


def by_pdfium(document: bytes, *, page: int = 1, scale: float = 1) -> Image.Image | None:
    """The page, or None when PDFium does not draw it.

    It is drawn twice: a font that is not there looks otherwise in the first document of a process.
    """
    return _by_pdfium(document, page, scale) and _by_pdfium(document, page, scale)


def _by_pdfium(document: bytes, page: int, scale: float) -> Image.Image | None:
    try:
        pdf = pypdfium2.PdfDocument(document)
        pdf.init_forms()
        picture: Image.Image = pdf[page - 1].render(scale=scale).to_pil().convert("RGB")
    except pypdfium2.PdfiumError:
        return None
    return picture


def by_poppler(document: bytes, *, page: int = 1, scale: float = 1) -> Image.Image | None:
    """The page, or None when poppler is not here, does not draw it, or takes too long."""
    program = shutil.which("pdftoppm")
    if program is None:
        return None
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(document)
        file.flush()
        command = [program, "-r", f"{72 * scale}", "-cropbox", "-f", f"{page}", "-l", f"{page}", file.name]
        try:
            done = subprocess.run(command, capture_output=True, check=False, timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            return None
    return Image.open(io.BytesIO(done.stdout)).convert("RGB") if done.stdout else None


def changed(before: Image.Image, after: Image.Image) -> tuple[int, int, int, int] | None:
    """The rectangle in which two pictures of one size differ; None when they do not."""
    assert before.size == after.size, "a stamp changes no page's size"
    return ImageChops.difference(before, after).getbbox()


def changed_outside(document: bytes, stamped: bytes, share: float) -> str:
    """Where the first page changed but for a face in its top left corner, in words; empty: nowhere.

    `share` is the face's side by the page's width: not every renderer knows of /UserUnit.
    """
    for draw in (by_pdfium, by_poppler):
        before = draw(document)
        if before is None:
            continue
        after = draw(stamped)
        if after is None:
            return f"{draw.__name__}: no page any more"
        within = share * before.width + _MARGIN_PX
        box = changed(before, after)
        if box is not None and (box[2] > within or box[3] > within):
            return f"{draw.__name__}: {box}"
    return ""
