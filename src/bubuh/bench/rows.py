"""What a race of ours, the floor and the library came to: one file with one key, and a whole run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bubuh.bench.machine import machine
from bubuh.bench.race import Outcome, Spread
from bubuh.pdf.model import Algorithm

KEYS: Final[tuple[Algorithm, ...]] = ("p256", "rsa2048", "rsa3072")
DIGITS: Final = 4  #: of a millisecond, in what is shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One file with one key. Times are CPU milliseconds a document."""

    file: str
    key: Algorithm
    size_bytes: int
    ours: Spread
    floor: Spread
    pyhanko: Spread

    @property
    def per_s(self) -> float:
        """Of our engine, on one core that does nothing else."""
        return 1000 / self.ours.median

    @property
    def times_floor(self) -> float:
        """How many times the bare arithmetic ours costs."""
        return self.ours.median / self.floor.median

    @property
    def times_pyhanko(self) -> float:
        """How many of ours cost what one of the library's does."""
        return self.pyhanko.median / self.ours.median

    def spreads(self) -> Mapping[str, Spread]:
        """What was measured, by name."""
        return {"ours": self.ours, "floor": self.floor, "pyhanko": self.pyhanko}

    def facts(self) -> dict[str, object]:
        """The row for programs."""
        spreads = self.spreads()
        return {
            "file": self.file,
            "key": self.key,
            "size_bytes": self.size_bytes,
            **{f"{name}_ms": round(spread.median, DIGITS) for name, spread in spreads.items()},
            "per_s": round(self.per_s, 1),
            "times_floor": round(self.times_floor, 3),
            "times_pyhanko": round(self.times_pyhanko, 3),
            "quartiles_ms": {name: spread.quartiles(DIGITS) for name, spread in spreads.items()},
        }


def run_facts(rows: Sequence[Row], outcome: Outcome) -> dict[str, object]:
    """A run for programs, with what it ran on."""
    return {
        "rows": [row.facts() for row in rows],
        "rounds": outcome.rounds,
        "elapsed_s": round(outcome.elapsed_s, 1),
        **machine(),
    }
