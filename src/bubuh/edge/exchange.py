"""Around every request: its id, the headers all answers bear, one line in the log, one count."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

import structlog
from litestar.enums import ScopeType

from bubuh.edge import metrics
from bubuh.edge.limits import Allowance, address_group
from bubuh.identity.model import Principal
from bubuh.identity.people.model import Session

if TYPE_CHECKING:
    from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

log: Final = structlog.get_logger("bubuh.web")

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{7,63}", re.ASCII)
_STATE_KEY: Final = "exchange"

SECURITY_HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Work(Protocol):
    """A place among those who are worked for."""

    def end(self, *, counts: bool = True) -> None:
        """Give it back; again: nothing more. `counts`: its time says how long such work takes."""
        ...


@dataclass(slots=True, kw_only=True)
class Exchange:
    """What is known of one request while it is answered."""

    request_id: str
    client: str  #: the address it came from, an IPv6 one by its /64
    principal: Principal | None = None  #: who calls, once a guard knows
    bearer: Principal | None = None  #: whom the call counts against; None: nobody, or a key not met before
    session: Session | None = None  #: of a person who is signed in to the site
    allowance: Allowance | None = None
    given: list[tuple[str, str]] = field(
        default_factory=list
    )  #: further headers, such as a pass renewed by use
    work: Work | None = None  #: its place, once it has one; given back when its answer begins
    problem: str | None = None  #: code of the problem that was answered
    status: int = 0  #: 0: no answer was begun
    began_s: float = field(default_factory=time.monotonic)

    def rest(self) -> None:
        """From here on this request only waits: others may work in its place."""
        if self.work is not None:
            self.work.end(counts=False)

    def finish(self) -> None:
        """The work is done; what is left is to send its answer."""
        if self.work is not None:
            self.work.end()


class ExchangeLayer:
    """The outermost layer of the application, around routing and error handling."""

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        self._app = app
        extra = {"strict-transport-security": "max-age=31536000"} if is_https else {}
        self._headers = [(k.encode(), v.encode()) for k, v in {**SECURITY_HEADERS, **extra}.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; every way out leaves one line in the log."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        exchange = _begin(scope["headers"], scope.get("client"))
        method = str(scope["method"])
        scope["state"][_STATE_KEY] = exchange

        async def send_dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                exchange.finish()
                self._dress(message, exchange)
            await send(message)

        try:
            await self._app(scope, receive, send_dressed)
        except Exception:
            log.exception("answer_broken_off", request_id=exchange.request_id)
            raise
        finally:
            exchange.finish()
            _note(exchange, method=method, route=_route(scope))

    def _dress(self, message: HTTPResponseStartEvent, exchange: Exchange) -> None:
        """Add what every answer bears; what the handler said itself stands."""
        headers = list(message.get("headers", ()))
        said = {name.lower() for name, _ in headers}
        wanted = [*self._headers, (b"cache-control", b"no-store")]
        wanted.append((b"x-request-id", exchange.request_id.encode()))
        if exchange.allowance is not None:
            wanted += [(k.encode(), v.encode()) for k, v in exchange.allowance.headers().items()]
        given = [(name.encode(), value.encode()) for name, value in exchange.given]
        wanted = [(name, value) for name, value in wanted if name not in said]
        message["headers"] = headers + wanted + given


def exchange_of(scope: Scope) -> Exchange:
    """The exchange that `scope` belongs to."""
    exchange = scope["state"][_STATE_KEY]
    assert isinstance(exchange, Exchange), "the application is wrapped in an ExchangeLayer"
    return exchange


def read_request_id(given: str | None) -> str:
    """The caller's own id when it is 8 to 64 plain characters, else a new one."""
    if given is not None and _REQUEST_ID.fullmatch(given) is not None:
        return given
    return "req_" + secrets.token_hex(12)


def _begin(headers: Iterable[tuple[bytes, bytes]], client: tuple[str, int] | None) -> Exchange:
    given = next((value.decode("latin-1") for name, value in headers if name == b"x-request-id"), None)
    address = client[0] if client is not None else "local"
    return Exchange(request_id=read_request_id(given), client=address_group(address))


def _route(scope: Scope) -> str:
    return str(cast("dict[str, Any]", scope).get("path_template") or metrics.UNMATCHED)


def _note(exchange: Exchange, *, method: str, route: str) -> None:
    seconds = time.monotonic() - exchange.began_s
    metrics.count(method=method, route=route, status=exchange.status, seconds=seconds)
    if exchange.bearer is not None and exchange.bearer.slot is not None:
        metrics.count_partner(exchange.bearer.slot, exchange.status)
    facts = {"code": exchange.problem} if exchange.problem else {}
    log.info(
        "request",
        request_id=exchange.request_id,
        method=method,
        route=route,
        status=exchange.status,
        ms=round(seconds * 1000, 1),
        **facts,
    )
