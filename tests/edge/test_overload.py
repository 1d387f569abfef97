"""The door in front of work, over ASGI: who waits, who is told to come again, and that nothing leaks."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from litestar import Litestar, MediaType, Request, Response, Router, get, post
from litestar.datastructures import State
from litestar.response import Stream

from bubuh.core.deadline import when_slow
from bubuh.edge.bodies import whole
from bubuh.edge.bulkhead import Bulkhead
from bubuh.edge.bulkheads import RULES, Kind, Way, way_of
from bubuh.edge.exchange import ExchangeLayer, exchange_of
from bubuh.edge.gradient import Bounds
from bubuh.edge.guards import Public, guarded
from bubuh.edge.works import Works
from bubuh.web.errors import EXCEPTION_HANDLERS
from tests.edge.bare import BASE, LOOPBACK, bare_app, client_of, plain_app

AnyRequest = Request[Any, Any, Any]
BOUND_S = 0.2


@dataclass
class Desk:
    """An application with one place for history, and what its handler did."""

    begun: int = 0
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    app: Litestar = field(init=False)

    def __post_init__(self) -> None:
        @get("/riwayat/uji", guards=[Public("pages")], media_type=MediaType.TEXT)
        async def slow() -> str:
            self.begun += 1
            await self.go_on.wait()
            return "done"

        @post("/riwayat/uji", guards=[Public("pages")], media_type=MediaType.TEXT)
        async def slow_post(request: AnyRequest) -> str:
            body = await whole(request, limit_bytes=100)
            self.begun += 1
            await self.go_on.wait()
            return body.decode()

        @get("/riwayat/menunggu", guards=[Public("pages")], media_type=MediaType.TEXT)
        async def waits(request: AnyRequest) -> str:
            exchange_of(request.scope).rest()
            await self.go_on.wait()
            return "done"

        @get("/riwayat/lambat", guards=[Public("pages")], media_type=MediaType.TEXT)
        async def slow_lane() -> str:
            when_slow.get()()
            self.begun += 1
            await self.go_on.wait()
            return "done"

        @get("/riwayat/panjang", guards=[Public("pages")])
        async def long() -> Stream:
            async def lines() -> AsyncIterator[bytes]:
                yield b"one"
                await self.go_on.wait()
                yield b"two"

            return Stream(lines())

        @get("/riwayat/rusak", guards=[Public("pages")])
        async def breaks() -> Response[bytes]:
            raise ValueError("ours")

        bare = bare_app()
        state = {name: bare.state[name] for name in ("services", "limiter", "kept")}
        self.app = Litestar(
            route_handlers=[
                Router(path="/", route_handlers=[slow, slow_post, waits, slow_lane, long, breaks])
            ],
            exception_handlers=EXCEPTION_HANDLERS,
            state=State(state),
            openapi_config=None,
            logging_config=None,
        )
        self.works.bulkheads[Kind.HISTORY] = Bulkhead(Bounds(floor=1, start=1, ceiling=1), bound_s=BOUND_S)  # type: ignore[index]
        self.app.asgi_handler = ExchangeLayer(self.app.asgi_handler, is_https=False)

    @property
    def works(self) -> Works:
        works: Works = self.app.state.services.brownout.works
        return works

    @property
    def counts(self) -> tuple[int, int]:
        bulkhead = self.works.bulkheads[Kind.HISTORY]
        return bulkhead.in_flight, bulkhead.waiting

    async def until(self, in_flight: int, waiting: int) -> None:
        async with asyncio.timeout(10):
            while self.counts != (in_flight, waiting):  # noqa: ASYNC110 -- another task changes them
                await asyncio.sleep(0.001)


@pytest.fixture
async def desk() -> Desk:
    return Desk()


@pytest.fixture
def balanced(desk: Desk) -> Iterator[None]:
    yield
    assert desk.counts == (0, 0)


pytestmark = pytest.mark.usefixtures("balanced")


async def test_who_comes_second_waits_and_is_served(desk: Desk) -> None:
    async with client_of(desk.app) as client:
        first = asyncio.create_task(client.get("/riwayat/uji"))
        await desk.until(1, 0)
        second = asyncio.create_task(client.get("/riwayat/uji"))
        await desk.until(1, 1)
        assert desk.begun == 1
        desk.go_on.set()
        assert [(await each).status_code for each in (first, second)] == [200, 200]


async def test_who_waits_too_long_is_told_to_come_again_and_nothing_was_begun(desk: Desk) -> None:
    async with client_of(desk.app) as client:
        first = asyncio.create_task(client.get("/riwayat/uji"))
        await desk.until(1, 0)
        for accept, words in (
            ("application/json", "Yang sudah diterima tidak hilang"),
            ("text/html", "tidak menggandakan apa pun"),
        ):
            turned = await client.post("/riwayat/uji", content=b"same", headers={"Accept": accept})
            assert turned.status_code == 503
            assert 5 <= int(turned.headers["retry-after"]) <= 10
            assert words in turned.text
        assert desk.begun == 1
        desk.go_on.set()
        await first
        again = await client.post("/riwayat/uji", content=b"same")
        assert (again.status_code, again.text, desk.begun) == (201, "same", 2)


async def test_a_slow_sender_takes_no_place(desk: Desk) -> None:
    sent = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"a"
        await sent.wait()
        yield b"b"

    desk.go_on.set()
    async with client_of(desk.app) as client:
        slow = asyncio.create_task(client.post("/riwayat/uji", content=body()))
        await asyncio.sleep(0)
        assert (await client.get("/riwayat/uji")).status_code == 200
        sent.set()
        assert (await slow).text == "ab"


async def test_a_slow_reader_and_one_who_waits_for_an_event_keep_no_place(desk: Desk) -> None:
    async with client_of(desk.app) as client:
        held = [asyncio.create_task(client.get(f"/riwayat/{name}")) for name in ("panjang", "menunggu")]
        while not all(each.done() for each in held):
            again = asyncio.create_task(client.get("/riwayat/uji"))
            await desk.until(1, 0)  # the only place is free for the next
            desk.go_on.set()
            assert (await again).status_code == 200
            await asyncio.wait(held)
        assert [each.result().text for each in held] == ["onetwo", "done"]


async def test_a_document_in_the_slow_lane_keeps_no_place(desk: Desk) -> None:
    """`/riwayat/lambat` stands for a handler whose document goes there."""
    async with client_of(desk.app) as client:
        slow = asyncio.create_task(client.get("/riwayat/lambat"))
        desk.go_on.clear()
        other = asyncio.create_task(client.get("/riwayat/uji"))
        await desk.until(1, 0)  # one of the two alone, and the other is at work too
        async with asyncio.timeout(10):
            while desk.begun < 2:  # noqa: ASYNC110 -- another task counts
                await asyncio.sleep(0.001)
        desk.go_on.set()
        assert [(await each).status_code for each in (slow, other)] == [200, 200]


async def test_our_own_mistake_gives_the_place_back(desk: Desk) -> None:
    async with client_of(desk.app) as client:
        assert (await client.get("/riwayat/rusak")).status_code == 500


async def test_work_is_not_begun_for_a_caller_who_has_gone(desk: Desk) -> None:
    """Its connection closes while it waits."""
    gone = asyncio.Event()
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/riwayat/uji",
        "raw_path": b"/riwayat/uji",
        "query_string": b"",
        "headers": [],
        "client": LOOPBACK,
        "server": ("127.0.0.1", 8000),
        "scheme": "http",
        "http_version": "1.1",
        "root_path": "",
        "state": {},
    }
    async with client_of(desk.app) as client:
        first = asyncio.create_task(client.get("/riwayat/uji"))
        await desk.until(1, 0)
        waiting = asyncio.create_task(desk.app(scope, receive, send))  # type: ignore[arg-type]
        await desk.until(1, 1)
        gone.set()
        await waiting
        assert (desk.counts, desk.begun) == ((1, 0), 1)
        desk.go_on.set()
        await first


async def test_a_request_that_is_cancelled_while_it_waits_leaves_nothing(desk: Desk) -> None:
    async with client_of(desk.app) as client:
        first = asyncio.create_task(client.get("/riwayat/uji"))
        await desk.until(1, 0)
        second = asyncio.create_task(client.get("/riwayat/uji"))
        await desk.until(1, 1)
        second.cancel()
        await desk.until(1, 0)
        desk.go_on.set()
        assert (await first).status_code == 200


async def test_one_full_bulkhead_holds_up_no_other(desk: Desk) -> None:
    async with client_of(desk.app) as client:
        first = asyncio.create_task(client.get("/riwayat/uji"))
        await desk.until(1, 0)
        other = desk.works.bulkheads[Kind.PAY]
        work = await desk.works.begin(Way(Kind.PAY, 0), until_s=float("inf"), gone=_never)
        assert other.in_flight == 1
        work.end()
        work.end()
        assert other.in_flight == 0
        desk.go_on.set()
        await first


async def _never() -> None:
    raise AssertionError("nobody waited")


def test_every_route_has_its_way() -> None:
    routes = {(method, re.sub(r":\w+}", "}", path)) for method, path in guarded(plain_app().routes)}
    ways = {route: way_of(*route) for route in routes}
    assert ways["POST", "/antre/masuk"] == Way(Kind.CLAIM, 0)
    assert ways["POST", "/bubuhkan/{document_id}/pin"] == Way(Kind.STAMP, 0)
    assert ways["POST", "/bubuhkan"] == Way(Kind.INSPECT, 0)
    assert ways["GET", "/bubuhkan/{document_id}/halaman/{page}"] == Way(Kind.INSPECT, 1)
    assert ways["POST", "/v1/stamps"] == Way(Kind.PARTNER, 0)
    assert ways["GET", "/v1/orders/{order_id}"] == Way(Kind.ORDER, 2)
    assert ways["POST", "/gateway/{gateway}/notices"] is None
    assert {way.kind for way in ways.values() if way is not None} == set(Kind) == set(RULES)


async def test_the_limits_are_shown_to_whoever_measures() -> None:
    app = bare_app()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE) as client:  # type: ignore[arg-type]
        assert (await client.get("/health/live")).status_code == 200
    from prometheus_client import generate_latest

    told = generate_latest().decode()
    assert 'bubuh_bulkhead_limit{bulkhead="stamp"} 64.0' in told
