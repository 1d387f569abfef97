"""The sandbox as the rest of the service sees it: three questions about a stranger's bytes."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Self

from bubuh.core.privileges import Uids
from bubuh.pdf.model import Chain, Facts, Increment, Intent, Judgement, Trust
from bubuh.sandbox.answers import garbled
from bubuh.sandbox.calls import INSPECT, JUDGE, PLAN, InspectArguments, JudgeArguments, PlanArguments
from bubuh.sandbox.line import PROGRAM, Line

_MOST_ROOM_BYTES: Final = 1 << 16


class Sandbox:
    """Opens documents in processes that can do nothing else; each document in one of its own.

    Started before its owner opens a secret, a socket or a database, from the thread that lives as long as the
    owner does, and used from one event loop. Every method waits its turn (one child a core), and raises the
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
        facts = await self.line.call(INSPECT, InspectArguments(), document)
        if not _fits(facts, document):
            raise garbled("facts of another document")
        return facts

    async def plan(self, document: bytes, intent: Intent, chain: Chain) -> Increment:
        """What the stamp `intent` appends to `document`, planned and then read back by a second parser.

        Whatever became of the child, the digest to be sealed is over `document` and what is appended to it.
        """
        increment = await self.line.call(PLAN, PlanArguments(intent=intent, chain=chain), document)
        if not _covers(increment, document):
            raise garbled("digest of something else")
        return increment

    async def judge(self, document: bytes, trust: Trust) -> Judgement:
        """Whether the stamps in `document` are genuine, as far as the document itself can tell."""
        return await self.line.call(JUDGE, JudgeArguments(trust=trust), document)

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
    """The same three questions, for a caller that waits."""

    def __init__(self, sandbox: Sandbox, runner: asyncio.Runner) -> None:
        self._sandbox = sandbox
        self._runner = runner

    def inspect(self, document: bytes) -> Facts:
        """See `Sandbox.inspect`."""
        return self._runner.run(self._sandbox.inspect(document))

    def plan(self, document: bytes, intent: Intent, chain: Chain) -> Increment:
        """See `Sandbox.plan`."""
        return self._runner.run(self._sandbox.plan(document, intent, chain))

    def judge(self, document: bytes, trust: Trust) -> Judgement:
        """See `Sandbox.judge`."""
        return self._runner.run(self._sandbox.judge(document, trust))


def _fits(facts: Facts, document: bytes) -> bool:
    """Whether `facts` can be of this document and agree with themselves."""
    return (
        facts.size_bytes == len(document)
        and facts.sha256 == hashlib.sha256(document).digest()
        and 1 <= facts.pages == len(facts.boxes)
    )


def _covers(increment: Increment, document: bytes) -> bool:
    """Whether the digest is over the whole document and the whole increment but its room."""
    over = hashlib.sha256(document)
    over.update(increment.pre)
    over.update(increment.post)
    return increment.digest == over.digest() and 0 < increment.room_bytes <= _MOST_ROOM_BYTES
