"""Encrypted documents that the lean engine leaves to the library."""

from __future__ import annotations

import io

import pikepdf

from tests.pdf.conftest import DATA


def locked_with_strings_in_streams() -> bytes:
    """A letter that anyone may open; its page has a string and lies within an encrypted stream."""
    out = io.BytesIO()
    with pikepdf.open(DATA / "surat-lamaran.pdf") as pdf:
        pdf.pages[0].obj.LastModified = pikepdf.String("D:20261122")
        chosen = pikepdf.Encryption(owner="pemilik", user="", R=6)
        pdf.save(out, encryption=chosen, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return out.getvalue()
