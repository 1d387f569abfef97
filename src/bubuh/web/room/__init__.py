"""From the waiting room into the site: the page that leads to it stands in `web.errors`."""

from __future__ import annotations

from typing import Final

from litestar.handlers import HTTPRouteHandler

from bubuh.web.room import deadline, enter, proof, remind, take

HANDLERS: Final[list[HTTPRouteHandler]] = [
    *enter.HANDLERS,
    *proof.HANDLERS,
    *deadline.HANDLERS,
    *remind.HANDLERS,
    *take.HANDLERS,
]
