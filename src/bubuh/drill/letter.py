"""The document of a drill: one page that says whose it is, about 1 KB."""

from __future__ import annotations

from bubuh.pdf.plain_file import plain_file


def letter(words: str) -> bytes:
    """A letter of one page with `words` (ASCII without brackets) on it; other words, other bytes."""
    text = f"BT /F1 14 Tf 60 760 Td (Surat lamaran: {words}) Tj ET".encode("ascii")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 6 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Font << /F1 5 0 R >> >>",
    )
    return plain_file(objects)
