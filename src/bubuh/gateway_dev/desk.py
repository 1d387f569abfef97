"""What every handler works with, and how the script makes calls go wrong."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from litestar import MediaType, Request, Response
from litestar.datastructures import State

from bubuh.gateway_dev.book import Book
from bubuh.gateway_dev.credentials import Credentials
from bubuh.gateway_dev.lines import Refused, ShownRefund
from bubuh.gateway_dev.signing import check_call
from bubuh.gateway_dev.teller import Teller

Asked = Request[None, None, State]
Wanted = TypeVar("Wanted")


@dataclass(frozen=True, slots=True)
class Desk:
    """The book, who tells of it, and whom we serve."""

    book: Book
    teller: Teller
    credentials: Credentials

    async def called(self, request: Asked) -> bytes:
        """The body of our customer's call; raises `Refused` when it is not theirs, or as the script says."""
        body = await request.body()
        check_call(self.credentials.native, request.method, request.url.path, body, request.headers)
        await self.behave()
        return body

    async def behave(self) -> None:
        """Be away, slow or broken, as the script says; raises `Refused`."""
        if self.teller.is_out:
            raise Refused(503, "out of order, as the script says")
        await asyncio.sleep(self.teller.script.slow_s)
        if self.teller.chance(self.teller.script.fail):
            raise Refused(500, "out of order, as the script says")

    async def say(self, told: Any, *, status: int = 200) -> Response[bytes]:
        """`told` as JSON, once all it tells is on the disk; or garbage, as the script says."""
        await self.book.flush()
        body = msgspec.json.encode(told)
        if self.teller.chance(self.teller.script.garbage):
            body = b'{"reference": 7, "' + body[:20]
        return Response(body, media_type=MediaType.JSON, status_code=status)

    async def answer(self, reference: str, request: Asked) -> Response[bytes]:
        """The charge as it is now."""
        return await self.say(self.book.show(reference, address_of(request)))

    async def answer_refund(self, refund: ShownRefund) -> Response[bytes]:
        """The refund."""
        return await self.say(refund)


def is_form(request: Asked) -> bool:
    """Whether a page's button was pressed."""
    return request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")


def address_of(request: Asked) -> str:
    """Where this gateway was called."""
    return str(request.base_url).rstrip("/")


def decode(body: bytes, wanted: type[Wanted]) -> Wanted:
    """`body` as `wanted`; raises `Refused`, 400."""
    try:
        return msgspec.json.decode(body, type=wanted)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(400, str(error)) from error
