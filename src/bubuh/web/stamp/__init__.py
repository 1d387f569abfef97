"""Stamp a document: send it, choose the place, check, affix with the PIN, and fetch it."""

from __future__ import annotations

from typing import Final

from litestar.handlers import HTTPRouteHandler

from bubuh.web.stamp import check, place, stamped, tus, upload

HANDLERS: Final[list[HTTPRouteHandler]] = [
    *upload.HANDLERS,
    *tus.HANDLERS,
    *place.HANDLERS,
    *check.HANDLERS,
    *stamped.HANDLERS,
]
