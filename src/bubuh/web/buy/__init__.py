"""Buy stamps: how many and how to pay, then the order's own page until its stamps are there."""

from __future__ import annotations

from typing import Final

from litestar.handlers import HTTPRouteHandler

from bubuh.web.buy import choose, order

HANDLERS: Final[list[HTTPRouteHandler]] = [*choose.HANDLERS, *order.HANDLERS]
