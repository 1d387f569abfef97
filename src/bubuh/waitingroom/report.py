"""What a web process tells the gate once a second: whose passes were used, and how well it is."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import Annotated, Final

import msgspec

from bubuh.waitingroom.keyring import MARK_BYTES, KeyRing
from bubuh.waitingroom.refusals import TurnRefused

_DOMAIN: Final = b"report"
_GENERATION_BYTES: Final = 2
_LIFE_S: Final = 30


_Part = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Health(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How well a web process is; what stands here is the best."""

    able: _Part = 1.0  #: the part of its usual work that it can take
    queues: bool = False  #: it asks for passes to buying although the room is not open
    sells: bool = True  #: it takes orders at all
    pays: _Part = 1.0  #: the part of what it sells that can be paid for now


class Seen(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A pass that was used: its slot is taken until it ends."""

    lane: Annotated[int, msgspec.Meta(ge=1, le=63)]
    number: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    account_id: Annotated[int, msgspec.Meta(gt=0, le=2**63 - 1)]
    expires_at: Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]


class Report(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One process's word."""

    process: Annotated[str, msgspec.Meta(max_length=64)]  #: which of them
    said_at: int  #: seconds since 1970
    health: Health = Health()
    seen: Annotated[list[Seen], msgspec.Meta(max_length=10_000)] = []


def worst(found: Iterable[Health]) -> Health:
    """The health of all processes together: what any of them lacks."""
    told = list(found) or [Health()]
    return Health(
        able=min(one.able for one in told),
        queues=any(one.queues for one in told),
        sells=all(one.sells for one in told),
        pays=min(one.pays for one in told),
    )


def show_report(report: Report, ring: KeyRing) -> bytes:
    """The report, marked."""
    body = ring.generation.to_bytes(_GENERATION_BYTES) + msgspec.json.encode(report)
    mark = ring.mark(ring.generation, _DOMAIN + body)
    assert mark is not None
    return mark + body


def read_report(given: bytes, ring: KeyRing, *, now_s: float) -> Report:
    """What `show_report` showed within the last 30 s; raises `TurnRefused`."""
    mark, body = given[:MARK_BYTES], given[MARK_BYTES:]
    gen = int.from_bytes(body[:_GENERATION_BYTES])
    expected = ring.mark(gen, _DOMAIN + body)
    if expected is None or not hmac.compare_digest(expected, mark):
        raise TurnRefused
    report = msgspec.json.decode(body[_GENERATION_BYTES:], type=Report)
    if abs(now_s - report.said_at) > _LIFE_S:
        raise TurnRefused
    return report
