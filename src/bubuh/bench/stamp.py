"""What a stamp costs: our engine, the limit below it and the usual library; three files, three keys."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from bubuh.bench.files import FILES
from bubuh.bench.floor import bare
from bubuh.bench.ours import Engine
from bubuh.bench.pyhanko_default import default_path
from bubuh.bench.race import LEAST_ROUNDS, Act, Outcome, Spread, race
from bubuh.bench.rows import DIGITS, KEYS, Row, run_facts
from bubuh.pdf.intake.inspection import inspect
from bubuh.pdf.judge.verdict import judge
from bubuh.pdf.model import Algorithm, Intent, Place, Trust
from bubuh.pdf.seal.keys import load_key
from bubuh.pdf.seal.pki import Pki, development_pki

_SEED: Final = 1110
_SERIAL_LETTERS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SERIAL_LENGTH: Final = 22
_ADDRESS: Final = "https://bubuh.example.id/s/"
_KEY_ID: Final = "bench"

Way = Literal["ours", "rehearsed", "floor", "pyhanko", "inspect", "midstate"]


@dataclass(frozen=True, slots=True)
class Lane:
    """One thing that is measured."""

    way: Way
    file: str
    key: Algorithm | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StampRow(Row):
    """One file with one key, and what the increment came to."""

    increment_bytes: int
    rehearsed: Spread  #: ours, with the second parser's reading

    def spreads(self) -> Mapping[str, Spread]:
        """What was measured, by name."""
        return {**Row.spreads(self), "rehearsed": self.rehearsed}

    def facts(self) -> dict[str, object]:
        """The row for programs."""
        return {**Row.facts(self), "increment_bytes": self.increment_bytes}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole run."""

    rows: tuple[StampRow, ...]
    inspect: Mapping[str, Spread]  #: by file
    midstate: Mapping[str, Spread]  #: by file: a stamp with P-256 whose document stays at home
    outcome: Outcome

    def facts(self) -> dict[str, object]:
        """The run for programs, with what it ran on."""
        return {
            **run_facts(self.rows, self.outcome),
            "inspect_ms": {file: round(spread.median, DIGITS) for file, spread in self.inspect.items()},
            "midstate_ms": {file: round(spread.median, DIGITS) for file, spread in self.midstate.items()},
        }


def measure_stamps(
    now: datetime,
    *,
    seconds: float,
    least_rounds: int = LEAST_ROUNDS,
    files: Mapping[str, Callable[[], bytes]] = FILES,
    told: Callable[[float], None] = lambda _done: None,
) -> Report:
    """Measure for about `seconds`, after making the keys; `told` hears the share that is done, 0 to 1.

    Before the clock runs, a stamp of each file and key is judged: what is not genuine is not measured.
    """
    documents = {file: make() for file, make in files.items()}
    intents = fresh_intents(now)
    cells: dict[tuple[str, Algorithm], int] = {}
    acts: dict[Lane, Act[Intent]] = {}
    for key in KEYS:
        pki = development_pki(now, algorithm=key)
        trust = Trust(roots=(pki.root_certificate,), now=now)
        for file, document in documents.items():
            engine = Engine(document=document, key=load_key(pki.seal_key), chain=pki.chain(_KEY_ID))
            cells[file, key] = _checked_bytes(engine, next(intents), trust)
            acts |= {Lane(way, file, key): act for way, act in _ways(engine, pki).items()}
            if key == "p256":
                acts[Lane("midstate", file)] = engine.unseen()
    acts |= {Lane("inspect", file): _inspecting(document) for file, document in documents.items()}
    spreads, outcome = race(
        acts, lambda _lane: intents, seconds=seconds, least_rounds=least_rounds, told=told
    )
    return Report(
        rows=tuple(
            StampRow(
                file=file,
                key=key,
                size_bytes=len(documents[file]),
                increment_bytes=increment_bytes,
                ours=spreads[Lane("ours", file, key)],
                rehearsed=spreads[Lane("rehearsed", file, key)],
                floor=spreads[Lane("floor", file, key)],
                pyhanko=spreads[Lane("pyhanko", file, key)],
            )
            for (file, key), increment_bytes in cells.items()
        ),
        inspect={file: spreads[Lane("inspect", file)] for file in documents},
        midstate={file: spreads[Lane("midstate", file)] for file in documents},
        outcome=outcome,
    )


def fresh_intents(now: datetime) -> Iterator[Intent]:
    """Intents without end, no two of one serial number: nothing remembered from one stamp helps the next."""
    rng = random.Random(_SEED)
    while True:
        serial_no = "".join(rng.choices(_SERIAL_LETTERS, k=_SERIAL_LENGTH))
        yield Intent(
            serial_no=serial_no,
            place=Place(page=1, x_pt=400, y_pt=600, side_pt=70),
            signed_at=now,
            file_id=rng.randbytes(16),
            qr_payload=_ADDRESS + serial_no,
            key_id=_KEY_ID,
        )


def _ways(engine: Engine, pki: Pki) -> dict[Way, Act[Intent]]:
    """The four that race over one document with one key."""
    hash_and_sign = bare(engine.document, engine.key)
    return {
        "floor": lambda _intent: hash_and_sign(),
        "ours": engine.stamp,
        "rehearsed": engine.stamp_rehearsed,
        "pyhanko": default_path(engine.document, pki),
    }


def _inspecting(document: bytes) -> Act[Intent]:
    return lambda _intent: inspect(document)


def _checked_bytes(engine: Engine, intent: Intent, trust: Trust) -> int:
    """The size of what a stamp appends, once it has been judged genuine."""
    increment = engine.stamp_rehearsed(intent)
    judgement = judge(engine.document + increment, trust)
    assert judgement.is_genuine, f"what is measured is not a stamp: {judgement.reasons}"
    return len(increment)
