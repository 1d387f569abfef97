"""Which tier serves which file of a corpus, and why the others are refused: the service's own way.

Each file is inspected, repaired where that may help, planned and read back, in the sandbox. Beside that
stands what a renderer (PDFium) makes of it, and what the lean engine alone would do.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from bubuh.core.errors import Refusal
from bubuh.core.privileges import Uids
from bubuh.pdf.model import LEAST_SIDE_PT, Chain, Intent, Place, Tier
from bubuh.pdf.refusals import DocumentRefused, Reason, may_be_repaired
from bubuh.pdf.seal.pki import development_pki
from bubuh.sandbox import Sandbox
from bubuh.sandbox.calls import Kind, PlanArguments

LOCKED: Final = frozenset({Reason.ENCRYPTED, Reason.CERTIFIED})  #: by a password, or by who signed before
ACTIVE: Final = frozenset(  #: acts by itself, or would
    {
        Reason.XFA,
        Reason.JAVASCRIPT,
        Reason.LAUNCH,
        Reason.ACTS_ALONE,
        Reason.EMBEDDED_PROGRAM,
        Reason.EXTERNAL_CONTENT,
    }
)

_PROGRAM: Final = ("-m", "bubuh.bench.corpus_zygote")
_SERIAL: Final = "0BBH7K2M9QX4ZTR1W8S5AG"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What others say of a file: pages that a renderer sees, and why the lean engine alone declines it."""

    pages: int | None
    declined: str | None


OUTLINE: Final = Kind("outline", msgspec.msgpack.Decoder(Outline), 1 << 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one file ended."""

    file: str  #: path below the corpus
    tier: Tier | None  #: None: refused
    reason: str | None  #: code of the refusal
    pages: int | None  #: that the renderer sees; None: it does not open the file
    lean: str  #: planned, or why the lean engine alone declines

    @property
    def set_name(self) -> str:
        """The folder of the corpus that the file is of."""
        return Path(self.file).parts[0]

    @property
    def counts(self) -> bool:
        """Whether a renderer opens the file, and it is neither locked nor active."""
        return bool(self.pages) and self.reason not in LOCKED | ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How all files ended."""

    outcomes: tuple[Outcome, ...]

    def facts(self) -> dict[str, object]:
        """For JSON: a row for each set and one for all; reasons; each file that was refused or repaired."""
        names = sorted({outcome.set_name for outcome in self.outcomes})
        of_sets = [_row(name, [o for o in self.outcomes if o.set_name == name]) for name in names]
        return {
            "rows": [*of_sets, _row("all", self.outcomes)],
            "refused": _counted(o.reason for o in self.outcomes if o.reason),
            "refused_though_opened": _counted(o.reason for o in self.outcomes if o.counts and o.reason),
            "lean": _counted(o.lean for o in self.outcomes),
            "files": [asdict(o) for o in self.outcomes if o.tier in {None, Tier.T3}],
        }


def _row(name: str, outcomes: Sequence[Outcome]) -> Mapping[str, object]:
    counted = [outcome for outcome in outcomes if outcome.counts]
    served = sum(outcome.tier is not None for outcome in counted)
    lean = sum(outcome.lean == "planned" for outcome in outcomes)
    tiers = Counter(outcome.tier for outcome in outcomes)
    return {
        "set": name,
        "files": len(outcomes),
        **{str(tier): tiers[tier] for tier in Tier},
        "refused": tiers[None],
        "lean_planned": lean,
        "lean_share": _share(lean, len(outcomes)),
        "opened": len(counted),
        "opened_served": served,
        "served_share": _share(served, len(counted)),
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _counted(words: Iterable[str]) -> dict[str, int]:
    return dict(Counter(words).most_common())


def measure_corpus(folder: Path, *, now: datetime, jobs: int, told: Callable[[float], None]) -> Report:
    """Put every PDF below `folder` through the service's way, `jobs` at once; `told` hears the share done."""
    files = sorted(found for found in folder.rglob("*") if found.suffix.lower() == ".pdf")
    with (
        Sandbox.start(Uids.here().sandbox, at_once=jobs) as sandbox,
        Sandbox.start(Uids.here().sandbox, program=_PROGRAM, at_once=jobs) as beside,
    ):
        return asyncio.run(_measure(files, _Way(folder, sandbox, beside, _asked(now)), jobs, told))


async def _measure(files: Sequence[Path], way: _Way, jobs: int, told: Callable[[float], None]) -> Report:
    outcomes: list[Outcome] = []
    async for outcome in _each(files, way, jobs):
        outcomes.append(outcome)
        told(len(outcomes) / len(files))
    return Report(outcomes=tuple(outcomes))


async def _each(files: Sequence[Path], way: _Way, jobs: int) -> AsyncIterator[Outcome]:
    """The outcomes in the order of the files; twice `jobs` are in hand, so that no core waits."""
    left = iter(files)
    async with asyncio.TaskGroup() as group:
        in_hand = [group.create_task(way.go(file)) for file in islice(left, 2 * jobs)]
        while in_hand:
            yield await in_hand.pop(0)
            in_hand += [group.create_task(way.go(file)) for file in islice(left, 1)]


@dataclass(frozen=True, slots=True)
class _Way:
    """What a file passes through."""

    folder: Path
    sandbox: Sandbox
    beside: Sandbox  #: with the jobs of `corpus_zygote`
    asked: PlanArguments

    async def go(self, file: Path) -> Outcome:
        """How `file` ends."""
        document = await asyncio.to_thread(file.read_bytes)
        try:
            outline = await self.beside.line.call(OUTLINE, self.asked, document)
        except Refusal as died:
            outline = Outline(pages=None, declined=_reason(died))
        tier, reason = await self._served(document)
        return Outcome(
            file=str(file.relative_to(self.folder)),
            tier=tier,
            reason=reason,
            pages=outline.pages,
            lean=outline.declined or "planned",
        )

    async def _served(self, document: bytes) -> tuple[Tier | None, str | None]:
        try:
            base, repaired = await self._base(document)
            increment = await self.sandbox.plan(base, self.asked.intent, self.asked.chain)
        except Refusal as refused:
            return None, _reason(refused)
        return (Tier.T3 if repaired else increment.tier), None

    async def _base(self, document: bytes) -> tuple[bytes, bool]:
        """What is stamped, and whether it was written anew for it."""
        try:
            await self.sandbox.inspect(document)
        except DocumentRefused as refused:
            if not may_be_repaired(refused):
                raise
            return (await self.sandbox.repair(document)).document, True
        return document, False


def _reason(refused: Refusal) -> str:
    return str(refused.details.get("reason", refused.code))


def _asked(now: datetime) -> PlanArguments:
    """The smallest face in the top left corner of the first page."""
    pki = development_pki(now)
    chain = Chain(
        key_id="bench", seal_certificate=pki.seal_certificate, issuing_certificate=pki.issuing_certificate
    )
    intent = Intent(
        serial_no=_SERIAL,
        place=Place(page=1, x_pt=0, y_pt=0, side_pt=LEAST_SIDE_PT),
        signed_at=now,
        file_id=bytes(range(16)),
        qr_payload=f"https://bubuh.example/s/{_SERIAL}",
        key_id=chain.key_id,
    )
    return PlanArguments(intent=intent, chain=chain)
