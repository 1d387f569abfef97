"""Draw the sample face that the site shows where a stamp will be: `src/bubuh/web/static/face.webp`.

    .venv/bin/python scripts/face.py

It is the engine's own drawing, of a serial number that no stamp has. A test holds the file to it.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

import pikepdf
import pypdfium2
from PIL import Image

from bubuh.pdf.face.drawing import COLOUR_SPACE, SIDE, drawing

FACE: Final = Path(__file__).parents[1] / "src/bubuh/web/static/face.webp"
_SIDE_PX: Final = 240


def drawn() -> Image.Image:
    """The face, as PDFium shows it."""
    made = io.BytesIO()
    with pikepdf.new() as pdf:
        page = pdf.add_blank_page(page_size=(SIDE, SIDE)).obj
        page.Contents = pdf.make_stream(drawing("CONTOH".ljust(22, "0"), "SPESIMEN"))
        page.Resources = pikepdf.Dictionary(
            ColorSpace=pikepdf.Dictionary(C=pikepdf.Object.parse(COLOUR_SPACE.encode()))
        )
        pdf.save(made)
    shown: Image.Image = pypdfium2.PdfDocument(made.getvalue())[0].render(scale=_SIDE_PX / SIDE).to_pil()
    return shown.convert("RGB")


if __name__ == "__main__":
    drawn().save(FACE, "WEBP", lossless=True, method=6)
