"""What crosses between owner, zygote and child, as bytes.

Owner and zygote exchange small packets (`Order`, `Ended`) over a socket of their own that no child
inherits. Each call brings two memory files: the request, sealed against change, which the child reads; and
the answer, empty, which the child fills. The owner seals and reads it once the zygote has said that the
call is over. So nobody waits for a hostile writer, it changes nothing under a reader's eyes, and the kernel
bounds how much it can say.
"""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Literal

import msgspec

from bubuh.sandbox.fates import Fate

READY: Final = b"ready"  #: the zygote's first packet: locked down, serving
DONE: Final = b"done"  #: an inspector's packet: the answer is written, another document may come
WORK: Final = b"work"  #: a zygote's packet to an inspector; request and answer come along
FIRST: Final = b"first"  #: the same, with the first budget alone
PACKET_BYTES: Final = 4096

Lane = Literal["", "first", "slow"]

_HEAD: Final = struct.Struct("!I")
_ANSWER_HEAD: Final = struct.Struct("!BI")
_SEALS: Final = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Owner to zygote about call `number`.

    `fork`: have a process of its own do it; `share`: one that may have seen other documents (two descriptors
    come along: request, answer). `stop`: end who does it or did it. `keep`: its answer was in order, so the
    shared process may have another document; until then it gets none. Processes of one `pool` never do the
    calls of another.

    A call of the lane `first` has the first budget; one of `slow` is done at the lowest priority.
    """

    act: Literal["fork", "share", "stop", "keep"]
    number: int
    pool: str = ""
    lane: Lane = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Zygote to owner: call `number` is over; who did it alone is dead and reaped."""

    number: int
    fate: Fate
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a child is to do with the document that follows it: a job's name and its arguments, encoded."""

    job: str
    arguments: msgspec.Raw


class AnswerKind(IntEnum):
    """What the body of an answer is."""

    DONE = 0  #: the job's result
    REFUSED = 1  #: a `RefusedAnswer`
    FAILED = 2  #: a `FailedAnswer`


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedAnswer:
    """A Refusal the job raised: its class by name, its facts."""

    name: str
    pointer: str | None
    details: dict[str, str | int | float | bool | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedAnswer:
    """Another exception left the job, by the name of its class."""

    exception: str


class Garbled(Exception):
    """The answer is not one whole message of a known kind."""


_ORDERS: Final = msgspec.msgpack.Decoder(Order)
_ENDS: Final = msgspec.msgpack.Decoder(Ended)
_CALLS: Final = msgspec.msgpack.Decoder(Call)


def decode_order(packet: bytes) -> Order:
    """An owner's packet."""
    return _ORDERS.decode(packet)


def decode_ended(packet: bytes) -> Ended:
    """A zygote's packet."""
    return _ENDS.decode(packet)


def encode(value: object) -> bytes:
    """`value`, a dataclass of plain parts, as MessagePack."""
    return msgspec.msgpack.encode(value)


def request_file(job: str, arguments: object, document: bytes) -> int:
    """A sealed memory file that holds one request; its descriptor, for the caller to close."""
    call = encode(Call(job=job, arguments=msgspec.Raw(encode(arguments))))
    descriptor = os.memfd_create("bubuh-request", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        _write_all(descriptor, (_HEAD.pack(len(call)), call, document))
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def answer_file() -> int:
    """An empty memory file for one answer; its descriptor, for the caller to close."""
    return os.memfd_create("bubuh-answer", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)


def read_request(descriptor: int) -> tuple[Call, bytes]:
    """The call and the document that `request_file` wrote."""
    size = os.fstat(descriptor).st_size
    (call_bytes,) = _HEAD.unpack(_read_exactly(descriptor, _HEAD.size, offset=0))
    call = _CALLS.decode(_read_exactly(descriptor, call_bytes, offset=_HEAD.size))
    start = _HEAD.size + call_bytes
    return call, _read_exactly(descriptor, size - start, offset=start)


def write_answer(descriptor: int, kind: AnswerKind, body: bytes) -> None:
    """Fill an answer file with its one message."""
    _write_all(descriptor, (_ANSWER_HEAD.pack(kind, len(body)), body))


def read_answer(descriptor: int, *, most_bytes: int) -> tuple[AnswerKind, bytes]:
    """The one message a child left; raises `Garbled` when it is not just that, or over `most_bytes`."""
    try:
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
    except OSError as error:
        raise Garbled("an answer that cannot be sealed") from error
    size = os.fstat(descriptor).st_size
    if not _ANSWER_HEAD.size <= size <= most_bytes:
        raise Garbled(f"{size} bytes")
    kind, body_bytes = _ANSWER_HEAD.unpack(_read_exactly(descriptor, _ANSWER_HEAD.size, offset=0))
    if kind >= len(AnswerKind) or _ANSWER_HEAD.size + body_bytes != size:
        raise Garbled(f"kind {kind}, {body_bytes} of {size} bytes")
    return AnswerKind(kind), _read_exactly(descriptor, body_bytes, offset=_ANSWER_HEAD.size)


def _write_all(descriptor: int, parts: Sequence[bytes]) -> None:
    for part in parts:
        rest = memoryview(part)
        while rest:
            rest = rest[os.write(descriptor, rest) :]


def _read_exactly(descriptor: int, size_bytes: int, *, offset: int) -> bytes:
    found = os.pread(descriptor, size_bytes, offset)
    if len(found) != size_bytes:
        raise Garbled(f"{len(found)} of {size_bytes} bytes")
    return found
