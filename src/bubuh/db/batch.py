"""Acts on the hot path hand a request to a batch and await its outcome; they never take a connection."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Generic, Protocol, TypeAlias, TypeVar

from bubuh.core.shards import Shard
from bubuh.db.pool import Conn, Database, Row

Request = TypeVar("Request")
Outcome = TypeVar("Outcome")
Request_contra = TypeVar("Request_contra", contravariant=True)
Outcome_co = TypeVar("Outcome_co", covariant=True)

#: runs one batch of one shard in one committed call; one outcome a request, in its order
ActN = Callable[[Database, Shard, Sequence[Request]], Awaitable[Sequence[Outcome]]]

#: the same, on a database that it knows
BoundActN = Callable[[Shard, Sequence[Request]], Awaitable[Sequence[Outcome]]]

#: requests of one shard
Part: TypeAlias = tuple[Shard, Sequence[Request]]

#: runs requests of several shards, in the order of the shards, in one commit; outcomes part by part
Together = Callable[[Sequence[Part[Request]]], Awaitable[Sequence[Sequence[Outcome]]]]


@dataclass(frozen=True)  # no slots: a generic class that has them cannot be made with its types named
class SetAct(Generic[Request, Outcome]):
    """A statement over many requests of one shard that answers one row for each, in their order."""

    sql: str
    arguments: Callable[[Sequence[Request]], Sequence[object]]  #: those after the shard
    outcome: Callable[[Request, Row], Outcome]

    async def __call__(
        self, where: Conn | Database, shard: Shard, requests: Sequence[Request]
    ) -> list[Outcome]:
        """The outcomes of `requests`, all of `shard`; over a `Database`, in one commit."""
        rows = await where.fetch(self.sql, shard, *self.arguments(requests))
        return [self.outcome(request, row) for request, row in zip(requests, rows, strict=True)]

    async def together(self, db: Database, parts: Sequence[Part[Request]]) -> list[list[Outcome]]:
        """The outcomes of requests of several shards: the statement once a shard, all in one commit.

        `parts` come in the order of their shards, so that no two of these wait for each other's locks.
        """
        answered = await db.fetchmany(
            self.sql, [(shard, *self.arguments(requests)) for shard, requests in parts]
        )
        rows = iter(answered)
        return [
            [
                self.outcome(request, row)
                for request, row in zip(requests, islice(rows, len(requests)), strict=True)
            ]
            for _, requests in parts
        ]


class Batch(Protocol[Request_contra, Outcome_co]):
    """Runs requests, alone or many at a time; which, its callers cannot tell."""

    async def submit(self, shard: Shard, request: Request_contra) -> Outcome_co:
        """The outcome of `request`, committed when it is answered.

        Raises:
            DatabaseUnavailable: whether it was committed is not known; submit the same ids again.
        """
        ...


class OneByOne(Generic[Request, Outcome]):
    """Each request is a batch of its own."""

    def __init__(self, db: Database, act_n: ActN[Request, Outcome]) -> None:
        self._db = db
        self._act_n = act_n

    async def submit(self, shard: Shard, request: Request) -> Outcome:
        """See `Batch.submit`."""
        (outcome,) = await self._act_n(self._db, shard, [request])
        return outcome
