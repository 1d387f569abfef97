"""`now.json`: where every lane stands, the same bytes for all, signed, so that any mirror may carry it."""

from __future__ import annotations

import base64
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bubuh.waitingroom.estimate import verdict
from bubuh.waitingroom.lanes import LaneKind, LaneRule
from bubuh.waitingroom.room import Lane, Room

MOST_BYTES: Final = 512
POLL: Final = (0.25, 10, 300)  #: a reader asks again after this part of its time, within these seconds


def compose(room: Room, *, now_s: int, is_open: bool, reason: str = "") -> bytes:
    """What is to be signed.

    A lane is `[id, serving, issued, called a second, part that comes]`; one with a deadline goes on with the
    deadline and the verdict on whoever joins now. `why` is a word for the reason when it is slow.
    """
    shown = [rule for rule in room.rules.lanes if rule.kind is not LaneKind.REPAIR]
    lanes = {rule.name: _lane(room, rule, now_s=now_s) for rule in shown}
    said: dict[str, Any] = {"t": now_s, "open": is_open, "poll": POLL, "lanes": lanes}
    return msgspec.json.encode(said | ({"why": reason} if reason else {}))


def sign(said: bytes, key: Ed25519PrivateKey) -> bytes:
    """The file: `{"now":` what was said, `,"sig":` 64 bytes over exactly these, base64url `}`."""
    signature = base64.urlsafe_b64encode(key.sign(said)).rstrip(b"=")
    return b'{"now":' + said + b',"sig":"' + signature + b'"}'


def parts_of(file: bytes) -> tuple[bytes, bytes]:
    """What was said, and its signature: what a reader verifies."""
    said, _, tail = file.removeprefix(b'{"now":').rpartition(b',"sig":"')
    text = tail.removesuffix(b'"}')
    return said, base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


def best_pace(room: Room, lane: Lane) -> float:
    """Numbers a second that `lane` gets when its deadline needs it."""
    others = sum(rule.floor for rule in room.rules.lanes if rule.id != lane.rule.id)
    return room.rules.per_s * max(0.0, min(lane.rule.ceiling, 1 - others)) / lane.show


def _lane(room: Room, rule: LaneRule, *, now_s: int) -> list[Any]:
    lane = room.lanes[rule.id]
    told: list[Any] = [
        rule.id,
        lane.window.serving,
        lane.numbers.issued,
        round(lane.pace, 2),
        round(lane.show, 2),
    ]
    if rule.deadline_at is not None:
        left_s = rule.deadline_at - now_s - room.rules.safety_s
        told += [rule.deadline_at, verdict(lane.waiting, best_pace(room, lane), left_s)]
    return told
