"""What a child does with a document. Imported by the zygote alone: it loads the PDF libraries."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from bubuh.pdf.general.dss import append_dss
from bubuh.pdf.intake.inspection import inspect
from bubuh.pdf.intake.repair import repair
from bubuh.pdf.judge.several import read_stamps
from bubuh.pdf.judge.verdict import judge_whole
from bubuh.pdf.lean.declined import Declined
from bubuh.pdf.lean.engine import plan_lean
from bubuh.pdf.lean.stamped import Stamped, last_seal
from bubuh.pdf.midstate import decoded, encoded, midstate_of, page_box_of, plan_midstate
from bubuh.pdf.model import Facts, Increment, Judgement, Normalised, PageBox
from bubuh.pdf.picture import Picture
from bubuh.pdf.plan import plan
from bubuh.pdf.preview import covered, draw_page
from bubuh.pdf.rehearse import rehearse
from bubuh.pdf.warm_up import warm_up
from bubuh.sandbox.calls import (
    COVER,
    DRAW,
    DSS,
    INSPECT,
    JUDGE,
    PLAN,
    PLAN_LEAN,
    PLAN_MIDSTATE,
    RECOGNISE,
    REHEARSE,
    REPAIR,
    TELL_MIDSTATE,
    TRY_MIDSTATE,
    CoverArguments,
    DrawArguments,
    DssArguments,
    InspectArguments,
    JudgeArguments,
    PlanArguments,
    RecogniseArguments,
    RehearseArguments,
    RepairArguments,
    TellMidstateArguments,
    TryMidstateArguments,
)
from bubuh.sandbox.child import Job


def _inspect(_: InspectArguments, document: bytes) -> Facts:
    return inspect(document)


def _repair(_: RepairArguments, document: bytes) -> Normalised:
    return repair(document)


def _plan(asked: PlanArguments, document: bytes) -> Increment:
    increment = plan(document, asked.intent, asked.chain)
    rehearse(document, increment, asked.intent)
    return increment


def _plan_lean(asked: PlanArguments, document: bytes) -> Increment | None:
    try:
        return plan_lean(document, asked.intent, asked.chain)
    except Declined:
        return None


def _rehearse(asked: RehearseArguments, document: bytes) -> None:
    rehearse(document, asked.increment, asked.intent)


def _tell_midstate(asked: TellMidstateArguments, document: bytes) -> bytes:
    return encoded(midstate_of(document, asked.page))


def _try_midstate(asked: TryMidstateArguments, midstate: bytes) -> PageBox:
    return page_box_of(decoded(midstate), asked.page)


def _plan_midstate(asked: PlanArguments, midstate: bytes) -> Increment:
    return plan_midstate(decoded(midstate), asked.intent, asked.chain)


def _recognise(_: RecogniseArguments, document: bytes) -> tuple[Stamped, ...] | None:
    try:
        return read_stamps(document, last_seal(document))
    except Declined:
        return None


def _draw(asked: DrawArguments, document: bytes) -> Picture:
    return draw_page(document, asked.page)


def _cover(asked: CoverArguments, document: bytes) -> tuple[bool, ...]:
    return covered(document, asked.wanted)


def _dss(asked: DssArguments, document: bytes) -> bytes:
    return append_dss(document, asked.evidence)


def _judge(asked: JudgeArguments, document: bytes) -> Judgement:
    return judge_whole(document, asked.trust)


JOBS: Final[Mapping[str, Job]] = MappingProxyType(
    {
        INSPECT.job: Job(InspectArguments, _inspect),
        REPAIR.job: Job(RepairArguments, _repair),
        PLAN.job: Job(PlanArguments, _plan),
        PLAN_LEAN.job: Job(PlanArguments, _plan_lean),
        REHEARSE.job: Job(RehearseArguments, _rehearse),
        TELL_MIDSTATE.job: Job(TellMidstateArguments, _tell_midstate),
        TRY_MIDSTATE.job: Job(TryMidstateArguments, _try_midstate),
        PLAN_MIDSTATE.job: Job(PlanArguments, _plan_midstate),
        RECOGNISE.job: Job(RecogniseArguments, _recognise),
        DRAW.job: Job(DrawArguments, _draw),
        COVER.job: Job(CoverArguments, _cover),
        DSS.job: Job(DssArguments, _dss),
        JUDGE.job: Job(JudgeArguments, _judge),
    }
)

_RANDOM: Final = "/dev/urandom"


def open_early() -> frozenset[int]:
    """Have the PDF libraries open what they read later; answers the descriptors that children keep."""
    warm_up()
    opened = (
        int(entry.name)
        for entry in Path("/proc/self/fd").iterdir()
        if entry.is_symlink() and entry.readlink() == Path(_RANDOM)
    )
    return frozenset(opened)
