"""Who may call: every route bears exactly one of these guards, or the application does not start."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from litestar import HttpMethod
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.routes import BaseRoute, HTTPRoute

from bubuh.core.ids import AccountId
from bubuh.edge.cookies import cookies_of, value_of
from bubuh.edge.door import PASS_HEADER
from bubuh.edge.exchange import Exchange, exchange_of
from bubuh.edge.limits import Limiter, Rate
from bubuh.edge.overload import begin_when_whole
from bubuh.edge.refusals import ForeignOrigin, RateLimited, RouteUnknown
from bubuh.edge.services import Services
from bubuh.identity.authenticate import require_scope
from bubuh.identity.model import Environment, Scope
from bubuh.identity.people.refusals import SignInNeeded
from bubuh.identity.people.sessions import resume
from bubuh.identity.refusals import KeyRefused
from bubuh.waitingroom.estimate import POLL
from bubuh.waitingroom.lanes import Errand
from bubuh.waitingroom.passes import PASS_LIFE_S
from bubuh.waitingroom.refusals import PassNeeded

Connection = ASGIConnection[Any, Any, Any, Any]
RateName = Literal["serials", "verifications", "notices", "pages", "health", "doors", "sign_ins", "codes"]

_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
_BEARER: Final = "bearer "


class May:
    """Callers whose API key opens one of `scopes`; the key's account is limited, not the address.

    With an `errand`: and let in by turn for it while the waiting room is open and a lane of partners is.
    """

    def __init__(self, *scopes: Scope, errand: Errand | None = None) -> None:
        assert scopes
        self.scopes = scopes
        self.errand = errand

    async def __call__(self, connection: Connection, _: BaseRouteHandler) -> None:
        """Say who calls, count the call, and see that the key opens this; raises `PassNeeded` also."""
        services, limiter, exchange = _parts(connection)
        refused = services.rates.refused_keys
        if not limiter.look(refused, exchange.client).allowed:
            _take(limiter, refused, exchange.client, exchange)
        exchange.bearer = services.keys.last_bearer(_given(connection))
        await begin_when_whole(connection)
        try:
            principal = await services.keys.authenticate(
                services.db, _secret(connection), services.environment
            )
        except KeyRefused:
            limiter.take(refused, exchange.client)
            raise
        exchange.principal = exchange.bearer = principal
        _take(limiter, services.rates.account, str(principal.account_id), exchange)
        require_scope(principal, *self.scopes)
        await _admit_program(connection, principal.account_id, self.errand)


class Public:
    """Anyone, as often as the named rate allows their address."""

    def __init__(self, rate: RateName) -> None:
        self.rate = rate

    async def __call__(self, connection: Connection, _: BaseRouteHandler) -> None:
        """Count the call."""
        services, limiter, exchange = _parts(connection)
        rate: Rate = getattr(services.rates, self.rate)
        _take(limiter, rate, exchange.client, exchange)
        await begin_when_whole(connection)


class Inbox(Public):
    """Whoever says to be a gateway, unless their address has forged too many notices lately: each is kept."""

    def __init__(self) -> None:
        super().__init__("notices")

    async def __call__(self, connection: Connection, _: BaseRouteHandler) -> None:
        """Count the call."""
        admit_notice(*_parts(connection))
        await begin_when_whole(connection)


def admit_notice(services: Services, limiter: Limiter, exchange: Exchange) -> None:
    """Count a notice against its address; raises `RateLimited`."""
    forgeries = services.rates.forgeries
    if not limiter.look(forgeries, exchange.client).allowed:
        _take(limiter, forgeries, exchange.client, exchange)
    _take(limiter, services.rates.notices, exchange.client, exchange)


def note_forgery(connection: Connection) -> None:
    """Count a forged notice against who sent it."""
    services, limiter, exchange = _parts(connection)
    limiter.take(services.rates.forgeries, exchange.client)


class DevelopmentOnly:
    """Callers on this very machine, where the data folder is a development one; for others nothing is there.

    The Host must be loopback too: a web page may have any name resolve to this machine.
    """

    async def __call__(self, connection: Connection, _: BaseRouteHandler) -> None:
        """Hide unless all three hold: development, loopback, not forwarded."""
        services, limiter, exchange = _parts(connection)
        client = connection.scope.get("client")
        if (
            services.environment is not Environment.TEST
            or client is None
            or not is_loopback(client[0])
            or not is_loopback(urlsplit("//" + connection.headers.get("host", "")).hostname or "")
            or any(name in connection.headers for name in _FORWARDED)
        ):
            raise RouteUnknown
        _take(limiter, services.rates.development, exchange.client, exchange)


class Visitor:
    """A reader of pages, as often as the named rate allows them when they are signed in, else their address.

    Thousands of phones share an address: what others of it do keeps out nobody who is signed in.

    What changes something comes from our own pages only. Source: Fetch Metadata Request Headers (W3C), 2.2;
    RFC 6454, section 7.
    """

    def __init__(self, rate: RateName = "pages") -> None:
        self.rate = rate

    async def __call__(self, connection: Connection, _: BaseRouteHandler) -> None:
        """Count the call, see where it comes from, and find out who is signed in."""
        services, limiter, exchange = _parts(connection)
        secret = value_of(connection.cookies, cookies_of(services.public_url).session)
        if secret is None:
            _take(limiter, self._rate(services), exchange.client, exchange)
        elif not limiter.look(services.rates.refused_sessions, exchange.client).allowed:
            _take(limiter, services.rates.refused_sessions, exchange.client, exchange)
        await begin_when_whole(connection)
        if str(HttpMethod(connection.scope["method"]).value) not in {"GET", "HEAD"}:  # type: ignore[typeddict-item]
            _check_origin(connection, services.public_url)
        if secret is not None:
            exchange.session = await resume(services.db, secret)
            self._count_bearer(services, limiter, exchange)

    def _count_bearer(self, services: Services, limiter: Limiter, exchange: Exchange) -> None:
        """Count the call of who came with a session; with one that is none it is the address's."""
        if exchange.session is None:
            limiter.take(services.rates.refused_sessions, exchange.client)
            _take(limiter, self._rate(services), exchange.client, exchange)
        else:
            _take(limiter, self._rate(services), f"person {exchange.session.user_id}", exchange)

    def _rate(self, services: Services) -> Rate:
        rate: Rate = getattr(services.rates, self.rate)
        return rate


class SignedIn(Visitor):
    """The same, signed in; with an `errand`, let in by turn for it while the waiting room is open."""

    def __init__(self, rate: RateName = "pages", *, errand: Errand | None = None) -> None:
        super().__init__(rate)
        self.errand = errand

    async def __call__(self, connection: Connection, handler: BaseRouteHandler) -> None:
        """See that somebody is; raises `SignInNeeded`, and `PassNeeded` where people queue."""
        await super().__call__(connection, handler)
        exchange = exchange_of(connection.scope)
        if exchange.session is None:
            raise SignInNeeded
        exchange.principal = exchange.session.principal
        await _admit_person(connection, exchange.session.account_id, self.errand)


Guard = May | Public | DevelopmentOnly | Visitor


def guard_of(handler: HTTPRouteHandler) -> Guard:
    """The one guard of `handler`; a handler without, or with two, is our mistake."""
    found = [
        guard
        for guard in handler.resolve_guards()
        if isinstance(guard, May | Public | DevelopmentOnly | Visitor)
    ]
    assert len(found) == 1, f"{handler} needs exactly one guard of bubuh.edge.guards"
    return found[0]


def guarded(routes: Iterable[BaseRoute]) -> Mapping[tuple[str, str], Guard]:
    """The guard of every (method, path); fails when one has none. OPTIONS is the framework's own."""
    found: dict[tuple[str, str], Guard] = {}
    for route in routes:
        assert isinstance(route, HTTPRoute), f"{route.path}: only HTTP is served"
        for handler in route.route_handlers:
            for method in handler.http_methods - {HttpMethod.OPTIONS}:
                found[str(HttpMethod(method).value), route.path] = guard_of(handler)
    return found


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine by a name that nobody else can give."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def limit(connection: Connection, name: RateName, owner: str) -> None:
    """Count one act of `owner` (an address, an account) under the named rate; raises `RateLimited`."""
    services, limiter, exchange = _parts(connection)
    _take(limiter, getattr(services.rates, name), owner, exchange)


async def _admit_person(connection: Connection, account_id: AccountId, errand: Errand | None) -> None:
    """The pass is in a cookie; raises `PassNeeded`."""
    services, _, exchange = _parts(connection)
    cookies = cookies_of(services.public_url)
    kept = await _admit(connection, account_id, connection.cookies.get(cookies.room_pass), errand)
    if kept is not None:
        cookie = cookies.put(cookies.room_pass, kept, max_age_s=PASS_LIFE_S)
        exchange.given.append(("set-cookie", cookie.to_header(header="")))


async def _admit_program(connection: Connection, account_id: AccountId, errand: Errand | None) -> None:
    """The pass is in a header, where programs need any; raises `PassNeeded`."""
    services, _, exchange = _parts(connection)
    if services.door is None or not services.door.asks_programs:
        return
    name = PASS_HEADER.lower()
    try:
        kept = await _admit(connection, account_id, connection.headers.get(name), errand)
    except PassNeeded as refusal:
        raise PassNeeded(join="/v1/turns", header=PASS_HEADER, retry_after_s=POLL[1]) from refusal
    if kept is not None:
        exchange.given.append((name, kept))


async def _admit(
    connection: Connection, account_id: AccountId, shown: str | None, errand: Errand | None
) -> str | None:
    """While people queue: check the pass, and renew it by any use; raises `PassNeeded`, `RepairFull`."""
    services, _, _ = _parts(connection)
    door = services.door
    if door is None or not (door.is_open or (errand is Errand.BUY and door.queues_buying)):
        return None
    return await door.admit(services.db, account_id, shown, errand=errand, now_s=int(time.time()))


def _check_origin(connection: Connection, public_url: str) -> None:
    """Pass what one of our own pages sends; raises `ForeignOrigin`.

    A browser too old to tell either header is left to the form's token.
    """
    site, origin = connection.headers.get("sec-fetch-site"), connection.headers.get("origin")
    if site is not None and site not in {"same-origin", "none"}:
        raise ForeignOrigin
    if origin is not None:
        told, own = urlsplit(origin), {urlsplit(public_url).netloc, connection.headers.get("host", "")}
        if told.netloc not in own or (public_url.startswith("https:") and told.scheme != "https"):
            raise ForeignOrigin


def _parts(connection: Connection) -> tuple[Services, Limiter, Exchange]:
    state = connection.app.state
    return state.services, state.limiter, exchange_of(connection.scope)


def _take(limiter: Limiter, rate: Rate, owner: str, exchange: Exchange) -> None:
    exchange.allowance = limiter.take(rate, owner)
    if not exchange.allowance.allowed:
        raise RateLimited(retry_after_s=max(1, round(exchange.allowance.retry_after_s + 0.5)))


def _secret(connection: Connection) -> str:
    given = _given(connection)
    if not given:
        raise KeyRefused
    return given


def _given(connection: Connection) -> str:
    """The key that came along; "" when none did."""
    given = connection.headers.get("authorization", "")
    return given[len(_BEARER) :].strip() if given.lower().startswith(_BEARER) else ""
