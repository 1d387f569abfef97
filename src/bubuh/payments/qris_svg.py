"""A QRIS code as a drawing."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from io import BytesIO
from typing import Final

import segno

_WIB: Final = timezone(timedelta(hours=7))
_QUIET: Final = 4  #: modules around a code. ISO/IEC 18004, 9.1
_CAPTION: Final = 4  #: modules below it, for one line of words


def qris_svg(text: str, *, expires_at: datetime) -> str:
    """SVG of the code for `text`, and below it until when it is meant to be paid, in western Indonesian time.

    Phones may still pay it later; that is no reason not to say when it ends.
    """
    code = segno.make(text, error="m", micro=False)
    side = code.symbol_size(border=_QUIET)[0]
    drawn = BytesIO()
    code.save(drawn, kind="svg", xmldecl=False, svgns=False, nl=False, omitsize=True, border=_QUIET)
    until = expires_at.astimezone(_WIB).strftime("%d-%m-%Y %H.%M WIB")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side + _CAPTION}" role="img">'
        f"<title>QRIS, berlaku sampai {until}</title>"
        f'<rect width="{side}" height="{side + _CAPTION}" fill="#fff"/>'
        f'<svg width="{side}" height="{side}" viewBox="0 0 {side} {side}">{_inner(drawn.getvalue())}</svg>'
        f'<text x="{side / 2}" y="{side + 1}" font-size="2.4" font-family="sans-serif" text-anchor="middle">'
        f"Berlaku sampai {until}</text></svg>"
    )


def _inner(svg: bytes) -> str:
    """What stands within segno's outermost element."""
    return svg.decode("ascii").partition(">")[2].rpartition("</svg>")[0]
