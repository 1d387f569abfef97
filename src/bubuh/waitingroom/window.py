"""Who of a lane has been called, whose window is open, and which numbers have been used.

    1 … gone …  over ]  late  ] window [ called … serving ]  … waiting … issued ]

Kept are three numbers, one small cell for each second in which somebody was called, and one bit for each
number that may still enter: nothing for those who wait.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

LATE_WINDOWS: Final = 2  #: that follow the first, for those who missed it
_MATURE_S: Final = 60  #: open seconds after which whoever comes at once has come
_TRIM_FROM: Final = 512  # cells or bytes that are not worth moving the rest for


class Standing(Enum):
    """Where a number stands."""

    WAITING = auto()
    CALLED = auto()
    LATE = auto()
    OVER = auto()


@dataclass(slots=True)
class Cell:
    """Numbers that were called together."""

    open_s: float  #: the lane's clock then
    upto: int
    called: int
    there: float  #: of these, how many were there as far as anybody knew
    entered: int = 0


class Window:
    """The called part of one lane."""

    def __init__(self) -> None:
        """Nobody has been called."""
        self.open_s = 0.0  #: seconds for which the lane has let people in
        self.serving = 0  #: the last number called
        self.floor = 0  #: up to here the first window is over
        self.over = 0  #: up to here everything is
        self._cells: list[Cell] = []
        self._uptos: list[int] = []
        self._first, self._ripe, self._floored = 0, 0, 0  # cells before these are gone, mature, late
        self._bits = bytearray()
        self._base = 0  # the number of the first bit; a multiple of 8

    def call(self, upto: int, *, open_s: float, there: float | None = None) -> None:
        """Call all up to `upto` at `open_s` of the lane's clock, of whom so many are `there`; None: all."""
        assert upto >= self.serving, "nobody is called back"
        self.open_s = max(self.open_s, open_s)
        if upto == self.serving:
            return
        called = upto - self.serving
        self._cells.append(Cell(open_s, upto, called, called if there is None else there))
        self._uptos.append(upto)
        self.serving = upto
        self._bits.extend(bytes(max(0, (upto - self._base >> 3) + 1 - len(self._bits))))

    def pass_time(self, open_s: float, *, window_s: float) -> list[Cell]:
        """Set the lane's clock; end windows that are over. Gives the cells that have matured by it."""
        self.open_s = open_s
        ripe = []
        mature_s = min(_MATURE_S, window_s)
        while self._ripe < len(self._cells) and open_s - self._cells[self._ripe].open_s >= mature_s:
            ripe.append(self._cells[self._ripe])
            self._ripe += 1
        while self._floored < len(self._cells) and open_s - self._cells[self._floored].open_s >= window_s:
            self.floor = self._uptos[self._floored]
            self._floored += 1
        last_s = open_s - window_s * (1 + LATE_WINDOWS)
        while self._first < self._floored and self._cells[self._first].open_s <= last_s:
            self.over = self._uptos[self._first]
            self._first += 1
        self._trim()
        return ripe

    def outstanding(self, rate: float, *, window_s: float) -> float:
        """How many of those called lately are still expected, when a `rate` part of those there comes."""
        mature_s, expected = min(_MATURE_S, window_s), 0.0
        for cell in self._cells[self._ripe :]:
            missing = cell.there * rate - cell.entered
            if missing > 0:
                expected += missing * (1 - (self.open_s - cell.open_s) / mature_s)
        return expected

    def standing(self, number: int) -> Standing:
        """Where `number` stands now."""
        if number > self.serving:
            return Standing.WAITING
        if number > self.floor:
            return Standing.CALLED
        return Standing.LATE if number > self.over else Standing.OVER

    def is_used(self, number: int) -> bool:
        """Whether somebody entered with `number`, which is not over."""
        assert self.over < number <= self.serving
        at = number - self._base
        return bool(self._bits[at >> 3] & 1 << (at & 7))

    def use(self, number: int) -> None:
        """Somebody enters with `number`."""
        at = number - self._base
        self._bits[at >> 3] |= 1 << (at & 7)
        self._cells[bisect_left(self._uptos, number, lo=self._first)].entered += 1

    def cells(self) -> list[Cell]:
        """Those whose numbers may still enter."""
        return self._cells[self._first :]

    def used(self) -> Iterator[tuple[int, int]]:
        """Which numbers were used: the first of 64, and their bits, the first the lowest."""
        for at in range(0, len(self._bits), 8):
            bits = int.from_bytes(self._bits[at : at + 8], "little")
            if bits:
                yield self._base + 8 * at, bits

    def restore_used(self, first: int, bits: int) -> None:
        """What `used` told, after the calls were restored."""
        at = first - self._base >> 3
        kept = bits.to_bytes(8, "little")[: len(self._bits) - at]
        self._bits[at : at + len(kept)] = kept

    def restore_cell(self, upto: int, *, open_s: float, entered: int) -> None:
        """A cell of those that `cells` told."""
        self.call(upto, open_s=open_s)
        self._cells[-1].entered = entered

    def size_bytes(self) -> int:
        """What the bits take."""
        return len(self._bits)

    def start_at(self, over: int) -> None:
        """A new window in which all up to `over` are gone: to restore what was kept."""
        assert not self._cells, "before anybody is called"
        self.serving = self.floor = self.over = over
        self._base = over & ~7
        self._bits = bytearray(1)

    def _trim(self) -> None:
        if self._first >= _TRIM_FROM:
            del self._cells[: self._first], self._uptos[: self._first]
            self._ripe, self._floored = self._ripe - self._first, self._floored - self._first
            self._first = 0
        gone = (self.over - self._base) >> 3
        if gone >= _TRIM_FROM:
            del self._bits[:gone]
            self._base += gone << 3
