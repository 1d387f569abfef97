"""The door in front of work: each request through its bulkhead, and past what a brownout leaves off.

A place is held from when the request is whole (its body has come) until its answer begins: neither a slow
sender nor a slow reader takes room from others, nor a document that waits for the sandbox's slow lane, nor a
buyer who waits for a slow gateway.
"""

from __future__ import annotations

from typing import Any, Final, cast

from litestar.connection import ASGIConnection

from bubuh.core.deadline import UNTIL_S, when_slow
from bubuh.edge.brownout import Brownout
from bubuh.edge.bulkhead import NOBODY
from bubuh.edge.bulkheads import KEEPABLE, Way, way_of
from bubuh.edge.exchange import exchange_of
from bubuh.edge.refusals import BuyingPaused, LeftOff

Connection = ASGIConnection[Any, Any, Any, Any]

LIFE_S: Final = 30.0  #: after which nobody waits for an answer any more
HEADER: Final = "bubuh-level"  #: which answers bear under a brownout
_BODILESS: Final = frozenset({"GET", "HEAD"})


def brownout_of(connection: Connection) -> Brownout:
    """The process's."""
    brownout: Brownout = connection.app.state.services.brownout
    return brownout


def is_keepable(method: str, way: Way) -> bool:
    """Whether such an answer may be kept and given again."""
    return method == "GET" and way.kind in KEEPABLE


async def begin_when_whole(connection: Connection) -> None:
    """In a guard: begin, unless a body is still to come; whoever reads that begins after its last piece.

    Raises as `Works.begin`, and `BuyingPaused`, `LeftOff` under a brownout.
    """
    _see_level(connection)
    if _method(connection) in _BODILESS or not _has_body(connection):
        await begin(connection)


async def begin(connection: Connection) -> None:
    """Begin the work that `connection` asks for, its request being whole; raises as `Works.begin`."""
    exchange = exchange_of(connection.scope)
    way = _way(connection)
    if way is None or exchange.work is not None:
        return
    works = brownout_of(connection).works

    async def gone() -> None:
        while (await connection.receive())["type"] != "http.disconnect":
            pass

    until_s = works.clock_s() + LIFE_S
    UNTIL_S.set(until_s)
    when_slow.set(exchange.rest)
    owner = NOBODY if exchange.bearer is None else int(exchange.bearer.account_id)
    exchange.work = await works.begin(way, until_s=until_s, gone=gone, owner=owner)


def _see_level(connection: Connection) -> None:
    """Say in a header what is left off, and refuse what that is; what may be kept is looked for later."""
    brownout, way = brownout_of(connection), _way(connection)
    level = brownout.level
    if not level or way is None:
        return
    exchange_of(connection.scope).given.append((HEADER, f"L{int(level)}"))
    if brownout.closes(way) and not is_keepable(_method(connection), way):
        raise BuyingPaused if way.buys else LeftOff(level=int(level))


def _has_body(connection: Connection) -> bool:
    headers = connection.headers
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def _way(connection: Connection) -> Way | None:
    return way_of(_method(connection), str(connection.scope.get("path_template", "")))


def _method(connection: Connection) -> str:
    return str(cast("dict[str, Any]", connection.scope)["method"])
