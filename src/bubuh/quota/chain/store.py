"""The chain's statements, one typed function each."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from bubuh.core.ids import AccountId
from bubuh.core.shards import Shard
from bubuh.db.pool import Conn, Database, Row
from bubuh.db.queries import load_queries
from bubuh.quota.chain.heads import Ends, SignedHead
from bubuh.quota.chain.model import Head, Link, TransferRow

SQL = load_queries("bubuh.quota.chain")


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """What one call linked."""

    seen: AccountId | None  #: the last account that had anything to link; None when none had
    linked: int  #: transfers


@dataclass(frozen=True, slots=True, kw_only=True)
class Misnumbered:
    """An account whose transfers are not numbered from 1 to `moves`."""

    account_id: AccountId
    moves: int  #: what its balance counts
    top: int  #: the highest number there is
    wrong: int | None  #: the first number that stands where another belongs
    due: int | None  #: the number that belongs there


async def link(db: Database, shard: Shard, *, after: AccountId, most: int) -> Linked | None:
    """Link the next unlinked transfers of accounts after `after`, in one commit. At most twice `most`.

    None: another links this shard just now.
    """
    row = await db.fetchrow(SQL.link.sql, shard, after, most)
    return None if row is None else Linked(**row)


async def find_head(where: Conn | Database, shard: Shard) -> tuple[Head, int]:
    """A shard's head, and the number of the last link at the same moment."""
    row = await where.fetchrow(SQL.find_head.sql, shard)
    assert row is not None, "the migration wrote a head for each shard"
    return Head(shard=shard, no=row["no"], hash=row["hash"]), row["last_no"]


async def list_links(db: Database, shard: Shard, *, after_no: int, last_no: int, at_most: int) -> list[Link]:
    """Links after `after_no` up to `last_no`, in their order."""
    rows = await db.fetch(SQL.list_links.sql, shard, after_no, last_no, at_most)
    return [Link(**row) for row in rows]


async def list_transfers(db: Database, link_: Link) -> list[TransferRow]:
    """The transfers that stand in a link's ranges, by account and number."""
    ranges = (list(link_.account_ids), list(link_.firsts), list(link_.lasts))
    rows = await db.fetch(SQL.list_transfers.sql, link_.shard, *ranges)
    return [TransferRow(**row) for row in rows]


async def list_misnumbered(db: Database, shard: Shard) -> list[Misnumbered]:
    """The accounts of a shard whose transfers are not numbered as their balances count."""
    return [Misnumbered(**row) for row in await db.fetch(SQL.misnumbered.sql, shard)]


async def count_unlinked(db: Database, shard: Shard) -> int:
    """How many transfers of a shard wait to be linked."""
    count: int = await db.fetchval(SQL.count_unlinked.sql, shard)
    return count


async def list_hashes(where: Conn | Database, shard: Shard, nos: Collection[int]) -> list[tuple[int, bytes]]:
    """Number and hash of those links of a shard that there are."""
    rows = await where.fetch(SQL.list_hashes.sql, shard, sorted(nos)) if nos else []
    return [(row["no"], row["hash"]) for row in rows]


async def newest_signed(where: Conn | Database) -> SignedHead | None:
    """The signed head with the highest number."""
    row = await where.fetchrow(SQL.newest_signed.sql)
    return None if row is None else _signed(row)


async def list_signed(db: Database, *, after_no: int, at_most: int) -> list[SignedHead]:
    """Signed heads after a number, in their order."""
    return [_signed(row) for row in await db.fetch(SQL.list_signed.sql, after_no, at_most)]


async def keep_signed(where: Conn | Database, head: SignedHead) -> bool:
    """Keep a signed head; false where another one has its number."""
    ends = head.ends
    places = (ends.no, ends.signed_at, list(ends.nos), ends.digest, ends.previous_hash)
    kept: bool = await where.fetchval(SQL.keep_signed.sql, *places, head.key_id, head.signature)
    return kept


def _signed(row: Row) -> SignedHead:
    names = ("no", "signed_at", "nos", "digest", "previous_hash")
    ends = Ends(**{name: row[name] for name in names})
    return SignedHead(ends=ends, key_id=row["key_id"], signature=row["signature"])
