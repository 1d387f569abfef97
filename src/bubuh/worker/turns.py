"""Look where the gate's lanes stand, and have those told who asked and were called."""

from __future__ import annotations

from typing import Final

import msgspec

from bubuh.core.errors import Fault
from bubuh.db.pool import Database
from bubuh.identity.people.keys import PersonKey
from bubuh.reminders.tell import tell_called
from bubuh.waitingroom.room_file import Now, Watched

EVERY_S: Final = 1.0  #: as often as the gate calls: the shortest window is ten seconds


class NowUnreadable(Fault):
    """What lies in the place of `now.json` is none: a mirror that fails, say. The next one may be."""

    code = "now_unreadable"


class TurnRound:
    """One worker's. While nobody is called by turn it asks the database nothing."""

    def __init__(self, db: Database, watched: Watched, *, gate_url: str, key: PersonKey) -> None:
        """`watched`: the room's folder; `gate_url`: where people find the waiting page."""
        self._db, self._watched, self._key = db, watched, key
        self._link = f"{gate_url.rstrip('/')}/antre"

    async def make(self) -> None:
        """Tell all who were called by now; raises `NowUnreadable`."""
        now = self._now()
        if now is None or not now.open:
            return
        self._watched.look()
        titles = {lane.id: lane.title for lane in self._watched.file.rules.lanes}
        await tell_called(self._db, now, titles=titles, link=self._link, key=self._key)

    def _now(self) -> Now | None:
        try:
            return self._watched.now()
        except (OSError, msgspec.DecodeError) as error:
            raise NowUnreadable(str(error)) from error
