"""How each function and shown partner was, day by day: what the page remembers, without a database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import structlog

from bubuh.outages.model import Function, Outage
from bubuh.status.model import Health, Partner, State

_log = structlog.get_logger(__name__)
KEPT_DAYS: Final = 90
WIB: Final = timezone(timedelta(hours=7), "WIB")  #: a day is one of Jakarta's
_Name = TypeVar("_Name", bound=str)


class Memory(msgspec.Struct, kw_only=True):
    """What outlives the process: seconds in each state by day and function or partner; outages, partners."""

    days: dict[str, dict[Function, dict[str, float]]] = {}
    calls: dict[str, dict[str, dict[str, float]]] = {}  #: how the calls of each shown partner fared
    outages: list[Outage] = []
    partners: list[Partner] = []

    def note(self, at: datetime, seconds: float, healths: Mapping[Function, Health]) -> None:
        """That each function was so for `seconds` until `at`."""
        _note(self.days, at, seconds, healths)

    def note_calls(self, at: datetime, seconds: float, healths: Mapping[Partner, Health]) -> None:
        """The same of partners' calls, where there were enough; of who is shown no more nothing is kept."""
        fared = {_key(one): health for one, health in healths.items() if health.state is not State.UNKNOWN}
        _note(self.calls, at, seconds, fared)
        shown = {_key(partner) for partner in healths}
        for day in self.calls.values():
            for key in day.keys() - shown:
                del day[key]

    def worst_by_day(self, function: Function, today: datetime) -> Sequence[State | None]:
        """How the function was on each of the last KEPT_DAYS, today last; None: nobody looked.

        A state counts for a day once it lasted a minute, so that one lost look paints no day.
        """
        return _worst_by_day(self.days, function, today)

    def worst_calls_by_day(self, partner: Partner, today: datetime) -> Sequence[State | None]:
        """The same of a partner's calls; None also for a day with too few of them."""
        return _worst_by_day(self.calls, _key(partner), today)

    def well_share(self, function: Function) -> float | None:
        """How much of the time when somebody looked it was well or slow; None: nobody looked."""
        return _well_share(day.get(function, {}) for day in self.days.values())

    def well_calls_share(self, partner: Partner) -> float | None:
        """The same of a partner's calls."""
        return _well_share(day.get(_key(partner), {}) for day in self.calls.values())

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


def _key(partner: Partner) -> str:
    """A slot is given again: it is another partner's from when that one is shown."""
    return f"{partner.slot} {partner.shown_at.isoformat()}"


def _note(
    days: dict[str, dict[_Name, dict[str, float]]],
    at: datetime,
    seconds: float,
    healths: Mapping[_Name, Health],
) -> None:
    day = days.setdefault(_day(at).isoformat(), {})
    for name, health in healths.items():
        states = day.setdefault(name, {})
        state = health.state.name.lower()
        states[state] = states.get(state, 0.0) + seconds
    for old in sorted(days)[:-KEPT_DAYS]:
        del days[old]


def _worst_by_day(
    days: Mapping[str, Mapping[_Name, Mapping[str, float]]], name: _Name, today: datetime
) -> Sequence[State | None]:
    last = _day(today)
    wanted = [last - timedelta(days=ago) for ago in reversed(range(KEPT_DAYS))]
    return [_worst(days.get(day.isoformat(), {}).get(name, {})) for day in wanted]


def _well_share(days: Iterable[Mapping[str, float]]) -> float | None:
    total = well = 0.0
    for states in days:
        for name, seconds in states.items():
            if name != "unknown":
                total += seconds
                well += seconds if name in {"ok", "slow"} else 0.0
    return well / total if total else None


def _worst(states: Mapping[str, float]) -> State | None:
    lasting = [
        State[name.upper()] for name, seconds in states.items() if seconds >= min(60.0, sum(states.values()))
    ]
    return max(lasting, default=None)
