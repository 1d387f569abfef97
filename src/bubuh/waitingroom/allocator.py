"""The numbers of one lane: none is ever given twice, whenever the power fails."""

from __future__ import annotations

from typing import Final

from bubuh.core.errors import Fault

AHEAD: Final = 4_096  #: numbers below the mark when it has just been moved; a crash skips as many at most


class NumbersNotKept(Fault):
    """Numbers are given faster than marks are kept: the disk does not answer."""

    code = "numbers_not_kept"
    retry_after_s = 2


class Allocator:
    """Gives numbers below a mark that was kept before. After a crash it goes on at the mark.

    So that no join waits for the disk, a new mark is asked for while half of the numbers are still free.
    """

    def __init__(self) -> None:
        """The first number is 1."""
        self.issued = 0  #: the last number given, or skipped by a crash
        self.mark = 0  #: the last number that may be given
        self._asked = 0

    def take(self) -> int:
        """The next number; raises `NumbersNotKept`."""
        return self.take_many(1)

    def take_many(self, count: int) -> int:
        """The last of the next `count` numbers, all in one; raises `NumbersNotKept`."""
        if self.issued + count > self.mark:
            raise NumbersNotKept(f"no number is kept above {self.mark}")
        self.issued += count
        return self.issued

    def wanted_mark(self) -> int | None:
        """The mark to keep next, once; None while there are numbers enough."""
        if self._asked > self.issued + AHEAD // 2:
            return None
        self._asked = self.issued + AHEAD
        return self._asked

    def kept(self, mark: int) -> None:
        """`mark` is on the disk: numbers up to it may be given."""
        assert mark >= self.mark, "marks only rise"
        self.mark = mark

    def restored(self, mark: int) -> None:
        """After a crash: all up to `mark` may have been given."""
        self.issued = self.mark = self._asked = max(mark, self.mark)
