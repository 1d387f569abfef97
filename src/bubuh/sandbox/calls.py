"""The calls that cross into the sandbox: their names, arguments and results. Light: owners import it too."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import msgspec

from bubuh.pdf.lean.stamped import Stamped, said_before
from bubuh.pdf.midstate import decoded
from bubuh.pdf.model import (
    Chain,
    Evidence,
    Facts,
    Increment,
    Intent,
    Judgement,
    Normalised,
    PageBox,
    Place,
    Trust,
)
from bubuh.pdf.picture import MOST_BYTES, Picture
from bubuh.pdf.seal.sha256 import digest_after
from bubuh.sandbox.limits import MIB

R = TypeVar("R")

_MOST_ROOM_BYTES: Final = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectArguments:
    """Inspection needs the document alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairArguments:
    """Repair needs the document alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanArguments:
    """What decides a stamp's bytes besides the document."""

    intent: Intent
    chain: Chain


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearseArguments:
    """What the document must show with the increment appended."""

    intent: Intent
    increment: Increment


@dataclass(frozen=True, slots=True, kw_only=True)
class TellMidstateArguments:
    """Which page of the document is to be stamped."""

    page: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TryMidstateArguments:
    """Which page is to be stamped of the document behind an encoded midstate."""

    page: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecogniseArguments:
    """A form is recognised by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeArguments:
    """Whom to believe."""

    trust: Trust


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawArguments:
    """Which page is to be shown."""

    page: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverArguments:
    """Where faces are to go, and how their pages are seen."""

    wanted: tuple[tuple[Place, PageBox], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DssArguments:
    """What the DSS is to hold."""

    evidence: Evidence


def _says_nothing_of_the_document(_result: object, _document: bytes) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Kind(Generic[R]):
    """A kind of call: the name of its job, what a result must be, and how long an answer may be.

    The bound keeps a lying child from filling its owner: a message of many small parts grows some ten times
    when it is decoded. `fits` is what can be checked of a result without opening the document.

    A call that is `patient` has a first budget; what that does not suffice for is done anew in the slow
    lane: one at a time, at the lowest priority, with all that one document may take.

    A call that is `shared` may be done by a process that saw other documents (why: `inspector`). It must be
    cheap, and nothing that costs or proves anything may hang on its result alone.
    """

    job: str
    result: msgspec.msgpack.Decoder[R]
    most_bytes: int
    fits: Callable[[R, bytes], bool] = _says_nothing_of_the_document
    shared: bool = False
    patient: bool = False
    pool: str = ""  #: a process that does calls of one pool never does those of another


def fits(facts: Facts, document: bytes) -> bool:
    """Whether `facts` can be of this document and agree with themselves."""
    return (
        facts.size_bytes == len(document)
        and facts.sha256 == hashlib.sha256(document).digest()
        and 1 <= facts.pages == len(facts.boxes)
    )


def fits_itself(normalised: Normalised, _original: bytes) -> bool:
    """Whether the facts can be of the document that they come with."""
    return fits(normalised.facts, normalised.document)


def covers(increment: Increment, document: bytes) -> bool:
    """Whether the digest is over the whole document and the whole increment but its room."""
    over = hashlib.sha256(document)
    over.update(increment.pre)
    over.update(increment.post)
    return increment.digest == over.digest() and 0 < increment.room_bytes <= _MOST_ROOM_BYTES


def covers_unseen(increment: Increment, midstate: bytes) -> bool:
    """The same where the document stayed at home, and `midstate`, encoded, came instead."""
    over = digest_after(decoded(midstate).hashed, increment.pre, increment.post)
    return increment.digest == over and 0 < increment.room_bytes <= _MOST_ROOM_BYTES


def is_of_whole(stamps: tuple[Stamped, ...] | None, document: bytes) -> bool:
    """Whether just before each seal stands what is said of it, and each covers more than the one before.

    The last covers all of `document`.
    """
    if stamps is None:
        return True
    stops = [stamped.sealed.stop for stamped in stamps]
    return (
        stops[-1:] == [len(document)]
        and stops == sorted(set(stops))
        and all(document.endswith(said_before(stamped), 0, stamped.sealed.start) for stamped in stamps)
    )


INSPECT: Final = Kind("inspect", msgspec.msgpack.Decoder(Facts), 2 * MIB, fits, shared=True, patient=True)
REPAIR: Final = Kind("repair", msgspec.msgpack.Decoder(Normalised), 48 * MIB, fits_itself, patient=True)
PLAN: Final = Kind("plan", msgspec.msgpack.Decoder(Increment), 32 * MIB, covers)
PLAN_LEAN: Final[Kind[Increment | None]] = Kind(
    "plan_lean",
    msgspec.msgpack.Decoder(Increment | None),
    2 * MIB,
    lambda increment, document: increment is None or covers(increment, document),
    shared=True,
    pool="plan",
)
REHEARSE: Final = Kind("rehearse", msgspec.msgpack.Decoder(None), MIB // 16, shared=True, pool="rehearse")
TELL_MIDSTATE: Final = Kind("tell_midstate", msgspec.msgpack.Decoder(bytes), MIB)
TRY_MIDSTATE: Final = Kind("try_midstate", msgspec.msgpack.Decoder(PageBox), MIB // 16, shared=True)
PLAN_MIDSTATE: Final = Kind("plan_midstate", msgspec.msgpack.Decoder(Increment), 2 * MIB, covers_unseen)
RECOGNISE: Final = Kind(
    "recognise",
    msgspec.msgpack.Decoder(tuple[Stamped, ...] | None),
    MIB // 16,
    is_of_whole,
    shared=True,
    patient=True,
)
DRAW: Final = Kind(
    "draw",
    msgspec.msgpack.Decoder(Picture),
    MOST_BYTES + MIB // 16,
    lambda picture, _: picture.is_sound(),
    patient=True,
)
COVER: Final = Kind("cover", msgspec.msgpack.Decoder(tuple[bool, ...]), MIB // 16, patient=True)
DSS: Final = Kind("dss", msgspec.msgpack.Decoder(bytes), 4 * MIB)
JUDGE: Final = Kind("judge", msgspec.msgpack.Decoder(Judgement), 2 * MIB, patient=True)
