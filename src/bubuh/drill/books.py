"""What the service's own rows say, read in one snapshot, for the history checker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bubuh.core.ids import show_account, show_id
from bubuh.core.shards import ALL_SHARDS
from bubuh.db.pool import Conn, Database
from bubuh.db.queries import load_queries

SQL: Final = load_queries(__package__)


@dataclass(frozen=True, slots=True, kw_only=True)
class StampRow:
    """A stamp as it stands."""

    account: str
    id: str
    state: str
    serial_no: str | None = None
    sha256: str | None = None  #: of the document with it, once it is affixed


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """An order as it stands."""

    account: str
    id: str
    state: str
    stamps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRow:
    """A document as it stands."""

    account: str
    id: str
    state: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRow:
    """One movement of quota; `ref` is the bare id, in hex, of what moved it."""

    account: str
    ref: str
    kind: str
    debit: str
    credit: str
    stamps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceRow:
    """What an account has."""

    account: str
    free: int = 0
    held: int = 0
    used: int = 0
    in_transit: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """All rows the checker looks at."""

    accounts: Sequence[str] = ()
    stamps: Sequence[StampRow] = ()
    orders: Sequence[OrderRow] = ()
    documents: Sequence[DocumentRow] = ()
    transfers: Sequence[TransferRow] = ()
    balances: Sequence[BalanceRow] = field(default=())


async def read_books(db: Database) -> Books:
    """The books as they stand at one moment."""
    async with db.transaction() as conn:
        await conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        accounts = [show_account(row["id"]) for row in await conn.fetch(SQL.list_accounts.sql)]
        stamps, orders, documents = list[StampRow](), list[OrderRow](), list[DocumentRow]()
        transfers, balances = list[TransferRow](), list[BalanceRow]()
        for shard in ALL_SHARDS:
            stamps += await _stamps(conn, shard)
            orders += await _orders(conn, shard)
            documents += await _documents(conn, shard)
            transfers += await _transfers(conn, shard)
            balances += await _balances(conn, shard)
    return Books(
        accounts=accounts,
        stamps=stamps,
        orders=orders,
        documents=documents,
        transfers=transfers,
        balances=balances,
    )


async def _stamps(conn: Conn, shard: int) -> list[StampRow]:
    return [
        StampRow(
            account=show_account(row["account_id"]),
            id=show_id("stm", row["id"]),
            state=row["state"],
            serial_no=row["serial_no"],
            sha256=row["sha256"].hex() if row["sha256"] is not None else None,
        )
        for row in await conn.fetch(SQL.list_stamps.sql, shard)
    ]


async def _orders(conn: Conn, shard: int) -> list[OrderRow]:
    return [
        OrderRow(
            account=show_account(row["account_id"]),
            id=show_id("ord", row["id"]),
            state=row["state"],
            stamps=row["stamps"],
        )
        for row in await conn.fetch(SQL.list_orders.sql, shard)
    ]


async def _documents(conn: Conn, shard: int) -> list[DocumentRow]:
    return [
        DocumentRow(
            account=show_account(row["account_id"]),
            id=show_id("doc", row["id"]),
            state=row["state"],
            sha256=row["sha256"].hex(),
        )
        for row in await conn.fetch(SQL.list_documents.sql, shard)
    ]


async def _transfers(conn: Conn, shard: int) -> list[TransferRow]:
    return [
        TransferRow(
            account=show_account(row["account_id"]),
            ref=row["ref"].hex,
            kind=row["kind"],
            debit=row["debit"],
            credit=row["credit"],
            stamps=row["stamps"],
        )
        for row in await conn.fetch(SQL.list_transfers.sql, shard)
    ]


async def _balances(conn: Conn, shard: int) -> list[BalanceRow]:
    return [
        BalanceRow(
            account=show_account(row["account_id"]),
            free=row["free"],
            held=row["held"],
            used=row["used"],
            in_transit=row["in_transit"],
        )
        for row in await conn.fetch(SQL.list_balances.sql, shard)
    ]
