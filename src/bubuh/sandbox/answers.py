"""What a child answered, believed only as far as type and bounds go: it may have been taken over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Final, TypeVar

import msgspec

from bubuh.core.errors import Refusal
from bubuh.pdf import refusals as pdf_refusals
from bubuh.pdf.refusals import DocumentRefused, Reason
from bubuh.sandbox import wire
from bubuh.sandbox.calls import Kind
from bubuh.sandbox.fates import Fate
from bubuh.sandbox.refusals import DeathReason, SandboxDied

R = TypeVar("R")

_Word = Annotated[str, msgspec.Meta(max_length=64, pattern="^[A-Za-z_][A-Za-z0-9_]*$")]
_Text = Annotated[str, msgspec.Meta(max_length=256)]
_Details = Annotated[dict[_Word, _Text | int | float | bool | None], msgspec.Meta(max_length=16)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refused:
    """`wire.RefusedAnswer`, as a stranger may send it."""

    name: _Word
    pointer: _Text | None
    details: _Details


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failed:
    """`wire.FailedAnswer`, as a stranger may send it."""

    exception: _Word


_REFUSED: Final = msgspec.msgpack.Decoder(_Refused)
_FAILED: Final = msgspec.msgpack.Decoder(_Failed)
_REASONS: Final[Mapping[Fate, DeathReason]] = MappingProxyType(
    {
        Fate.DIED: Reason.SANDBOX_DIED,
        Fate.TIMEOUT: Reason.SANDBOX_TIMEOUT,
        Fate.MEMORY: Reason.SANDBOX_MEMORY,
    }
)
#: The refusals a job may raise, by the names of their classes.
_KNOWN: Final[Mapping[str, type[Refusal]]] = MappingProxyType(
    {
        name: found
        for name, found in vars(pdf_refusals).items()
        if isinstance(found, type) and issubclass(found, Refusal) and found is not Refusal
    }
)


def read(ended: wire.Ended, answer: int, kind: Kind[R]) -> R:
    """The result in the file `answer`.

    Raises:
        Refusal: the one the job raised.
        SandboxDied: the child died, failed, or left anything but one well-formed answer.
    """
    if ended.fate is not Fate.ANSWERED:
        raise SandboxDied(reason=_REASONS[ended.fate], cause=ended.cause)
    try:
        said, body = wire.read_answer(answer, most_bytes=kind.most_bytes)
        if said is wire.AnswerKind.DONE:
            return kind.result.decode(body)
        raise _refusal(said, body)
    except (wire.Garbled, msgspec.DecodeError, ValueError, AssertionError) as error:
        raise garbled("garbled answer") from error


def garbled(cause: str) -> SandboxDied:
    """The refusal for a child that answered something no honest one would."""
    return SandboxDied(reason=Reason.SANDBOX_DIED, cause=cause)


def _refusal(said: wire.AnswerKind, body: bytes) -> Refusal:
    if said is wire.AnswerKind.FAILED:
        return SandboxDied(reason=Reason.SANDBOX_DIED, cause=f"exception {_FAILED.decode(body).exception}")
    told = _REFUSED.decode(body)
    known = _KNOWN.get(told.name)
    if known is None:
        return garbled("unknown refusal")
    return _rebuilt(known, told)


def _rebuilt(known: type[Refusal], told: _Refused) -> Refusal:
    """The refusal as it was raised: facts and pointer, without running what first worked them out."""
    if issubclass(known, DocumentRefused):
        details = dict(told.details)
        return DocumentRefused(reason=Reason(str(details.pop("reason", ""))), **details)
    refusal = known.__new__(known)
    Refusal.__init__(refusal, pointer=told.pointer, **told.details)
    return refusal
