"""The sandbox as the rest of the service sees it: questions about a stranger's bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Self, TypeVar

import structlog

from bubuh.core.privileges import Uids
from bubuh.pdf.judge.lean import judge_stamped
from bubuh.pdf.model import (
    Chain,
    Evidence,
    Facts,
    Increment,
    Indication,
    Intent,
    Judgement,
    Normalised,
    PageBox,
    Place,
    StampFinding,
    Trust,
)
from bubuh.pdf.picture import Picture
from bubuh.pdf.seal.proof import prove
from bubuh.sandbox.answers import garbled
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
    Kind,
    PlanArguments,
    RecogniseArguments,
    RehearseArguments,
    RepairArguments,
    TellMidstateArguments,
    TryMidstateArguments,
)
from bubuh.sandbox.line import PROGRAM, Line
from bubuh.sandbox.refusals import SandboxDied

R = TypeVar("R")

_log = structlog.get_logger(__name__)


class Sandbox:
    """Opens documents in processes that can do nothing else; what matters, each in one of its own.

    Started before its owner opens a secret, a socket or a database, from the thread that lives as long as the
    owner does, and used from one event loop. Every method waits its turn (one process a core), and raises the
    refusals of `bubuh.pdf`, `SandboxDied` (a refusal too: the document is to blame) or `SandboxUnavailable`.
    """

    def __init__(self, line: Line) -> None:
        """Use `start`."""
        self.line = line

    @classmethod
    def start(cls, uid: int | None, *, program: Sequence[str] = PROGRAM, at_once: int | None = None) -> Self:
        """Start it, and wait until it is locked down. `uid` is `Uids.here().sandbox`: None without root."""
        return cls(Line.start(uid, program=program, at_once=at_once))

    @classmethod
    def launch(cls, uid: int | None) -> Self:
        """Start, and do something else while it loads; `until_ready` before the first question."""
        return cls(Line.launch(uid))

    def until_ready(self) -> None:
        """Wait until it is locked down; raises `SandboxUnavailable`."""
        self.line.until_ready()

    @classmethod
    @contextmanager
    def open_sync(cls) -> Iterator[SyncSandbox]:
        """A sandbox for a command that has no event loop, closed at the end of the block."""
        with cls.start(Uids.here().sandbox) as sandbox, asyncio.Runner() as runner:
            yield SyncSandbox(sandbox, runner)

    async def inspect(self, document: bytes) -> Facts:
        """What `document` is, or the refusal that says why it cannot be stamped."""
        return await self.line.call(INSPECT, InspectArguments(), document)

    async def repair(self, document: bytes) -> Normalised:
        """A damaged `document` written anew and inspected, or the refusal that says why it cannot be."""
        return await self.line.call(REPAIR, RepairArguments(), document)

    async def plan(self, document: bytes, intent: Intent, chain: Chain) -> Increment:
        """What the stamp `intent` appends to `document`, planned and then read back by a second parser.

        The lean engine plans in a process that many documents share but no other parser ever ran in, and the
        second parser reads in one that plans nothing (why: `inspector`). What the lean engine declines is
        planned in a process of its own; so is what was the end of a shared one.

        Whatever became of the child, the digest to be sealed is over `document` and what is appended to it.
        """
        arguments = PlanArguments(intent=intent, chain=chain)
        try:
            increment = await self.line.call(PLAN_LEAN, arguments, document)
            if increment is not None:
                read = RehearseArguments(intent=intent, increment=increment)
                await self.line.call(REHEARSE, read, document)
                return increment
        except SandboxDied:
            _log.info("planned_alone")
        return await self.line.call(PLAN, arguments, document)

    async def tell_midstate(self, document: bytes, page: int) -> bytes:
        """What `document` sends instead of itself, encoded, for a stamp on that page."""
        return await self.line.call(TELL_MIDSTATE, TellMidstateArguments(page=page), document)

    async def try_midstate(self, midstate: bytes, page: int) -> PageBox:
        """How a page is seen of the document behind `midstate` (encoded), or why it cannot be stamped so."""
        return await self.line.call(TRY_MIDSTATE, TryMidstateArguments(page=page), midstate)

    async def plan_midstate(self, midstate: bytes, intent: Intent, chain: Chain) -> Increment:
        """What the stamp `intent` appends to the document behind `midstate`, encoded.

        There is no document to read back; the digest is over it and what is appended, whoever planned.
        """
        return await self.line.call(PLAN_MIDSTATE, PlanArguments(intent=intent, chain=chain), midstate)

    async def judge(self, document: bytes, trust: Trust) -> Judgement:
        """Whether the stamps in `document` are genuine, as far as the document itself can tell.

        Our own form is recognised in a process that many documents share; the rest is judged in one of its
        own. Whatever became of either, each seal that is said to be proven is proven again here.
        """
        stamps = await self.line.call(RECOGNISE, RecogniseArguments(), document)
        said = None if stamps is None else judge_stamped(document, stamps, trust)
        if said is not None:
            return said
        judgement = await self.line.call(JUDGE, JudgeArguments(trust=trust), document)
        if not all(_is_proven(finding, document, trust) for finding in judgement.stamps):
            raise garbled("a seal that proves nothing")
        return judgement

    async def draw_page(self, document: bytes, page: int) -> Picture:
        """Page `page` (from 1) of `document` as a picture, drawn in a process of its own."""
        return await self.line.call(DRAW, DrawArguments(page=page), document)

    async def covered(self, document: bytes, wanted: Sequence[tuple[Place, PageBox]]) -> tuple[bool, ...]:
        """For each place, on a page of that box, whether a face there would cover something that is seen."""
        told = await self.line.call(COVER, CoverArguments(wanted=tuple(wanted)), document)
        if len(told) != len(wanted):
            raise garbled("an answer for each place")
        return told

    async def append_dss(self, document: bytes, evidence: Evidence) -> bytes:
        """What a DSS with `evidence` appends to the stamped `document`."""
        return await self.line.call(DSS, DssArguments(evidence=evidence), document)

    async def gone(self) -> None:
        """Return when the sandbox is lost: the process that owns it should end and be started again."""
        await self.line.gone()

    def close(self) -> None:
        """End it, children and all."""
        self.line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class SyncSandbox:
    """The same questions, for a caller that waits."""

    def __init__(self, sandbox: Sandbox, runner: asyncio.Runner) -> None:
        self._sandbox = sandbox
        self._runner = runner

    def call(self, kind: Kind[R], arguments: object, document: bytes) -> R:
        """See `Line.call`."""
        return self._runner.run(self._sandbox.line.call(kind, arguments, document))

    def inspect(self, document: bytes) -> Facts:
        """See `Sandbox.inspect`."""
        return self._runner.run(self._sandbox.inspect(document))

    def repair(self, document: bytes) -> Normalised:
        """See `Sandbox.repair`."""
        return self._runner.run(self._sandbox.repair(document))

    def plan(self, document: bytes, intent: Intent, chain: Chain) -> Increment:
        """See `Sandbox.plan`."""
        return self._runner.run(self._sandbox.plan(document, intent, chain))

    def tell_midstate(self, document: bytes, page: int) -> bytes:
        """See `Sandbox.tell_midstate`."""
        return self._runner.run(self._sandbox.tell_midstate(document, page))

    def judge(self, document: bytes, trust: Trust) -> Judgement:
        """See `Sandbox.judge`."""
        return self._runner.run(self._sandbox.judge(document, trust))


def _is_proven(finding: StampFinding, document: bytes, trust: Trust) -> bool:
    """Whether a seal that passed covers what is said of `document`, by our own arithmetic; others need not.

    When there is a time-stamp, the seal's own certificates may have expired; only the child read its time.
    """
    if finding.indication is not Indication.PASSED:
        return True
    proof = None if finding.sealed is None else prove(document, finding.sealed, trust)
    return (
        proof is not None
        and proof.digest == finding.digest
        and (proof.time_stamp is not None or proof.path.holds(trust.now))
    )
