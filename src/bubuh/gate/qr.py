"""A turn's code as a QR, for another phone."""

from __future__ import annotations

import io

import segno


def qr_of(address: str) -> bytes:
    """An SVG of `address`, with its quiet zone. Source: ISO/IEC 18004."""
    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(out, kind="svg", scale=6, border=4)
    return out.getvalue()
