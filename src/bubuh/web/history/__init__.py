"""What happened: every stamp, order and refund, the quota's movements, receipts to print."""

from __future__ import annotations

from typing import Final

from litestar.handlers import HTTPRouteHandler

from bubuh.web.history import entries, movements, receipt

HANDLERS: Final[list[HTTPRouteHandler]] = [
    *entries.HANDLERS,
    *movements.HANDLERS,
    *receipt.HANDLERS,
]
