"""What a surge showed, and whether that is what was promised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

import msgspec

from bubuh.drill.chaos import quantile
from bubuh.drill.history import Finding
from bubuh.drill.surge.devices import Seen
from bubuh.drill.surge.probes import CHANNELS, Probed
from bubuh.drill.surge.profile import Profile
from bubuh.drill.surge.visit import Visits

ADMITTED_P99_S: Final = 2.0
UTILISATION: Final = 0.85
OTHERS_P50: Final = 1.3
OTHERS_P99: Final = 2.0
OFFERED: Final = 0.99  #: of the arrivals that were planned: with less the rest shows nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Second:
    """One second of the drill, for its plots."""

    at_s: float  #: since the first round began
    is_surge: bool
    issued: int
    serving: int
    entered: int  #: people, since the beginning
    refused: int  #: answers 429 and 5xx, since the beginning
    cpu: Mapping[str, float]  #: cores used, by role


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """A calm or a surge."""

    is_surge: bool
    began_s: float
    ended_s: float
    entered: int
    probed: Probed


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All of it."""

    seed: int
    profile: Profile
    cores: int
    begun_s: float
    devices: Seen
    visits: Visits
    rounds: Sequence[Round]
    seconds: Sequence[Second]
    cpu_s: Mapping[str, float]
    findings: Sequence[Finding]

    def in_surge(self, times: Sequence[tuple[float, float]]) -> list[float]:
        """What began in a surge, in seconds."""
        surges = [one for one in self.rounds if one.is_surge]
        return [took for at, took in times if any(one.began_s <= at < one.ended_s for one in surges)]

    @property
    def utilisation(self) -> float:
        """People let in, of those the room would have let in during the surges."""
        surges = [one for one in self.rounds if one.is_surge]
        room = sum(one.ended_s - one.began_s for one in surges) * self.profile.admitted_per_s
        return sum(one.entered for one in surges) / room

    def others(self) -> dict[str, dict[str, float | None]]:
        """By channel: p50 and p99 of a surge in those of the calm before it, the median of the rounds."""
        return {
            name: {f"p{share:.0%}"[:-1]: self._ratio(name, share) for share in (0.5, 0.99)}
            for name in CHANNELS
        }

    def reached(self) -> dict[str, bool | None]:
        """Each promise; None: too little was seen."""
        visits = self.visits
        others = self.others()
        return {
            "offered": self.devices.joined >= OFFERED * self.devices.planned,
            "buy": _at_most(quantile(self.in_surge(visits.buy_s), 0.99), ADMITTED_P99_S),
            "stamp": _at_most(quantile(self.in_surge(visits.stamp_s), 0.99), ADMITTED_P99_S),
            "no_5xx": not any(status.startswith("5") for status in visits.statuses),
            "utilisation": self.utilisation >= UTILISATION,
            "ledger": not self.findings,
            "others_p50": _all_at_most([others[name]["p50"] for name in CHANNELS], OTHERS_P50),
            "others_p99": _all_at_most([others[name]["p99"] for name in CHANNELS], OTHERS_P99),
        }

    def facts(self) -> dict[str, Any]:
        """As one JSON object."""
        visits, devices = self.visits, self.devices
        elapsed_s = self.rounds[-1].ended_s - self.begun_s
        return {
            "seed": self.seed,
            "profile": msgspec.to_builtins(self.profile),
            "reached": self.reached(),
            "offered_per_s": round(self.profile.admitted_per_s * self.profile.times, 1),
            "planned": devices.planned,
            "joined": devices.joined,
            "junk": devices.junk,
            "polls": devices.polls,
            "words": devices.words,
            "gave_up": devices.gave_up,
            "gate_statuses": {str(status): n for status, n in sorted(devices.statuses.items())},
            "entered": len(visits.entered),
            "done": visits.done,
            "missed": visits.missed,
            "stopped": dict(visits.stopped),
            "utilisation": round(self.utilisation, 3),
            **{
                f"{name}_{word}_s": quantile(self.in_surge(times), share)
                for name, times in (
                    ("buy", visits.buy_s),
                    ("credit", visits.credit_s),
                    ("upload", visits.upload_s),
                    ("stamp", visits.stamp_s),
                )
                for word, share in (("p50", 0.5), ("p99", 0.99))
            },
            "statuses": dict(sorted(visits.statuses.items())),
            "hostile_statuses": dict(sorted(visits.hostile.items())),
            "others": self.others(),
            "others_s": [
                {
                    "surge": one.is_surge,
                    **{
                        name: [quantile(one.probed.took_s[name], q) for q in (0.5, 0.99)] for name in CHANNELS
                    },
                    "statuses": dict(sorted(one.probed.statuses.items())),
                }
                for one in self.rounds
            ],
            "cores": self.cores,
            "cpu_s": {role: round(used, 1) for role, used in self.cpu_s.items()},
            "generator_share": round(self.cpu_s["drill"] / (elapsed_s * self.cores), 3),
            "most_late_s": round(devices.most_late_s, 3),
            "findings": [f"{found.kind} {found.subject}: {found.words}" for found in self.findings],
        }

    def _ratio(self, name: str, share: float) -> float | None:
        pairs = zip(self.rounds[::2], self.rounds[1::2], strict=True)
        found = [
            (quantile(calm.probed.took_s[name], share), quantile(surge.probed.took_s[name], share))
            for calm, surge in pairs
        ]
        ratios = [after / before for before, after in found if before and after]
        return round(median(ratios), 2) if ratios else None


def _at_most(value: float | None, most: float) -> bool | None:
    return None if value is None else value <= most


def _all_at_most(values: Sequence[float | None], most: float) -> bool | None:
    known = [value for value in values if value is not None]
    return None if len(known) < len(values) else all(value <= most for value in known)
