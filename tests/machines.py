"""What rule-based machines over a real database share: the database, a loop, and how long to go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, settings

from bubuh.db.pool import Conn, Database, connect
from tests.conftest import Template

Run = Callable[[Coroutine[Any, Any, Any]], Any]


@dataclass(frozen=True)
class World:
    """A database of its own, and a loop to talk to it from a machine, which knows no await."""

    runner: asyncio.Runner
    db: Database  #: as the application
    signer: Database
    owner: Conn

    @property
    def run(self) -> Run:
        """Awaits something."""
        return self.runner.get_loop().run_until_complete

    def plant(self, function: str, right: str, wrong: str) -> None:
        """Put a fault into a function of the database."""
        text: str = self.run(self.owner.fetchval("SELECT pg_get_functiondef($1::regproc)", function))
        assert right in text
        self.run(self.owner.execute(text.replace(right, wrong)))


@contextmanager
def open_world(template: Template) -> Iterator[World]:
    """A copy of `template` for one machine."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        dsns = runner.run(stack.enter_async_context(template.copy()))
        db = runner.run(stack.enter_async_context(runner.run(Database.open(dsns.app, size=3))))
        signer = runner.run(stack.enter_async_context(runner.run(Database.open(dsns.signer, size=1))))
        owner = runner.run(connect(dsns.owner))
        yield World(runner, db, signer, owner)
        runner.run(owner.close())
        runner.run(stack.aclose())


def how(examples: int, steps: int, *, shrink: bool = True) -> settings:
    """Settings for `examples` runs of at most `steps` each."""
    phases = [Phase.explicit, Phase.reuse, Phase.generate, *([Phase.shrink] if shrink else [])]
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        database=None,
    )
