"""A gateway's settlement file that is wrong in every way, by the commands that an operator runs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bubuh.core.ids import AccountId, fresh_account_id, fresh_id, show_id
from tests.service.conftest import Running
from tests.service.till import (
    PROMISED_S,
    Buyer,
    Till,
    assert_books_agree,
    open_buyer,
    operator_key,
    unmatched,
)

pytestmark = [pytest.mark.service, pytest.mark.shared]

FORM = """form = "csv"
side = "gateway"
name = "development"
[columns]
reference = "ref"
amount = "jumlah"
paid_at = "kapan"
"""
#: our books: what no file may touch
BOOKS = (
    "quota_transfers",
    "quota_balances",
    "quota_holds",
    "orders",
    "order_payments",
    "order_reversals",
    "refunds",
)


@dataclass(frozen=True)
class Matched:
    """What a file was matched against, and what came of it."""

    buyer: Buyer
    refund: str  #: one that its gateway carried, and no line of the file is for
    wanted: set[tuple[str, str | None, int]]  #: all that is wrong: its kind, reference and amount
    before: dict[str, list[str]]  #: our books, before
    code: int  #: that the command ended with
    told: dict[str, Any]


@pytest.fixture(scope="module")
def matched(service: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matched]:
    """A file that is right in three lines, and wrong in every way in six."""
    till = Till(service)
    with open_buyer(service) as buyer:
        fits, missing, doubled, differs, last = (paid(buyer, till) for _ in range(5))
        unpaid, unknown = buyer.order(), show_id("ord", fresh_id(fresh_account_id()))
        refund = buyer.ask_back(fits)
        buyer.until_returned(fits, ("asked", "done", 10_000))
        now = datetime.now(UTC).isoformat()
        lines = [line(till, one) for one in (fits, doubled, last)]
        lines += [
            line(till, doubled),
            line(till, differs, amount_idr=30_001),
            f"{unknown}-1,30000,{now}",
            f"INV/2026/7,50000,{now}",
            f"{unpaid}-1,30000,{now}",
            f"{last}-1,-10000,{now}",  # given back, and not by us
        ]
        before = asyncio.run(rows(service, buyer.account_id))
        code, told = reconcile(service, tmp_path_factory.mktemp("settled"), lines)
        wanted = {
            ("settlement_missing", f"{missing}-1", 30_000),
            ("settlement_doubled", f"{doubled}-1", 30_000),
            ("settlement_differs", f"{differs}-1", 30_001),
            ("settlement_unknown", f"{unknown}-1", 30_000),
            ("settlement_unknown", "INV/2026/7", 50_000),
            ("settlement_unknown", f"{unpaid}-1", 30_000),
            ("return_unknown", f"{last}-1", 10_000),
            ("return_missing", None, 10_000),
        }
        yield Matched(buyer, refund, wanted, before, code, told)


def paid(buyer: Buyer, till: Till) -> str:
    """The number of an order that its gateway took money for."""
    order = buyer.order()
    till.pay(order)
    buyer.until_it_is(order, "filled")
    return order


def line(till: Till, order: str, *, amount_idr: int = 30_000) -> str:
    """What a true file says of an order, or one of another amount."""
    (payment,) = till.charge(order)["payments"]
    return f"{order}-1,{amount_idr},{payment['paid_at']}"


def reconcile(service: Running, folder: Path, lines: Sequence[str]) -> tuple[int, dict[str, Any]]:
    """How the command ends, and what it says of a file of these lines."""
    (folder / "own.toml").write_text(FORM)
    file = folder / "settled.csv"
    file.write_text("\n".join(["ref,jumlah,kapan", *lines, ""]))
    done = service.bubuh("payments", "reconcile", str(file), "--profiles", str(folder), "--json")
    return done.returncode, json.loads(done.stdout)


async def rows(service: Running, account_id: AccountId) -> dict[str, list[str]]:
    """The account's rows in our books."""
    conn = await service.connect()
    found = {}
    for table in BOOKS:
        sql = f"SELECT t::text AS row FROM {table} AS t WHERE account_id = $1 ORDER BY 1"
        found[table] = [str(row["row"]) for row in await conn.fetch(sql, account_id)]
    await conn.close()
    return found


def of_the_file(service: Running) -> list[dict[str, Any]]:
    """The lines of the operators' list that files brought there."""
    return [one for one in unmatched(service) if one["kind"].startswith(("settlement_", "return_"))]


def kinds(lines: Sequence[Mapping[str, Any]]) -> set[tuple[str, str | None, int]]:
    """Kind, reference and amount of lines about one thing each."""
    assert len({one["subject"] for one in lines}) == len(lines)
    return {(one["kind"], one["reference"], one["amount"]) for one in lines}


def test_all_that_a_file_gets_wrong_is_listed_and_nothing_booked(service: Running, matched: Matched) -> None:
    told, buyer = matched.told, matched.buyer
    assert (matched.code, told["lines"], told["matched"]) == (1, 9, 3)
    assert kinds(told["shown"]) == matched.wanted
    listed = of_the_file(service)
    assert kinds(listed) == matched.wanted
    (missed,) = [one for one in listed if one["kind"] == "return_missing"]
    assert missed["subject"].endswith(matched.refund)
    assert all(one["age_s"] < PROMISED_S and one["suggestion"] for one in listed)
    assert asyncio.run(rows(service, buyer.account_id)) == matched.before
    assert_books_agree(buyer)


def test_an_operator_ends_a_line_with_a_reason_under_their_own_name(
    service: Running, matched: Matched
) -> None:
    foreign = next(one for one in of_the_file(service) if one["reference"] == "INV/2026/7")["id"]
    ending = ("--how", "explained", "--reason", "kiriman toko lain", "--as", operator_key(service))
    assert service.json("payments", "resolve", foreign, *ending)["resolution"] == "explained"
    assert kinds(of_the_file(service)) == matched.wanted - {("settlement_unknown", "INV/2026/7", 50_000)}
    (entry,) = asyncio.run(audited(service, foreign))
    assert entry["actor"].startswith("usr_")
    assert "kiriman toko lain" in entry["facts"]
    assert service.json("quota", "reconcile", "--full") == {"balanced": True, "differences": []}


async def audited(service: Running, line_id: str) -> list[dict[str, Any]]:
    """What the audit has of a line."""
    conn = await service.connect()
    sql = "SELECT actor, facts FROM audit_entries WHERE act = 'payments.resolve' AND facts LIKE $1"
    entries = [dict(row) for row in await conn.fetch(sql, f"%{line_id}%")]
    await conn.close()
    return entries
