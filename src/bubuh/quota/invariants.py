"""The invariants by name, and how one is asked for. Their words stand in docs/reference/invariants.md."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.core.shards import Shard
from bubuh.db.pool import Database, Row
from bubuh.db.queries import columns, load_queries
from bubuh.quota.model import Leg

SQL = load_queries("bubuh.quota", file_name="invariants.sql")
_PAGE: Final = 500
_NOBODY: Final = UUID(int=0)


class Invariant(StrEnum):
    """What must hold at every commit. A name never changes its meaning: alarms and audit use it."""

    CONSERVATION = "conservation"
    IN_TRANSIT_HAS_FACT = "in_transit_has_fact"
    HELD_EQUALS_HOLDS = "held_equals_holds"
    HOLD_HAS_PURPOSE = "hold_has_purpose"
    USED_EQUALS_SEALS = "used_equals_seals"
    SHARE_IS_ITS_PARENTS = "share_is_its_parents"
    PAYMENT_ALLOTTED_ONCE = "payment_allotted_once"
    PAYMENT_EXPLAINED = "payment_explained"
    PROCESSING_HAS_LEASE = "processing_has_lease"
    SERIAL_UNIQUE_BLOCK_KNOWN = "serial_unique_block_known"
    AFFIXED_HAS_OBJECT = "affixed_has_object"
    STATES_FORWARD = "states_forward"
    AUDIT_CHAIN_WHOLE = "audit_chain_whole"
    OUTBOX_FRESH = "outbox_fresh"
    WAITS_END = "waits_end"


#: something waits too long while the books agree: an operator is called, nobody's account is frozen
LATE: Final = frozenset({Invariant.PROCESSING_HAS_LEASE, Invariant.OUTBOX_FRESH, Invariant.WAITS_END})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is asked about: None is everything."""

    account_ids: Sequence[AccountId] | None = None
    ids: Sequence[UUID] | None = None  #: what moved stamps: stamps, holds, orders, transfers
    by_folds: bool = False  #: believe what was folded before
    accept_wait_s: float = 86_400.0  #: how long a stamp may wait `accepted`


EVERYTHING: Final = Scope()


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One breach: whose, on what, what should be and what is."""

    invariant: Invariant
    shard: Shard
    account_id: AccountId | None  #: None when no account can be named
    subject: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LegRow:
    """One leg of a transfer between accounts, as found."""

    account_id: AccountId
    ref: UUID
    counter_account_id: AccountId
    stamps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionRow:
    """One revision of a document, whose bytes lie elsewhere."""

    account_id: AccountId
    document_id: UUID
    no: int


async def ask(
    db: Database, invariant: Invariant, shard: Shard, scope: Scope = EVERYTHING
) -> list[Difference]:
    """The breaches of `invariant` in one shard, in one statement."""
    statement = getattr(SQL, invariant)
    arguments = [getattr(scope, name) for name in statement.parameters[1:]]
    return _differences(invariant, shard, await db.fetch(statement.sql, shard, *arguments))


async def list_legs(
    db: Database, shard: Shard, leg: Leg, scope: Scope = EVERYTHING
) -> AsyncIterator[list[LegRow]]:
    """All of one kind of leg at a shard's accounts, a page at a time."""
    place: tuple[int, UUID] = (0, _NOBODY)
    asked = (f"transfer_{leg}", scope.account_ids, scope.ids)
    while rows := await db.fetch(SQL.list_legs.sql, shard, *asked, *place, _PAGE):
        legs = [LegRow(**row) for row in rows]
        yield legs
        place = (legs[-1].account_id, legs[-1].ref)


async def ask_legs(db: Database, shard: Shard, leg: Leg, wanted: Sequence[LegRow]) -> list[Difference]:
    """Those of the `wanted` legs that are missing at the accounts of `shard`."""
    arrays = columns(wanted, "account_id", "ref", "counter_account_id", "stamps")
    rows = await db.fetch(SQL.legs_unmatched.sql, shard, f"transfer_{leg}", *arrays)
    return _differences(Invariant.CONSERVATION, shard, rows)


async def list_revisions(db: Database, shard: Shard) -> AsyncIterator[RevisionRow]:
    """All revisions of a shard's documents that were not destroyed."""
    place: tuple[int, UUID, int] = (0, _NOBODY, 0)
    while rows := await db.fetch(SQL.list_revisions.sql, shard, *place, _PAGE):
        for row in rows:
            yield RevisionRow(**row)
        place = (rows[-1]["account_id"], rows[-1]["document_id"], rows[-1]["no"])


def _differences(invariant: Invariant, shard: Shard, rows: Sequence[Row]) -> list[Difference]:
    return [Difference(invariant=invariant, shard=shard, **row) for row in rows]
