"""Verify a document without an account: its file, or the serial number on it."""

from __future__ import annotations

from typing import Final

from litestar.handlers import HTTPRouteHandler

from bubuh.web.verify import document

HANDLERS: Final[list[HTTPRouteHandler]] = [*document.HANDLERS]
