"""Bodies of requests: in pieces, within a limit, and never waited for without end."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any, Final, TypeVar

import msgspec
from litestar import Request

from bubuh.core.noughts import has_nought
from bubuh.edge.overload import begin
from bubuh.edge.refusals import (
    BodyTooLarge,
    BodyTooSlow,
    ClientGone,
    InvalidRequest,
    MediaTypeUnsupported,
    UnreadableRequest,
)

JSON_LIMIT_BYTES: Final = 16 * 1024
PIECE_TIMEOUT_S: Final = 30.0  #: for the next piece of a body
WHOLE_TIMEOUT_S: Final = 900.0  #: for all of it: 10 MiB at 100 kbit/s

Wanted = TypeVar("Wanted", bound=msgspec.Struct)
AnyRequest = Request[Any, Any, Any]

_AT: Final = re.compile(r" - at `\$(.*)`$")
_MEMBER: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")
_NAMED: Final = re.compile(r"^Object (?:missing required|contains unknown) field `(.*)`", re.DOTALL)


async def pieces(
    request: AnyRequest, *, limit_bytes: int, piece_timeout_s: float = PIECE_TIMEOUT_S
) -> AsyncIterator[bytes]:
    """The body as it arrives, at most `limit_bytes` of it.

    Raises:
        BodyTooLarge: announced before the first piece, or found out on the way.
        BodyTooSlow: nothing came for `piece_timeout_s`, or it is not whole after `WHOLE_TIMEOUT_S`.
        ClientGone: the client hung up.
        Overloaded, TimeSpent: it is whole, and its work could not begin.
    """
    if (announced_bytes(request) or 0) > limit_bytes:
        raise BodyTooLarge(limit_bytes=limit_bytes)
    clock_s = asyncio.get_running_loop().time
    give_up_s = clock_s() + WHOLE_TIMEOUT_S
    received = 0
    more = True
    while more:
        piece, more = await _next_piece(request, min(piece_timeout_s, give_up_s - clock_s()))
        received += len(piece)
        if received > limit_bytes:
            raise BodyTooLarge(limit_bytes=limit_bytes)
        if not more:
            await begin(request)
        if piece:
            yield piece


async def whole(request: AnyRequest, *, limit_bytes: int) -> bytes:
    """The whole body, at most `limit_bytes`; fails as `pieces` does."""
    return b"".join([piece async for piece in pieces(request, limit_bytes=limit_bytes)])


async def read_json(
    request: AnyRequest, wanted: type[Wanted], *, limit_bytes: int = JSON_LIMIT_BYTES
) -> Wanted:
    """The JSON body as a `wanted`, strictly: no member too many, no text for a number.

    Raises:
        MediaTypeUnsupported: the body does not call itself JSON.
        UnreadableRequest: it is none.
        InvalidRequest: it is, but not a `wanted`; the pointer names the member.
    """
    check_media_type(request, "application/json")
    body = await whole(request, limit_bytes=limit_bytes)
    try:
        told = msgspec.json.decode(body, type=wanted)
    except msgspec.ValidationError as error:
        raise InvalidRequest(pointer=pointer_of(str(error)), expected=expectation_of(str(error))) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableRequest(expected="a JSON object (RFC 8259)") from error
    if has_nought(body):
        raise InvalidRequest(pointer="", expected="text without U+0000")
    return told


def check_media_type(request: AnyRequest, expected: str) -> None:
    """Pass when the body calls itself `expected`; else raise `MediaTypeUnsupported`."""
    given = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if given != expected:
        raise MediaTypeUnsupported(expected=expected)


def announced_bytes(request: AnyRequest) -> int | None:
    """What Content-Length says; None when it is absent (the server has refused a malformed one)."""
    announced = request.headers.get("content-length", "")
    return int(announced) if announced.isascii() and announced.isdigit() else None


def pointer_of(message: str) -> str:
    """The JSON Pointer (RFC 6901) of what msgspec complains about; "" is the whole body."""
    place = found[1] if (found := _AT.search(message)) else ""
    steps = [name or number for name, number in _MEMBER.findall(place)]
    if (named := _NAMED.match(_AT.sub("", message))) is not None:
        steps.append(named[1])
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)


def expectation_of(message: str) -> str:
    """What msgspec expected, without its own notation of places and without the client's words."""
    if _NAMED.match(message) is not None:
        return "no such member" if "unknown" in message else "a member that is missing"
    return _AT.sub("", message).replace("`", "")


async def _next_piece(request: AnyRequest, timeout_s: float) -> tuple[bytes, bool]:
    try:
        async with asyncio.timeout(timeout_s):
            message = await request.receive()
    except TimeoutError as error:
        raise BodyTooSlow from error
    if message["type"] != "http.request":
        raise ClientGone
    return message.get("body", b""), message.get("more_body", False)
