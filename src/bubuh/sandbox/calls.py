"""The calls that cross into the sandbox: their names, arguments and results. Light: owners import it too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import msgspec

from bubuh.pdf.model import Chain, Facts, Increment, Intent, Judgement, Trust
from bubuh.sandbox.limits import MIB

R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectArguments:
    """Inspection needs the document alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanArguments:
    """What decides a stamp's bytes besides the document."""

    intent: Intent
    chain: Chain


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeArguments:
    """Whom to believe."""

    trust: Trust


@dataclass(frozen=True, slots=True)
class Kind(Generic[R]):
    """A kind of call: the name of its job, what a result must be, and how long an answer may be.

    The bound keeps a lying child from filling its owner: a message of many small parts grows some ten times
    when it is decoded.
    """

    job: str
    result: msgspec.msgpack.Decoder[R]
    most_bytes: int


INSPECT: Final = Kind("inspect", msgspec.msgpack.Decoder(Facts), 2 * MIB)
PLAN: Final = Kind("plan", msgspec.msgpack.Decoder(Increment), 32 * MIB)
JUDGE: Final = Kind("judge", msgspec.msgpack.Decoder(Judgement), 2 * MIB)
