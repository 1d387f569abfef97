"""How each function was, day by day: what the page remembers, in a file of its own that needs no database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Final

import msgspec
import structlog

from bubuh.outages.model import Function, Outage
from bubuh.status.model import Health, Partner, State

_log = structlog.get_logger(__name__)
KEPT_DAYS: Final = 90
WIB: Final = timezone(timedelta(hours=7), "WIB")  #: a day is one of Jakarta's


class Memory(msgspec.Struct, kw_only=True):
    """What outlives the process: seconds in each state by day and function, outages, shown partners."""

    days: dict[str, dict[Function, dict[str, float]]] = {}
    outages: list[Outage] = []
    partners: list[Partner] = []

    def note(self, at: datetime, seconds: float, healths: Mapping[Function, Health]) -> None:
        """That each function was so for `seconds` until `at`."""
        day = self.days.setdefault(_day(at).isoformat(), {})
        for function, health in healths.items():
            states = day.setdefault(function, {})
            name = health.state.name.lower()
            states[name] = states.get(name, 0.0) + seconds
        for old in sorted(self.days)[:-KEPT_DAYS]:
            del self.days[old]

    def worst_by_day(self, function: Function, today: datetime) -> Sequence[State | None]:
        """How the function was on each of the last KEPT_DAYS, today last; None: nobody looked.

        A state counts for a day once it lasted a minute, so that one lost look paints no day.
        """
        last = _day(today)
        days = [last - timedelta(days=ago) for ago in reversed(range(KEPT_DAYS))]
        return [_worst(self.days.get(day.isoformat(), {}).get(function, {})) for day in days]

    def well_share(self, function: Function) -> float | None:
        """How much of the time when somebody looked it was well or slow; None: nobody looked."""
        total = well = 0.0
        for day in self.days.values():
            for name, seconds in day.get(function, {}).items():
                if name != "unknown":
                    total += seconds
                    well += seconds if name in {"ok", "slow"} else 0.0
        return well / total if total else None

    def write(self, path: Path) -> None:
        """Replace the file, whole or not at all."""
        unfinished = path.with_suffix(".new")
        unfinished.write_bytes(msgspec.json.encode(self))
        unfinished.replace(path)

    @classmethod
    def read(cls, path: Path) -> Memory:
        """What the file holds; nothing, loudly, when it cannot be read: the page must come up."""
        try:
            return msgspec.json.decode(path.read_bytes(), type=cls)
        except FileNotFoundError:
            return cls()
        except (OSError, msgspec.DecodeError) as error:
            _log.error("status_memory_lost", why=str(error))
            return cls()


def _day(at: datetime) -> date:
    return at.astimezone(WIB).date()


def _worst(states: Mapping[str, float]) -> State | None:
    lasting = [
        State[name.upper()] for name, seconds in states.items() if seconds >= min(60.0, sum(states.values()))
    ]
    return max(lasting, default=None)
