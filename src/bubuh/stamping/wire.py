"""What worker and signer say to each other over the signer's unix socket.

A message is its length (4 bytes, big-endian) and MessagePack. The worker names stamps and fences, never a
digest: the signer signs what its own role reads in the stamp's row.
"""

from __future__ import annotations

import asyncio
from typing import Final, TypeVar
from uuid import UUID

import msgspec

MOST_BYTES: Final = 64 * 1024
MOST_SEALS: Final = 100  #: a request
_LENGTH_BYTES: Final = 4


class Wanted(msgspec.Struct, frozen=True, array_like=True):
    """A stamp to seal, under the fence that its worker holds."""

    account_id: int
    stamp_id: UUID
    fence: int


class SealRequest(msgspec.Struct, frozen=True, tag="seal"):
    """Seal each of `wanted`, at most MOST_SEALS."""

    wanted: list[Wanted]


class Health(msgspec.Struct, frozen=True, tag="health"):
    """Whether key and database can be reached."""


class Sealed(msgspec.Struct, frozen=True, tag="sealed"):
    """One signature a wanted stamp, in its order; None where the row is not in work under that fence.

    `faults` has, by place, the codes of those that something keeps from being signed: ask again for them.
    """

    signatures: list[bytes | None]
    faults: dict[int, str] = {}


class Well(msgspec.Struct, frozen=True, tag="well"):
    """Key and database answer."""


class Unwell(msgspec.Struct, frozen=True, tag="unwell"):
    """Something the signer needs fails; `code` is the Fault's."""

    code: str


Request = SealRequest | Health
Answer = Sealed | Well | Unwell

Message = TypeVar("Message")

_REQUESTS: Final[msgspec.msgpack.Decoder[Request]] = msgspec.msgpack.Decoder(Request)
_ANSWERS: Final[msgspec.msgpack.Decoder[Answer]] = msgspec.msgpack.Decoder(Answer)


class BrokenLine(Exception):
    """The other side hung up or does not speak this protocol."""


async def read_request(reader: asyncio.StreamReader) -> Request:
    """The next request; raises `BrokenLine`."""
    return _decode(_REQUESTS, await _read(reader))


async def read_answer(reader: asyncio.StreamReader) -> Answer:
    """The next answer; raises `BrokenLine`."""
    return _decode(_ANSWERS, await _read(reader))


async def write(writer: asyncio.StreamWriter, message: Request | Answer) -> None:
    """Send one message; raises `BrokenLine`."""
    body = msgspec.msgpack.encode(message)
    assert len(body) <= MOST_BYTES, "our own messages are short"
    writer.write(len(body).to_bytes(_LENGTH_BYTES) + body)
    try:
        await writer.drain()
    except OSError as error:
        raise BrokenLine(str(error)) from error


async def _read(reader: asyncio.StreamReader) -> bytes:
    try:
        length = int.from_bytes(await reader.readexactly(_LENGTH_BYTES))
        if length > MOST_BYTES:
            raise BrokenLine(f"a message of {length} bytes")
        return await reader.readexactly(length)
    except (OSError, asyncio.IncompleteReadError) as error:
        raise BrokenLine(str(error)) from error


def _decode(decoder: msgspec.msgpack.Decoder[Message], body: bytes) -> Message:
    try:
        return decoder.decode(body)
    except msgspec.MsgspecError as error:
        raise BrokenLine(str(error)) from error
