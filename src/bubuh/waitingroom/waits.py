"""A way in without scripts while a join costs work: wait instead, at a pace that all who do share."""

from __future__ import annotations

import secrets
from struct import Struct
from typing import Final

from bubuh.waitingroom.keyring import MARK_BYTES, KeyRing
from bubuh.waitingroom.work import Toll, WorkNeeded

LEAST_WAIT_S: Final = 15
MOST_WAIT_S: Final = 900  #: whoever would wait longer is told to sign in first
_SHARE: Final = 0.1  # of the calm pace
_LIFE_S: Final = 300  # after the wait
_BODY: Final = Struct(">HxxI8s")
_DOMAIN: Final = b"wait"


class Waits:
    """Gives out moments from which one may join without work; nothing is kept of those who wait."""

    def __init__(self) -> None:
        """Nobody waits."""
        self._next_s = 0.0

    def give(self, ring: KeyRing, toll: Toll, *, now_s: int, calm_per_s: float) -> bytes:
        """A marked moment; raises `WorkNeeded` when too many wait."""
        self._next_s = max(self._next_s + 1 / (_SHARE * calm_per_s), float(now_s + LEAST_WAIT_S))
        if self._next_s > now_s + MOST_WAIT_S:
            self._next_s = float(now_s + MOST_WAIT_S)
            raise WorkNeeded(work=toll.work)
        body = _BODY.pack(ring.generation, int(self._next_s) + 1, secrets.token_bytes(8))
        mark = ring.mark(ring.generation, _DOMAIN + body)
        assert mark is not None
        return body + mark


def left_s(given: bytes, ring: KeyRing, toll: Toll, *, now_s: int) -> int:
    """Seconds until one may join with what `Waits.give` gave; 0: now. Raises `WorkNeeded`."""
    body, mark = given[: _BODY.size], given[_BODY.size :]
    if len(mark) != MARK_BYTES or not ring.holds(int.from_bytes(given[:2]), _DOMAIN + body, mark):
        raise WorkNeeded(work=toll.work)
    ready_s: int = _BODY.unpack(body)[1]
    if now_s > ready_s + _LIFE_S:
        raise WorkNeeded(work=toll.work)
    return max(0, ready_s - now_s)
