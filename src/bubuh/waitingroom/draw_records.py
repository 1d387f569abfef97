"""A draw's steps as records: decided, kept in the log, and only then true."""

from __future__ import annotations

from typing import Final

from bubuh.waitingroom.draw import KEY_BYTES, Draw, DrawPlan
from bubuh.waitingroom.records import Kind, Record

_HALF_BITS: Final = 64


def next_step(draws: list[Draw], plan: DrawPlan, *, lane: int, issued: int, now_s: float) -> list[Record]:
    """What follows in a lane whose `draws` these are and that has given numbers up to `issued`."""
    draw = next((one for one in draws if one.start == plan.start), None)
    if draw is None:
        return [] if plan.is_dropped or plan.secret else [_announce(Draw(lane, issued, plan.start))]
    if not draw.is_pending:
        return []
    if plan.is_dropped:
        return give_up(draw, issued=issued)
    if draw.last is None:
        return [Record(Kind.CUT, lane, issued)] if now_s >= plan.closes_at else []
    key = plan.key()
    return [] if key is None else [Record(Kind.DRAWN, lane, 0, *_halves(key))]


def give_up(draw: Draw, *, issued: int) -> list[Record]:
    """All of it stand as they joined."""
    cut = [] if draw.last is not None else [Record(Kind.CUT, draw.lane, issued)]
    return [*cut, Record(Kind.DROPPED, draw.lane)]


def records_of(draw: Draw) -> list[Record]:
    """What builds it again."""
    found = [_announce(draw)]
    if draw.last is not None:
        found.append(Record(Kind.CUT, draw.lane, draw.last))
    if draw.key is not None:
        found.append(Record(Kind.DRAWN, draw.lane, 0, *_halves(draw.key)))
    elif draw.is_dropped:
        found.append(Record(Kind.DROPPED, draw.lane))
    return found


def apply_draw(draws: list[Draw], record: Record) -> None:
    """Make true what a record of these says."""
    kind, lane, a, b, c = record
    match kind:
        case Kind.ANNOUNCED:
            draws.append(Draw(lane, a, joined(b, c)))
        case Kind.CUT:
            draws[-1].last = a
        case Kind.DRAWN:
            draws[-1].key = joined(b, c)
        case Kind.DROPPED:
            draws[-1].is_dropped = True
        case _:
            raise AssertionError(kind)


def joined(b: int, c: int) -> bytes:
    """The 16 bytes that two numbers of a record hold."""
    return (b << _HALF_BITS | c).to_bytes(KEY_BYTES)


def _announce(draw: Draw) -> Record:
    return Record(Kind.ANNOUNCED, draw.lane, draw.base, *_halves(draw.start))


def _halves(key: bytes) -> tuple[int, int]:
    return int.from_bytes(key[:8]), int.from_bytes(key[8:])
