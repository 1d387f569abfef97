"""What the PDF libraries open late is opened here early: later, in a sandbox, nothing can be opened."""

from __future__ import annotations

import io

import pikepdf


def warm_up() -> None:
    """Have qpdf open its source of randomness, which it keeps for the life of the process.

    It reads from it when it opens a document encrypted with AES-256, even with an empty password.
    """
    encrypted = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.save(encrypted, encryption=pikepdf.Encryption(owner="", user="", R=6))
    encrypted.seek(0)
    pikepdf.open(encrypted).close()
