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
MOST_KEPT: Final = 1_024  #: owners whose time is remembered, some 200 bytes each
_FEW: Final = 4  #: at least so many are served for each one who is turned away
_CROWD: Final = 8  #: owners
_MOST_COUNTED: Final = 4_096  #: owners in a window


class ComeBack:
    """One such time; fewer than `crowd` who are turned away in a window do not lengthen it."""

    def __init__(self, *, crowd: int = 1) -> None:
        self._crowd = crowd
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
        is_crowd = self._turned_away >= self._crowd
        if is_crowd and self._turned_away > self._served:
            self.after_s = min(LATEST_S, self.after_s * 2)
        elif not is_crowd or self._turned_away * _FEW <= self._served:
            self.after_s = max(SOONEST_S, self.after_s // 2)
        self._from_s, self._served, self._turned_away = None, 0, 0


class ComeBacks:
    """The times for one kind of work: each owner's own, or that of all where that is longer.

    In the time of all an owner counts once a window, so that one who drowns lets nobody else wait longer, and
    a crowd of owners with little each is still a crowd.
    """

    def __init__(self) -> None:
        """Nobody was turned away yet."""
        self._of: dict[int, ComeBack] = {}  # the one noted longest ago first
        self._all = ComeBack(crowd=_CROWD)
        self._counted, self._from_s = set[int](), 0.0  # owners of this window

    def note(self, owner: int, *, is_served: bool, now_s: float) -> int:
        """Somebody's turn has come, or was not to come; after how many seconds its owner's come again."""
        comeback = self._of.pop(owner, None) or ComeBack()
        comeback.note(is_served=is_served, now_s=now_s)
        self._of[owner] = comeback
        if len(self._of) > MOST_KEPT:
            del self._of[next(iter(self._of))]
        if now_s - self._from_s >= WINDOW_S or len(self._counted) >= _MOST_COUNTED:
            self._from_s = now_s
            self._counted.clear()
        if owner not in self._counted:
            self._counted.add(owner)
            self._all.note(is_served=is_served, now_s=now_s)
        return max(comeback.after_s, self._all.after_s)
