"""Something is wrong: what the machine sees at once, and complaints, followed by their number."""

from __future__ import annotations

from typing import Final

from litestar.handlers import HTTPRouteHandler

from bubuh.web.help import complaint, look

HANDLERS: Final[list[HTTPRouteHandler]] = [*look.HANDLERS, *complaint.HANDLERS]
