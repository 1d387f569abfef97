"""The drill: a service of its own, driven by users and hurt from a seed; then everything must add up."""

from __future__ import annotations

import asyncio
import math
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bubuh.db.pool import Database
from bubuh.db.roles import APP
from bubuh.drill.books import read_books
from bubuh.drill.citizens import Citizen, Tally
from bubuh.drill.faults import Done, Faults
from bubuh.drill.history import Finding, Kind, check_history
from bubuh.drill.journal import Journal, read_journal
from bubuh.drill.ledger import reconciled
from bubuh.drill.service import Service, running
from bubuh.wiring.folder import DataFolder

_SETTLE_S: Final = 120.0  #: after the last fault: what was promised is done in 60 s

Says = Callable[[float, str], None]  #: the share that is done, and what is being done


@dataclass(frozen=True, slots=True)
class Recovery:
    """How long a fault was felt: from its end until a stamp asked for since was known to be affixed."""

    fault: Done
    seconds: float | None  #: None: none was
    is_alone: bool  #: no other fault was done, or still felt, meanwhile

    @property
    def at(self) -> float:
        """When nothing was felt any more (monotonic)."""
        return math.inf if self.seconds is None else self.fault.over_at + self.seconds

    def meets(self, other: Recovery) -> bool:
        """Whether both were felt at one time."""
        return self.fault.at <= other.at and other.fault.at <= self.at


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the drill showed."""

    seed: int
    seconds: float
    users: int
    acknowledged: int  #: lines of the journal
    affixed: int
    returned: int
    faults: Sequence[Done]
    recoveries: Sequence[Recovery]  #: of each fault
    statuses: Counter[int]
    unanswered: int
    findings: Sequence[Finding]

    def after_kills_s(self, *, alone: bool, victim: str | None = None) -> list[float]:
        """How long kills (of `victim`, or all) were felt that stood `alone`, or that met other faults.

        One after which nothing was affixed any more is not counted.
        """
        return [
            one.seconds
            for one in self.recoveries
            if one.fault.act == "kill"
            and one.seconds is not None
            and one.is_alone == alone
            and victim in {None, one.fault.victim}
        ]

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost, doubled or left open."""
        return not self.findings

    def count(self, kind: Kind) -> int:
        """How many findings are of one kind."""
        return sum(finding.kind is kind for finding in self.findings)

    def facts(self) -> dict[str, object]:
        """As one JSON object."""
        return {
            "seed": self.seed,
            "acknowledged": self.acknowledged,
            **{str(kind): self.count(kind) for kind in Kind},
            "kills": sum(done.act == "kill" for done in self.faults),
            "pauses": sum(done.act == "pause" for done in self.faults),
            "starvings": sum(done.act == "starve" for done in self.faults),
            "recovery_p50_s": quantile(self.after_kills_s(alone=True), 0.5),
            "recovery_p99_s": quantile(self.after_kills_s(alone=True), 0.99),
            "recovery_overlapping_p99_s": quantile(self.after_kills_s(alone=False), 0.99),
            "recovery": self._recovery_by_victim(),
            "affixed": self.affixed,
            "returned": self.returned,
            "users": self.users,
            "seconds": self.seconds,
            "unanswered": self.unanswered,
            "statuses": {str(status): self.statuses[status] for status in sorted(self.statuses)},
            "findings": [f"{found.kind} {found.subject}: {found.words}" for found in self.findings],
        }

    def _recovery_by_victim(self) -> dict[str, object]:
        """Of each process that was killed alone: how often, and how long that was felt."""
        victims = sorted({one.fault.victim for one in self.recoveries if one.fault.act == "kill"})
        felt = {victim: self.after_kills_s(alone=True, victim=victim) for victim in victims}
        return {
            victim: {"kills": len(found), "p50_s": quantile(found, 0.5), "max_s": quantile(found, 1.0)}
            for victim, found in felt.items()
            if found
        }


async def run_chaos(*, seed: int, seconds: float, users: int, folder: Path, says: Says) -> Report:
    """Drive and hurt a new service in `folder` for `seconds`, let it settle, and compare.

    The same seed gives the same users' moods and the same faults; when they meet is the machine's affair.
    """
    says(0.0, "starting")
    with Journal(folder / "journal.jsonl") as journal:
        async with running(folder / "data") as service:
            tally = Tally()
            faults = Faults(service, random.Random(f"{seed} faults"), overcame=tally.affixed_since)
            stuck = await _drive(
                service, journal, tally, faults, seed=seed, seconds=seconds, users=users, says=says
            )
            says(0.9, "comparing")
            findings = [*stuck, *await _compared(service, folder / "journal.jsonl")]
    says(1.0, "done")
    return Report(
        seed=seed,
        seconds=seconds,
        users=users,
        acknowledged=journal.entries,
        affixed=len(tally.affixed),
        returned=tally.returned,
        faults=faults.done,
        recoveries=recoveries(faults.done, tally.affixed),
        statuses=tally.statuses,
        unanswered=tally.unanswered,
        findings=findings,
    )


def chaos_folder() -> Path:
    """A new folder that the service's own users can walk to."""
    folder = Path(tempfile.mkdtemp(prefix="bubuh-drill-"))
    folder.chmod(0o755)
    return folder


async def _drive(
    service: Service,
    journal: Journal,
    tally: Tally,
    faults: Faults,
    *,
    seed: int,
    seconds: float,
    users: int,
    says: Says,
) -> list[Finding]:
    """Users and faults at once, then the users alone until each has ended what it began; who has not."""
    end = time.monotonic() + seconds

    def is_over() -> bool:
        says(min(0.8, 0.8 * (1 - (end - time.monotonic()) / seconds)), "driving and hurting")
        return time.monotonic() >= end

    citizens = [
        Citizen(
            f"warga-{no}",
            rng=random.Random(f"{seed} citizen {no}"),
            url=lambda: service.url,
            journal=journal,
            tally=tally,
        )
        for no in range(1, users + 1)
    ]
    lives = {asyncio.create_task(citizen.live(is_over)): citizen for citizen in citizens}
    await faults.go_on(is_over)
    says(0.8, "settling")
    done, stuck = await asyncio.wait(lives, timeout=_SETTLE_S)
    for life in stuck:
        life.cancel()
    await asyncio.gather(*stuck, return_exceptions=True)
    for life in done:
        life.result()  # our own mistake, if there is one
    return [
        *(_unresolved(life.get_name(), lives[life].doing) for life in stuck),
        *(_unresolved("an answer", surprise) for surprise in tally.surprises),
    ]


def _unresolved(subject: str, words: str) -> Finding:
    return Finding(kind=Kind.UNRESOLVED, subject=subject, words=words)


async def _compared(service: Service, journal: Path) -> list[Finding]:
    """The clients' journal against the books, and the books against their own invariants, bytes included."""
    await service.until_ready()
    async with await Database.open(service.run.databases[APP], size=2) as db:
        differences = await reconciled(db, DataFolder(service.data))
        books = await read_books(db)
    return [*differences, *check_history(list(read_journal(journal)), books)]


def recoveries(faults: Sequence[Done], affixed: Sequence[tuple[float, float]]) -> list[Recovery]:
    """Each fault's, from when stamps were asked for and known to be affixed.

    A fault whose time, from its beginning until it was felt no more, meets another's is not alone.
    """
    found = [Recovery(fault, _felt(fault, affixed), is_alone=False) for fault in faults]
    return [
        replace(one, is_alone=not any(one.meets(other) for other in found if other is not one))
        for one in found
    ]


def _felt(fault: Done, affixed: Sequence[tuple[float, float]]) -> float | None:
    after = (known - fault.over_at for asked, known in affixed if asked >= fault.over_at)
    return min(after, default=None)


def quantile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that `share` of `values` do not exceed, to a tenth of a ms; None of none."""
    if not values:
        return None
    return round(sorted(values)[math.ceil(share * len(values)) - 1], 4)
