"""The short way for genuine notices: past routing, which costs more than keeping one.

A payment gateway's notice that is whole, within its limits and genuine is kept by the same functions as on
the long way. Anything else goes the long way, its body with it, and is refused there: what is refused, and
in which words, is said in one place.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Final, cast

import msgspec
from litestar.enums import ScopeType

from bubuh.api.notices import NoticeKept
from bubuh.core.clock import utc_now
from bubuh.core.errors import Fault, Refusal
from bubuh.edge.bodies import PIECE_TIMEOUT_S
from bubuh.edge.exchange import exchange_of
from bubuh.edge.guards import admit_notice
from bubuh.edge.limits import Limiter
from bubuh.edge.services import Services
from bubuh.payments.model import MAX_NOTICE_BYTES
from bubuh.payments.ports import find_gateway
from bubuh.payments.take_notice import keep_notice, read_notice

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Receive, ReceiveMessage, Scope, Send

_PATH: Final = re.compile(r"/gateway/([a-z][a-z0-9_]{1,31})/notices")
_ROUTE: Final = "/gateway/{gateway}/notices"
_KEPT: Final = msgspec.json.encode(NoticeKept())
_HEADERS: Final = [
    (b"content-type", b"application/json"),
    (b"content-length", str(len(_KEPT)).encode()),
]


class NoticeLane:
    """An ASGI layer in front of the application's routing."""

    def __init__(self, app: ASGIApp, services: Services, limiter: Limiter) -> None:
        self._app = app
        self._services = services
        self._limiter = limiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Keep a genuine notice; have the application answer everything else."""
        named = _PATH.fullmatch(scope["path"]) if scope["type"] == ScopeType.HTTP else None
        if named is None or str(scope.get("method")) != "POST":
            await self._app(scope, receive, send)
            return
        came: list[ReceiveMessage] = []
        if not await self._keep(named[1], scope, receive, came):
            await self._app(scope, _again(came, receive), send)
            return
        cast("dict[str, object]", scope)["path_template"] = _ROUTE
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await send({"type": "http.response.body", "body": _KEPT, "more_body": False})

    async def _keep(self, name: str, scope: Scope, receive: Receive, came: list[ReceiveMessage]) -> bool:
        """Whether the notice is on the disk; `came` is what was read of the request for that."""
        try:
            gateway = find_gateway(self._services.gateways, name)
            raw = await _small_body(receive, came)
            if raw is None:
                return False
            headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
            notice = read_notice(raw, headers, gateway=gateway, now=utc_now())
            admit_notice(self._services, self._limiter, exchange_of(scope))
            await keep_notice(notice, db=self._services.db, batch=self._services.notice_batch)
        except (Refusal, Fault):
            return False  # which the long way says in words, or keeps after all: the same notice counts once
        return True


async def _small_body(receive: Receive, came: list[ReceiveMessage]) -> bytes | None:
    """The whole body; None: it is too large, too slow or broken off, and the long way says so."""
    body = b""
    while not came or came[-1].get("more_body", False):
        try:
            async with asyncio.timeout(PIECE_TIMEOUT_S):
                came.append(await receive())
        except TimeoutError:
            return None
        if came[-1]["type"] != "http.request":
            return None
        body += came[-1].get("body", b"")
        if len(body) > MAX_NOTICE_BYTES:
            return None
    return body


def _again(came: list[ReceiveMessage], receive: Receive) -> Receive:
    """What was read already, and then what comes."""
    left = iter(came)

    async def next_one() -> ReceiveMessage:
        return next(left, None) or await receive()

    return next_one
