"""Acts on the hot path hand a request to a batch and await its outcome; they never take a connection."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, Protocol, TypeVar

from bubuh.core.shards import Shard
from bubuh.db.pool import Database

Request = TypeVar("Request")
Outcome = TypeVar("Outcome")
Request_contra = TypeVar("Request_contra", contravariant=True)
Outcome_co = TypeVar("Outcome_co", covariant=True)

#: runs one batch of one shard in one committed call; one outcome a request, in its order
ActN = Callable[[Database, Shard, Sequence[Request]], Awaitable[Sequence[Outcome]]]

#: the same, on a database that it knows
BoundActN = Callable[[Shard, Sequence[Request]], Awaitable[Sequence[Outcome]]]


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
