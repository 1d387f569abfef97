"""What is kept of the room: a log that is only appended to, and from which it is built again.

kind u8 | lane u8 | a u64 | b u64 | c u64 | CRC-32 u32
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from enum import IntEnum
from struct import Struct
from typing import Final, NamedTuple

_BODY: Final = Struct(">BBQQQ")
_SUM: Final = Struct(">I")
RECORD_BYTES: Final = _BODY.size + _SUM.size


class Kind(IntEnum):
    """What a record tells."""

    BEGUN = 1  #: a log begins: a seconds since 1970
    MARK = 2  #: numbers up to a may be given
    STARTED = 3  #: numbers up to a are over: what a log begins with for a lane
    CALLED = 4  #: up to a, at b milliseconds of the lane's clock; c milliseconds since 1970
    ENTERED = 5  #: with number a, account b, pass until c
    INSIDE = 6  #: account b with number a has a pass until c
    LEFT = 7  #: account b, whose pass lasted until c
    CELL = 8  #: like CALLED, as a log that goes on has it: c have entered
    USED = 9  #: of the 64 numbers from a, those whose bit stands in b
    ANNOUNCED = 10  #: numbers above a wait for a draw; b and c: the first half of its commitment
    CUT = 11  #: numbers up to a take part in it
    DRAWN = 12  #: its key: b and c
    DROPPED = 13  #: it was given up: all stand as they joined
    REPAIRED = 14  #: account b came by the repair lane, pass until c
    STOOD = 20  #: a numbers given and b called at c, seconds since 1970, while people went in by turn
    RESTED = 21  #: the same, while everyone went in as they came


class Record(NamedTuple):
    """One line of the log; what a, b and c are stands at its kind."""

    kind: Kind
    lane: int
    a: int = 0
    b: int = 0
    c: int = 0

    def encode(self) -> bytes:
        """Its 30 bytes."""
        body = _BODY.pack(self.kind, self.lane, self.a, self.b, self.c)
        return body + _SUM.pack(zlib.crc32(body))


def decode(raw: bytes) -> Iterator[Record]:
    """The records of a log, up to the first that a power cut left torn."""
    for at in range(0, len(raw) - RECORD_BYTES + 1, RECORD_BYTES):
        body = raw[at : at + _BODY.size]
        (told,) = _SUM.unpack_from(raw, at + _BODY.size)
        if told != zlib.crc32(body):
            return
        kind, lane, a, b, c = _BODY.unpack(body)
        yield Record(Kind(kind), lane, a, b, c)
