"""The brownout in a web process: its level, by itself or as an operator holds it, and what it leaves off."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final, Self

import msgspec
import structlog

from bubuh.db.rights import write_whole
from bubuh.edge import metrics
from bubuh.edge.bulkheads import Kind, Way
from bubuh.edge.ladder import EASED, PRESSED, Ladder, Level
from bubuh.edge.refusals import LeftOff
from bubuh.edge.works import Works
from bubuh.waitingroom.report import Health

log: Final = structlog.get_logger("bubuh.web")

HOLD_FILE: Final = "brownout.json"
_LOOK_S: Final = 1.0
_LEAST_HEALTH: Final = 0.1
_URGENT: Final = (Kind.CLAIM, Kind.STAMP, Kind.PAY)  #: whose wait in front says that all is too much


class Hold(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the operator decided: a level to be kept whatever the load, or none."""

    level: Annotated[int, msgspec.Meta(ge=0, le=int(Level.STATIC))] | None = None

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Nothing decided yet: nothing is held. Raises ValueError."""
        path = folder / HOLD_FILE
        return msgspec.json.decode(path.read_bytes(), type=cls) if path.exists() else cls()

    def write(self, folder: Path, *, uid: int | None) -> None:
        """Decide; whole or not at all."""
        write_whole(folder / HOLD_FILE, msgspec.json.encode(self).decode() + "\n", mode=0o644, uid=uid)


class Brownout:
    """Looks at what waits in front of urgent work, at most once a second."""

    def __init__(
        self,
        folder: Path | None = None,
        *,
        works: Works | None = None,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`folder` holds what the operator decides; None: nobody does."""
        self.works = works or Works(clock_s)
        self._folder, self._clock_s = folder, clock_s
        self._ladder, self._hold, self._seen = Ladder(), Hold(), -1
        self._looked_s = float("-inf")
        self._health = 1.0
        metrics.show_level(lambda: int(self.level))

    @property
    def level(self) -> Level:
        """What is left off now."""
        now_s = self._clock_s()
        if now_s - self._looked_s >= _LOOK_S:
            self._look(now_s)
        return self._ladder.level if self._hold.level is None else Level(self._hold.level)

    @property
    def health(self) -> float:
        """The part of what the operator allows that this process can take: what the gate is told."""
        return 0.0 if self.level is Level.STATIC else self._health

    def for_gate(self) -> Health:
        """What the gate is told."""
        level = self.level
        return Health(able=self.health, queues=level >= Level.QUEUED, sells=level < Level.PAUSED)

    def see_drawing(self) -> None:
        """See that pages may be drawn; raises `LeftOff`."""
        if self.level >= Level.REDUCED:
            raise LeftOff(level=int(self.level))

    def closes(self, way: Way) -> bool:
        """Whether this work is left off."""
        return self.level >= _closed_from(way)

    def _look(self, now_s: float) -> None:
        self._looked_s = now_s
        pressure = max(self.works.bulkheads[kind].pressure(now_s) for kind in _URGENT)
        before = self._ladder.level
        if self._ladder.look(pressure, now_s=now_s) is not before:
            log.warning(
                "brownout", level=int(self._ladder.level), before=int(before), pressure=round(pressure, 2)
            )
        if pressure >= PRESSED:
            self._health = max(_LEAST_HEALTH, self._health * 0.8)
        elif pressure < EASED:
            self._health = min(1.0, self._health + 0.05)
        self._follow()

    def _follow(self) -> None:
        """A file that cannot be used changes nothing."""
        if self._folder is None:
            return
        path = self._folder / HOLD_FILE
        changed = path.stat().st_mtime_ns if path.exists() else 0
        if changed == self._seen:
            return
        self._seen = changed
        try:
            self._hold = Hold.read(self._folder)
        except ValueError:
            log.exception("brownout_file_unusable", path=str(path), meaning="what was decided before goes on")


def _closed_from(way: Way) -> int:
    """The level from which this work is left off."""
    return Level.PAUSED if way.buys or way.kind is Kind.HISTORY else Level.STATIC
