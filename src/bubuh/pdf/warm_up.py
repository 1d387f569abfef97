"""What the PDF libraries open late is opened here early: later, in a sandbox, nothing can be opened.

What would be made anew in each forked process is made here once.
"""

from __future__ import annotations

import io

import pikepdf

from bubuh.pdf.face import qr
from bubuh.pdf.intake.look import looks_the_same
from bubuh.pdf.preview import draw_page
from bubuh.pdf.seal import sha256


def warm_up() -> None:
    """Make the tables of QR codes, load what goes on from a midstate, and have the libraries open what they
    keep for life.

    qpdf reads from its source of randomness when it opens a document encrypted with AES-256, even with an
    empty password; the renderer looks for fonts when it starts; Pillow loads its formats with the first
    picture.
    """
    qr.warm_up()
    sha256.is_available()
    encrypted, blank = io.BytesIO(), io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(blank)
        pdf.save(encrypted, encryption=pikepdf.Encryption(owner="", user="", R=6))
    encrypted.seek(0)
    pikepdf.open(encrypted).close()
    looks_the_same(b"", b"")
    draw_page(blank.getvalue(), 1)
