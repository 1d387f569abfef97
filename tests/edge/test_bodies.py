from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import msgspec
import pytest
from litestar import Request

from bubuh.edge.bodies import pieces, pointer_of, read_json, whole
from bubuh.edge.exchange import Exchange
from bubuh.edge.refusals import (
    BodyTooLarge,
    BodyTooSlow,
    ClientGone,
    InvalidRequest,
    MediaTypeUnsupported,
    UnreadableRequest,
)

Messages = list[dict[str, Any]]


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    size: Annotated[int, msgspec.Meta(ge=1)]


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    inner: Inner
    many: list[Inner] = []


def request(
    *parts: bytes, headers: dict[str, str] | None = None, tail: Callable[[], Awaitable[Any]] | None = None
) -> Request[Any, Any, Any]:
    messages: Messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    if tail is None:
        messages.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Any:
        if messages:
            return messages.pop(0)
        assert tail is not None
        return await tail()

    raw = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    scope: Any = {
        "type": "http",
        "headers": raw,
        "state": {"exchange": Exchange(request_id="req_of_a_test", client="127.0.0.1")},
        "path": "/health/uji",
        "path_template": "/health/uji",  # which never waits for its turn
        "method": "POST",
    }
    return Request(scope, receive)


async def gone() -> dict[str, str]:
    return {"type": "http.disconnect"}


async def never() -> None:
    await asyncio.Event().wait()


async def test_a_body_comes_whole() -> None:
    assert await whole(request(b"ab", b"", b"cd"), limit_bytes=4) == b"abcd"


async def test_an_announced_giant_is_refused_before_it_is_read() -> None:
    with pytest.raises(BodyTooLarge):
        await anext(pieces(request(headers={"content-length": "5"}, tail=never), limit_bytes=4))


async def test_an_unannounced_giant_is_refused_on_the_way() -> None:
    with pytest.raises(BodyTooLarge):
        await whole(request(b"abc", b"de"), limit_bytes=4)


async def test_a_body_that_stops_is_not_waited_for() -> None:
    with pytest.raises(BodyTooSlow):
        _ = [piece async for piece in pieces(request(b"a", tail=never), limit_bytes=4, piece_timeout_s=0.01)]


async def test_a_client_that_hangs_up_is_noticed() -> None:
    with pytest.raises(ClientGone):
        await whole(request(b"a", tail=gone), limit_bytes=4)


JSON = {"content-type": "application/json; charset=utf-8"}


async def test_a_good_body_is_decoded() -> None:
    found = await read_json(request(b'{"name":"a","inner":{"size":1}}', headers=JSON), Wanted)
    assert found == Wanted(name="a", inner=Inner(size=1))


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b"[]", ""),
        (b"[" * 10_000, ""),
        (b'{"name":"a"}', "/inner"),
        (b'{"name":1,"inner":{"size":1}}', "/name"),
        (b'{"name":"a","inner":{"size":0}}', "/inner/size"),
        (b'{"name":"a","inner":{"size":"1"}}', "/inner/size"),
        (b'{"name":"a","inner":{}}', "/inner/size"),
        (b'{"name":"a","inner":{"size":1},"many":[{"size":1},{"size":2.5}]}', "/many/1/size"),
        (b'{"name":"a","inner":{"size":1},"x/y~z":1}', "/x~1y~0z"),
        (b'{"name":"a\\u0000","inner":{"size":1}}', ""),
    ],
)
async def test_the_pointer_names_the_member_at_fault(body: bytes, pointer: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        await read_json(request(body, headers=JSON), Wanted)
    assert caught.value.pointer == pointer


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'"' + b"[" * 5_000, b'{"name":NaN}'])
async def test_what_is_no_json_cannot_be_read(body: bytes) -> None:
    with pytest.raises(UnreadableRequest):
        await read_json(request(body, headers=JSON), Wanted)


async def test_other_media_types_are_refused() -> None:
    with pytest.raises(MediaTypeUnsupported):
        await read_json(request(b"{}", headers={"content-type": "text/plain"}), Wanted)


def test_a_pointer_without_a_place_is_the_whole() -> None:
    assert pointer_of("Expected `object`, got `array`") == ""
