"""When those who are turned away do well to come again: the later, the more of them there are.

Pure: times come in as numbers. To turn somebody away costs work, too. Where a crowd comes again after a fixed
time, that alone can be all a process does, long after the cause has passed; so the time doubles while more
are turned away than served, and halves while few are.
"""

from __future__ import annotations

from typing import Final

SOONEST_S: Final = 5
LATEST_S: Final = 40
WINDOW_S: Final = 2.0
_FEW: Final = 4  #: at least so many are served for each one who is turned away


class ComeBack:
    """The time for one kind of work."""

    def __init__(self) -> None:
        self.after_s = SOONEST_S  #: whole seconds
        self._from_s: float | None = None
        self._served = self._turned_away = 0

    def note(self, *, is_served: bool, now_s: float) -> None:
        """Somebody's turn has come, or was not to come."""
        if self._from_s is None:
            self._from_s = now_s
        self._served += is_served
        self._turned_away += not is_served
        if now_s - self._from_s >= WINDOW_S:
            self._turn()

    def _turn(self) -> None:
        if self._turned_away > self._served:
            self.after_s = min(LATEST_S, self.after_s * 2)
        elif self._turned_away * _FEW <= self._served:
            self.after_s = max(SOONEST_S, self.after_s // 2)
        self._from_s, self._served, self._turned_away = None, 0, 0
