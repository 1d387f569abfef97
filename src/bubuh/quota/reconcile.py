"""Hold the books against each other, and against their witnesses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bubuh.audit.model import Break
from bubuh.audit.verify import verify_shard
from bubuh.core.shards import ALL_SHARDS, Shard, shard_of_account
from bubuh.db.pool import Database
from bubuh.quota import invariants
from bubuh.quota.invariants import Difference, Invariant, LegRow, RevisionRow, Scope
from bubuh.quota.model import Leg
from bubuh.quota.ports import Revisions


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was asked, and every breach that was found."""

    asked: tuple[Invariant, ...]
    differences: tuple[Difference, ...]

    @property
    def balanced(self) -> bool:
        """Whether everything that was asked holds."""
        return not self.differences


async def reconcile(
    db: Database,
    *,
    revisions: Revisions | None = None,
    asked: Collection[Invariant] = tuple(Invariant),
    accept_wait_s: float = 86_400.0,
) -> Report:
    """Ask every invariant of every shard about everything, while the service works.

    Without `revisions` the documents' bytes are not read, only their rows.
    """
    differences = [
        difference
        for shard in ALL_SHARDS
        for invariant in asked
        for difference in await ask(db, invariant, shard, Scope(accept_wait_s=accept_wait_s), revisions)
    ]
    return Report(asked=tuple(asked), differences=tuple(differences))


async def ask(
    db: Database, invariant: Invariant, shard: Shard, scope: Scope, revisions: Revisions | None = None
) -> list[Difference]:
    """The breaches of one invariant in one shard."""
    match invariant:
        case Invariant.AUDIT_CHAIN_WHOLE:
            return [altered(found) for found in await verify_shard(db, shard)]
        case Invariant.CONSERVATION:
            rows = await invariants.ask(db, invariant, shard, scope)
            return [*rows, *await _ask_transfers(db, shard, scope)]
        case Invariant.AFFIXED_HAS_OBJECT if revisions is not None:
            rows = await invariants.ask(db, invariant, shard, scope)
            return [*rows, *await _ask_objects(db, shard, revisions)]
        case _:
            return await invariants.ask(db, invariant, shard, scope)


def altered(found: Break) -> Difference:
    """A break of the audit's chain, as a difference: nobody's, for a chain is a shard's."""
    return Difference(
        invariant=Invariant.AUDIT_CHAIN_WHOLE,
        shard=found.shard,
        account_id=None,
        subject=f"entry {found.no} of shard {found.shard}",
        expected="whole",
        found=str(found.kind),
    )


async def _ask_transfers(db: Database, shard: Shard, scope: Scope) -> list[Difference]:
    """Between accounts nothing arrives that was not sent, and nothing is acknowledged that did not arrive.

    A leg is committed before the next is written, so what is read here must find the one before it.
    """
    return [
        difference
        for leg, earlier in ((Leg.ACK, Leg.IN), (Leg.IN, Leg.OUT))
        async for legs in invariants.list_legs(db, shard, leg, scope)
        for there, wanted in _by_counter_shard(legs).items()
        for difference in await invariants.ask_legs(db, there, earlier, wanted)
    ]


def _by_counter_shard(legs: Sequence[LegRow]) -> dict[Shard, list[LegRow]]:
    """What the other sides of `legs` should look like, by the shard that should hold it."""
    found: dict[Shard, list[LegRow]] = defaultdict(list)
    for leg in legs:
        other = LegRow(
            account_id=leg.counter_account_id,
            ref=leg.ref,
            counter_account_id=leg.account_id,
            stamps=leg.stamps,
        )
        found[shard_of_account(other.account_id)].append(other)
    return found


async def _ask_objects(db: Database, shard: Shard, revisions: Revisions) -> list[Difference]:
    return [
        _unreadable(shard, row, fault)
        async for row in invariants.list_revisions(db, shard)
        if (fault := await revisions.fault_of(row.account_id, row.document_id, row.no)) is not None
    ]


def _unreadable(shard: Shard, row: RevisionRow, fault: str) -> Difference:
    return Difference(
        invariant=Invariant.AFFIXED_HAS_OBJECT,
        shard=shard,
        account_id=row.account_id,
        subject=f"revision {row.no} of document {row.document_id}",
        expected="its bytes",
        found=fault,
    )
