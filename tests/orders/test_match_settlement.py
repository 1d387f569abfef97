"""Settlement files and statements against our payments: each difference is listed once, nothing is booked."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bubuh.adapters.settlement.files import open_settlement
from bubuh.adapters.settlement.profile import read_profiles
from bubuh.core.ids import fresh_id, read_id, show_id
from bubuh.db.pool import Database
from bubuh.orders.books import OrderBooks
from bubuh.orders.match_settlement import match_settlement
from bubuh.orders.matched import Matched
from bubuh.orders.settle import settle
from bubuh.payments.lines import Kind
from bubuh.payments.model import (
    REFUND,
    ReceivedPayment,
    ReceivedReversal,
    SettleOutcome,
    reference_of,
)
from bubuh.payments.settlement import BankLine, GatewayLine, Line, SettlementTooLong
from bubuh.payments.unmatched import show_unmatched
from bubuh.refunds import store as refunds_store
from bubuh.refunds.ask import ask_refund
from bubuh.refunds.model import AskedRefund
from bubuh.refunds.show import show_refunds
from tests.gateway_dev.rig import Shop

PAID = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Lines:
    """A file of lines that are there already."""

    kept: Sequence[Line]
    name: str = "lines"

    def lines(self) -> Iterator[Line]:
        return iter(self.kept)


@dataclass(frozen=True)
class Paid:
    """An order that was paid at the development gateway."""

    reference: str
    amount_idr: int
    payment_no: str


async def paid(shop: Shop, *, stamps: int = 3, at: datetime = PAID, twice: bool = False) -> Paid:
    order = (await shop.place(stamps)).shown.order
    for number in range(1 + twice):
        payment = ReceivedPayment(
            account_id=shop.account_id,
            order_id=order.id,
            gateway="development",
            payment_no=f"pay_{order.id.hex}{number}",
            amount_idr=order.amount_idr,
            paid_at=at,
        )
        await settle(shop.db, [payment])
    return Paid(reference_of(order.id), order.amount_idr, f"pay_{order.id.hex}0")


def line(one: Paid, **change: Any) -> GatewayLine:
    made = GatewayLine(
        gateway="development",
        reference=one.reference,
        amount_idr=one.amount_idr,
        net_idr=one.amount_idr - 210,
        paid_at=PAID,
        payout="B1",
    )
    return replace(made, **change)


async def match(db: Database, *lines: Line) -> Matched:
    return await match_settlement(db, [Lines(lines)])


async def listed(db: Database) -> list[tuple[str, str | None, int | None]]:
    return sorted((str(one.kind), one.reference, one.amount) for one in await show_unmatched(db))


async def test_a_payment_that_its_gateway_voided_is_listed_once_with_what_to_do(
    shop: Shop, tmp_path: Path
) -> None:
    """Undone at the gateway on the same day, and nobody told us: the buyer has stamps and the money."""
    one = await paid(shop)
    path = tmp_path / "xendit.csv"
    path.write_text(
        "Status,Type,Reference,Amount,Net Amount,Created Date,Settlement Date\n"
        f"VOIDED,PAYMENT,{one.reference},30000,29790,{PAID.isoformat()},\n"
    )
    forms = [
        msgspec.structs.replace(form, name="development") if form.name == "xendit" else form
        for form in read_profiles()
    ]
    matched = await match_settlement(shop.db, [open_settlement(path, forms)])
    assert (matched.matched, matched.differences) == (1, {"return_unknown": 1})
    (line,) = await show_unmatched(shop.db)
    assert (line.kind, line.reference, line.amount) == (Kind.RETURN_UNKNOWN, one.reference, 30_000)
    assert line.suggestion == "ask the gateway whom it gave the money, and why"


async def test_files_that_agree(shop: Shop) -> None:
    one, two = await paid(shop), await paid(shop, stamps=5, twice=True)
    matched = await match(shop.db, line(one), line(two), line(two))
    assert matched.facts() == {
        "lines": 3,
        "matched": 3,
        "returned": 0,
        "banked": 0,
        "differences": {},
        "new": 0,
        "shown": [],
    }
    assert matched.agrees
    assert await listed(shop.db) == []


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"amount_idr": 30_001}, Kind.SETTLEMENT_DIFFERS),
        ({"amount_idr": 29_999}, Kind.SETTLEMENT_DIFFERS),
        ({"reference": "ord_0G3ZMVQ2H49Q8S2NXW5T7R6K1P-1"}, Kind.SETTLEMENT_UNKNOWN),
        ({"reference": "INV/2026/1"}, Kind.SETTLEMENT_UNKNOWN),
        ({"reference": ""}, Kind.SETTLEMENT_UNKNOWN),
        ({"gateway": "midtrans"}, Kind.SETTLEMENT_UNKNOWN),
    ],
)
async def test_a_line_that_does_not_fit_is_listed(shop: Shop, change: dict[str, Any], kind: Kind) -> None:
    one = await paid(shop)
    strange = line(one, **change)
    matched = await match(shop.db, strange)
    assert matched.differences[str(kind)] == 1
    assert (str(kind), strange.reference, strange.amount_idr) in await listed(shop.db)
    assert await shop.free() == 3


async def test_a_line_that_comes_twice_is_listed(shop: Shop) -> None:
    one = await paid(shop)
    matched = await match(shop.db, line(one), line(one))
    assert (matched.matched, matched.differences) == (1, {str(Kind.SETTLEMENT_DOUBLED): 1})


async def test_a_payment_in_no_file_of_its_time_is_missed(shop: Shop) -> None:
    early = await paid(shop, at=PAID - timedelta(hours=2))
    inside, before, after = (
        await paid(shop, at=PAID - timedelta(hours=1)),
        await paid(shop, at=PAID - timedelta(days=1)),
        await paid(shop, at=PAID + timedelta(days=1)),
    )
    late = await paid(shop)
    lines = (line(early, paid_at=PAID - timedelta(hours=2)), line(late))
    matched = await match(shop.db, *lines)
    assert matched.differences == {str(Kind.SETTLEMENT_MISSING): 1}
    assert [one[1] for one in await listed(shop.db)] == [inside.reference]
    assert before.reference != after.reference


async def test_an_order_that_was_settled_and_never_told_is_named(shop: Shop) -> None:
    order = (await shop.place(3)).shown.order
    unheard = Paid(reference_of(order.id), order.amount_idr, "")
    matched = await match(shop.db, line(unheard))
    (found,) = await show_unmatched(shop.db)
    assert matched.differences == {str(Kind.SETTLEMENT_UNKNOWN): 1}
    assert (found.account_id, found.order_id) == (shop.account_id, order.id)
    assert await shop.free() == 0


async def test_matching_again_lists_nothing_anew(shop: Shop) -> None:
    one = await paid(shop)
    lines = (line(one, amount_idr=1), line(one, reference="INV/1"))
    first, again = await match(shop.db, *lines), await match(shop.db, *lines)
    assert (first.new, again.new) == (2, 0)
    assert first.differences == again.differences
    assert len(await show_unmatched(shop.db)) == 2


async def given_back(shop: Shop, one: Paid, amount_idr: int = 10_000) -> str:
    """A refund of ours that the gateway carried out just now; its number."""
    order_id = read_id("ord", one.reference.rpartition("-")[0])
    shown = await show_refunds(shop.db, shop.account_id, order_id)
    asked = AskedRefund(
        order_id=order_id,
        stamps=amount_idr // 10_000,
        refundable_idr=shown.refundable_idr,
        reason="tidak jadi",
    )
    refund, _ = await ask_refund(
        shop.db,
        asked,
        refund_id=fresh_id(shop.account_id),
        account_id=shop.account_id,
        limit_idr=10**9,
        actor="usr",
    )
    async with shop.db.connection() as conn:
        (due,) = await refunds_store.take_due_n(conn, shop.principal.shard, resting=[], at_most=10)
    assert await refunds_store.record_word(shop.db, due, word="done", why=None) == "done"
    return show_id(REFUND, refund.id)


def out(one: Paid, amount_idr: int = 10_000, **change: Any) -> GatewayLine:
    """A line of money given back, now."""
    back = {"amount_idr": -amount_idr, "net_idr": -amount_idr, "paid_at": datetime.now(UTC)}
    return line(one, **(back | change))


@pytest.mark.parametrize("by_number", [False, True])
async def test_money_given_back_is_held_against_our_refund(shop: Shop, *, by_number: bool) -> None:
    one = await paid(shop)
    number = await given_back(shop, one)
    returned = out(one, reference=number if by_number else one.reference)
    matched = await match(shop.db, line(one), returned)
    assert (matched.matched, matched.returned, matched.agrees) == (1, 1, True)
    assert await shop.free() == 2


async def test_a_payment_that_was_never_given_back_but_for_a_file_is_listed(shop: Shop) -> None:
    one = await paid(shop)
    matched = await match(shop.db, line(one), out(one), out(one, reference="INV/1"))
    assert matched.differences == {str(Kind.RETURN_UNKNOWN): 2}
    assert (str(Kind.RETURN_UNKNOWN), one.reference, 10_000) in await listed(shop.db)
    assert await shop.free() == 3


async def test_a_refund_in_another_amount_twice_or_in_no_file_is_listed(shop: Shop) -> None:
    one, two, three = await paid(shop), await paid(shop), await paid(shop)
    for each in (one, two, three):
        await given_back(shop, each)
    until = datetime.now(UTC) + timedelta(seconds=1)
    strange = (out(one, 9_999), out(two), out(two), line(three), line(three, reference="x", paid_at=until))
    matched = await match(shop.db, *strange)
    assert {kind: count for kind, count in matched.differences.items() if kind.startswith("return")} == {
        str(Kind.RETURN_DIFFERS): 1,
        str(Kind.RETURN_DOUBLED): 1,
        str(Kind.RETURN_MISSING): 1,
    }


async def test_what_a_bank_took_back_is_no_refund_and_known_all_the_same(shop: Shop) -> None:
    one = await paid(shop)
    order_id = read_id("ord", one.reference.rpartition("-")[0])
    reversal = ReceivedReversal(
        account_id=shop.account_id,
        order_id=order_id,
        gateway="development",
        reversal_no="rev_1",
        payment_no=one.payment_no,
        amount_idr=one.amount_idr,
        reversed_at=PAID,
    )
    assert await OrderBooks(shop.db).reverse(reversal) is SettleOutcome.DONE
    matched = await match(shop.db, line(one), out(one, one.amount_idr))
    assert (matched.returned, matched.agrees) == (1, True)


def bank(
    amount_idr: int,
    words: str = "",
    *,
    on: date = date(2026, 11, 21),
    number: str = "1",
    is_own: bool = False,
) -> BankLine:
    return BankLine(
        bank="bank", amount_idr=amount_idr, booked_on=on, words=words, number=number, is_own=is_own
    )


async def test_a_payout_is_found_on_the_account(shop: Shop) -> None:
    one, two = await paid(shop), await paid(shop, stamps=2)
    await given_back(shop, one)
    lines = (line(one), line(two), out(one))
    fee = bank(-5_000, "biaya", is_own=True)
    matched = await match(shop.db, *lines, bank(50_000 - 420 - 10_000, "TRF B1"), fee)
    assert (matched.banked, matched.agrees) == (1, True)


async def test_a_payout_of_less_than_nothing_is_a_debit(shop: Shop) -> None:
    one = await paid(shop)
    await given_back(shop, one)
    lines = (line(one), out(one, payout="B2", paid_at=PAID + timedelta(days=1)))
    paid_out = bank(one.amount_idr - 210, number="1")
    matched = await match(shop.db, *lines, paid_out, bank(-10_000, on=date(2026, 11, 22), number="2"))
    assert (matched.banked, matched.agrees) == (2, True)
    matched = await match(shop.db, *lines, paid_out)
    assert matched.differences == {str(Kind.BANK_MISSING): 1}


@pytest.mark.parametrize(
    ("debits", "kinds"),
    [
        ([-10_000], []),
        ([-10_001], [Kind.RETURN_DIFFERS]),
        ([-10_000, -10_000], [Kind.RETURN_DOUBLED]),
    ],
)
async def test_a_refund_that_a_bank_sent_itself_is_named_by_its_debit(
    shop: Shop, debits: list[int], kinds: list[Kind]
) -> None:
    one = await paid(shop)
    words = f"REFUND {await given_back(shop, one)} QRIS"
    statement = [bank(idr, words, number=str(no)) for no, idr in enumerate(debits)]
    matched = await match(shop.db, *statement)
    assert matched.differences == {str(kind): 1 for kind in kinds}
    assert matched.banked == len(debits) - len(kinds)


@pytest.mark.parametrize("change", [(" ", " "), ("_", ""), ("_", " "), ("_", "."), ("rfd_", "RFD/")])
async def test_a_refunds_number_is_known_as_banks_write_it(shop: Shop, change: tuple[str, str]) -> None:
    """SWIFT's alphabet has no underscore, and its lines end after 65 signs."""
    number = (await given_back(shop, await paid(shop))).replace(*change)
    matched = await match(shop.db, bank(-10_000, f"REFUND {number[:20]} {number[20:]} QRIS"))
    assert (matched.banked, matched.agrees) == (1, True)


async def test_lines_that_a_bank_numbers_alike_are_all_listed(shop: Shop) -> None:
    await match(shop.db, line(await paid(shop)), bank(29_790), bank(5_000), bank(6_000))
    unknown = [one.amount for one in await show_unmatched(shop.db) if one.kind is Kind.BANK_UNKNOWN]
    assert sorted(unknown, key=str) == [5_000, 6_000]


async def test_a_debit_that_names_a_refund_nobody_has_is_listed(shop: Shop) -> None:
    strange = show_id(REFUND, fresh_id(shop.account_id))
    matched = await match(shop.db, bank(-10_000, strange), bank(-7_000, "TARIK TUNAI"))
    assert matched.differences == {str(Kind.BANK_DEBIT_UNKNOWN): 1}


@pytest.mark.parametrize(
    ("statement", "kinds"),
    [
        ([bank(29_790, on=date(2026, 11, 25))], []),
        ([bank(29_790, on=date(2026, 11, 26))], [Kind.BANK_MISSING, Kind.BANK_UNKNOWN]),
        ([bank(29_790, "payout B1", on=date(2026, 12, 26))], []),
        ([bank(29_791)], [Kind.BANK_MISSING, Kind.BANK_UNKNOWN]),
        ([bank(29_790), bank(29_790, number="2")], [Kind.BANK_UNKNOWN]),
        ([bank(-29_790)], [Kind.BANK_DEBIT_UNKNOWN, Kind.BANK_MISSING]),
        ([bank(29_790), bank(-1, "ADM", is_own=True), bank(0, number="3")], []),
        ([], []),  # no statement was given
    ],
)
async def test_bank_and_gateway(shop: Shop, statement: list[BankLine], kinds: list[Kind]) -> None:
    one = await paid(shop)
    matched = await match(shop.db, line(one), *statement)
    assert matched.differences == {str(kind): 1 for kind in kinds}


async def test_a_run_has_an_end(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bubuh.orders.match_settlement.MOST_LINES", 2)
    with pytest.raises(SettlementTooLong):
        await match(shop.db, *(line(Paid("x", 1, "")) for _ in range(3)))


async def test_a_file_from_the_disk_to_the_list(shop: Shop, tmp_path: Path) -> None:
    one = await paid(shop)
    path = tmp_path / "own.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["ref", "jumlah", "kapan"])
        rows.writerow([one.reference, one.amount_idr, PAID.isoformat()])
        rows.writerow([one.reference, one.amount_idr + 1, PAID.isoformat()])
    (tmp_path / "dev.toml").write_text(
        'form = "csv"\nside = "gateway"\nname = "development"\n'
        '[columns]\nreference = "ref"\namount = "jumlah"\npaid_at = "kapan"\n'
    )
    told: list[int] = []
    opened = open_settlement(path, read_profiles(tmp_path))
    matched = await match_settlement(shop.db, [opened], told=told.append)
    assert (matched.matched, matched.differences) == (1, {str(Kind.SETTLEMENT_DIFFERS): 1})
    assert told == [2]
