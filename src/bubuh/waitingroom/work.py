"""What a join costs while many come at once: a puzzle whose solution is quickly seen to be one.

For each of four parts a number is sought for which SHA-256 over challenge, salt, part and number begins with
less than 2**32 * 4 / work: `work` hashes in the mean, in four parts so that few wait much longer.
The challenge is the beginning of the signature in `now.json`: nobody knows it before its second.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from bubuh.core.errors import Refusal

PARTS: Final = 4
SALT_BYTES: Final = 8
NUMBER_BYTES: Final = 4
SOLUTION_BYTES: Final = SALT_BYTES + PARTS * NUMBER_BYTES
CHALLENGE_BYTES: Final = 12
LIFE_S: Final = 120  #: a challenge is good for
KEPT_S: Final = 1_300  #: what was used is remembered for, at least: longer than anything it can be is good

_WORD: Final = 2**32
_STEEP: Final = 10  # times the calm pace at which a join costs the most
_PACE_MEMORY: Final = 0.8  # of joins a second, from one second to the next
_BITS: Final = 25
_BITMAP_BYTES: Final = 2**_BITS // 8


class WorkNeeded(Refusal):
    """So many join that a join costs work; there was none, or what there was is no solution."""

    code = "work_needed"
    transient = True

    def __init__(self, *, work: int) -> None:
        """`work`: hashes in the mean."""
        super().__init__(work=work)


def work_at(joins_per_s: float, *, calm_per_s: float, most: int) -> int:
    """Hashes in the mean that a join costs; 0 up to the calm pace, `most` from ten times that on."""
    over = (joins_per_s / calm_per_s - 1) / (_STEEP - 1)
    return round(most * min(1.0, max(0.0, over)))


def is_solved(challenge: bytes, solution: bytes, work: int) -> bool:
    """Whether `solution` (salt and four numbers) took about `work` hashes."""
    if len(solution) != SOLUTION_BYTES:
        return False
    start, limit = challenge + solution[:SALT_BYTES], limit_of(work)
    return all(
        int.from_bytes(hashlib.sha256(start + _part(solution, part)).digest()[:4]) < limit
        for part in range(PARTS)
    )


def limit_of(work: int) -> int:
    """What the first four bytes of a part's hash must be below."""
    return min(_WORD, _WORD * PARTS // max(work, PARTS))


def solve(challenge: bytes, salt: bytes, work: int) -> bytes:
    """A solution; for programs and tests."""
    found, limit = salt, limit_of(work)
    for part in range(PARTS):
        start, number = challenge + salt + bytes((part,)), 0
        while int.from_bytes(hashlib.sha256(start + number.to_bytes(4)).digest()[:4]) >= limit:
            number += 1
        found += number.to_bytes(NUMBER_BYTES)
    return found


@dataclass(frozen=True, slots=True)
class _Asked:
    until_s: float
    work: int


class Toll:
    """What joins cost now, and which solutions were used: two bitmaps, whatever comes."""

    def __init__(self) -> None:
        """Calm."""
        self.work = 0
        self.joins_per_s = 0.0
        self._joins = 0
        self._asked: OrderedDict[bytes, _Asked] = OrderedDict()
        self._used, self._used_before = bytearray(_BITMAP_BYTES), bytearray(_BITMAP_BYTES)
        self._turned_s = 0.0

    def count(self) -> None:
        """Somebody joined."""
        self._joins += 1

    def tick(self, now_s: float, elapsed_s: float, *, calm_per_s: float, most: int) -> None:
        """Learn how many join, and set what it costs from now on."""
        pace, self._joins = self._joins / max(elapsed_s, 1e-3), 0
        self.joins_per_s = _PACE_MEMORY * self.joins_per_s + (1 - _PACE_MEMORY) * pace
        self.work = work_at(self.joins_per_s, calm_per_s=calm_per_s, most=most)
        while self._asked and next(iter(self._asked.values())).until_s < now_s:
            self._asked.popitem(last=False)
        if now_s - self._turned_s > KEPT_S:
            self._used_before, self._used = self._used, bytearray(_BITMAP_BYTES)
            self._turned_s = now_s

    def ask(self, challenge: bytes, *, now_s: float) -> None:
        """`challenge` was published with the present work."""
        self._asked[challenge] = _Asked(now_s + LIFE_S, self.work)

    def take(self, challenge: bytes, solution: bytes, *, now_s: float) -> None:
        """Accept a solution once; raises `WorkNeeded`.

        One that is new can be taken for a used one, once in 30 with a million in 20 minutes: solve again.
        """
        asked = self._asked.get(challenge)
        if asked is None or asked.until_s < now_s or not is_solved(challenge, solution, asked.work):
            raise WorkNeeded(work=self.work)
        self.use_once(challenge + solution)

    def use_once(self, given: bytes) -> None:
        """Note that `given` was used; raises `WorkNeeded` when it was already."""
        mixed = int.from_bytes(hashlib.sha256(given).digest()[:4]) >> 32 - _BITS
        at, bit = mixed >> 3, 1 << (mixed & 7)
        if (self._used[at] | self._used_before[at]) & bit:
            raise WorkNeeded(work=self.work)
        self._used[at] |= bit


def _part(solution: bytes, part: int) -> bytes:
    at = SALT_BYTES + part * NUMBER_BYTES
    return bytes((part,)) + solution[at : at + NUMBER_BYTES]
