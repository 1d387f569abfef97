"""`now.json`: where every lane stands, the same bytes for all, signed, so that any mirror may carry it."""

from __future__ import annotations

import base64
from collections.abc import Collection
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bubuh.waitingroom.draw import KEY_BYTES, SECRET_BYTES, DrawPlan
from bubuh.waitingroom.estimate import POLL, Queue, Verdict, reach, verdict
from bubuh.waitingroom.lanes import LaneKind, LaneRule, RoomRules
from bubuh.waitingroom.room import Room
from bubuh.waitingroom.room_file import Why

MOST_BYTES: Final = 512
MOST_NUMBERS: Final = 999_999  #: of each lane, up to which rules are held to MOST_BYTES
_FAR_S: Final = 9_999_999_999  # a time, in seconds since 1970
_COARSE_PACE: Final = 100  # numbers a second, told without fractions from here on …
_FINE_PACE: Final = 0.1  # … and with four digits of them below
_LEAST_PACE: Final = 0.0001
_LONGEST_PACE: Final = 0.0999


def compose(
    room: Room,
    *,
    now_s: int,
    is_open: bool,
    why: Why | None = None,
    plan: DrawPlan | None = None,
    work: int = 0,
) -> bytes:
    """What is to be signed.

    A lane is `[id, serving, issued, called a second, part that comes]`; one with a deadline goes on with the
    deadline, the verdict on whoever joins now, and the last number that can be called before it. `why` is a
    word for the reason when it is slow. `draw` is the commitment of a draw to come with the number above
    which it is, a lane; or else its key and the lanes that it orders, above which and up to which number.
    `work` is what a join costs, in hashes.
    """
    shown = [rule for rule in room.rules.lanes if rule.kind is not LaneKind.REPAIR]
    reached = reached_by(room, now_s=now_s)
    lanes = {rule.name: _lane(room, rule, reached.get(rule.id, 0), now_s=now_s) for rule in shown}
    said: dict[str, Any] = {"t": now_s, "open": is_open, "poll": POLL, "lanes": lanes}
    draw = _draw(room, plan)
    told = {name: value for name, value in (("why", why), ("draw", draw), ("work", work)) if value}
    return msgspec.json.encode(said | told)


def sign(said: bytes, key: Ed25519PrivateKey) -> bytes:
    """The file: `{"now":` what was said, `,"sig":` 64 bytes over exactly these, base64url `}`."""
    return _sealed(said, key.sign(said))


def _sealed(said: bytes, signature: bytes) -> bytes:
    return b'{"now":' + said + b',"sig":"' + _text(signature).encode() + b'"}'


def longest(rules: RoomRules, drawn: Collection[int]) -> int:
    """To how many bytes the signed file may come under `rules`, while the lanes `drawn` are or are to be."""
    said: dict[str, Any] = {
        "t": _FAR_S,
        "open": False,
        "poll": POLL,
        "lanes": {rule.name: _longest(rule) for rule in rules.lanes if rule.kind is not LaneKind.REPAIR},
        "why": max(Why, key=len),
    }
    if rules.most_work:
        said["work"] = rules.most_work
    order = {str(lane_id): [MOST_NUMBERS, MOST_NUMBERS] for lane_id in drawn}
    bases = dict.fromkeys(order, MOST_NUMBERS)
    draws = [[_text(bytes(KEY_BYTES)), order], [_text(bytes(SECRET_BYTES)), bases]] if drawn else []
    told = [msgspec.json.encode(said | {"draw": draw}) for draw in draws] or [msgspec.json.encode(said)]
    return max(map(len, told)) + len(_sealed(b"", bytes(64)))


def _longest(rule: LaneRule) -> list[Any]:
    told: list[Any] = [rule.id, MOST_NUMBERS, MOST_NUMBERS, _LONGEST_PACE, 0.99]
    return told if rule.deadline_at is None else [*told, _FAR_S, max(Verdict, key=len), MOST_NUMBERS]


def parts_of(file: bytes) -> tuple[bytes, bytes]:
    """What was said, and its signature: what a reader verifies."""
    said, _, tail = file.removeprefix(b'{"now":').rpartition(b',"sig":"')
    text = tail.removesuffix(b'"}')
    return said, base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


def reached_by(room: Room, *, now_s: int) -> dict[int, int]:
    """For each lane with a deadline, how many numbers can be called before it at the pace of late."""
    timed = [rule for rule in room.rules.lanes if rule.deadline_at is not None]
    floors = sum(rule.floor for rule in room.rules.lanes if rule.deadline_at is None)
    queues = [_queue(room, rule, now_s=now_s) for rule in timed]
    found = reach(queues, per_s=room.buying_per_s, floors=floors)
    return {rule.id: numbers for rule, numbers in zip(timed, found, strict=True)}


def _queue(room: Room, rule: LaneRule, *, now_s: int) -> Queue:
    assert rule.deadline_at is not None
    lane = room.lanes[rule.id]
    return Queue(
        left_s=rule.deadline_at - now_s - room.rules.safety_s,
        waiting=lane.waiting,
        show=lane.show,
        floor=rule.floor,
        ceiling=rule.ceiling,
    )


def _lane(room: Room, rule: LaneRule, within: int, *, now_s: int) -> list[Any]:
    lane = room.lanes[rule.id]
    told: list[Any] = [
        rule.id,
        lane.window.serving,
        lane.numbers.issued,
        _shown_pace(lane.told_pace),
        round(lane.show, 2),
    ]
    if rule.deadline_at is not None:
        left_s = rule.deadline_at - now_s - room.rules.safety_s
        found = verdict(lane.waiting, within, left_s, rests=lane.rests)
        told += [rule.deadline_at, found, lane.window.serving + within]
    return told


def _shown_pace(pace: float) -> float:
    """In six letters at most, and nought only where nobody knows."""
    if pace >= _COARSE_PACE:
        return round(pace)
    if pace >= _FINE_PACE:
        return round(pace, 2)
    return max(round(pace, 4), _LEAST_PACE) if pace > 0 else 0.0


def _draw(room: Room, plan: DrawPlan | None) -> Any:
    """A pending draw is told by its commitment, else the newest that still orders anybody."""
    draws = [(lane, draw) for lane in room.lanes.values() for draw in lane.draws[-1:]]
    if plan is not None and any(draw.is_pending for _, draw in draws):
        lanes = {str(lane.rule.id): draw.base for lane, draw in draws if draw.is_pending}
        return [_text(bytes.fromhex(plan.commit)), lanes]
    shown = [(lane, draw) for lane, draw in draws if draw.key and (draw.last or 0) > lane.window.over]
    if not shown:
        return None
    key = shown[-1][1].key
    assert key is not None
    return [
        _text(key),
        {str(lane.rule.id): [draw.base, draw.last] for lane, draw in shown if draw.key == key},
    ]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
