"""`bubuh payments reconcile|unmatched|resolve` and `bubuh refunds`: JSON, honest exit codes, audited."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bubuh.cli import app
from bubuh.core.errors import Refusal
from bubuh.core.ids import AccountId, fresh_account_id, fresh_id, show_id
from bubuh.db.pool import Database
from bubuh.identity.make_key import make_key
from bubuh.identity.model import AccountKind, Environment, Role, Scope
from bubuh.identity.open_account import open_account
from bubuh.identity.refusals import KeyRefused, NotAnOperator
from bubuh.orders.settle import settle
from bubuh.payments.lines import LINE
from bubuh.payments.model import ReceivedPayment, reference_of
from bubuh.payments.refusals import LineResolved, LineUnknown, ResolutionUnexplained
from bubuh.payments.settlement import SettlementUnreadable
from bubuh.quota.show import show_quota
from bubuh.refunds.refusals import RefundableMoved, RefundNotWaiting, SamePerson
from bubuh.wiring.facts import ServiceFacts, freeze_facts
from tests.conftest import Dsns
from tests.orders.bare import place_bare
from tests.orders.test_match_settlement import PAID

HEAD = "Order ID,Transaction time,Transaction status,Payment Type,Amount,Net Amount,Settlement Date\n"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    said: Any  #: its JSON, or the refusal that ended it


Command = Callable[..., Awaitable[Ended]]


@pytest.fixture
async def command(db: Database, dsns: Dsns, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command on a development service's database."""
    monkeypatch.setenv("BUBUH_DATABASE_URL", dsns.app)
    wanted = ServiceFacts(environment=Environment.TEST, issuer="T1", public_url="http://127.0.0.1:1")
    await freeze_facts(db, wanted)

    async def run(*arguments: str) -> Ended:
        result = await asyncio.to_thread(CliRunner().invoke, app, [*arguments, "--json"])
        if result.stdout.strip():
            return Ended(result.exit_code, json.loads(result.stdout))
        assert isinstance(result.exception, Refusal), result.output
        return Ended(result.exit_code, result.exception)

    return run


async def key_of(db: Database, *roles: Role) -> str:
    """The whole key of somebody with these roles."""
    async with db.transaction() as conn:
        account = await open_account(conn, kind=AccountKind.PERSON, name="Siti", roles=roles)
        key = await make_key(
            conn,
            account_id=account.account_id,
            user_id=account.user_id,
            scopes=(Scope.ALL,),
            environment=Environment.TEST,
            actor="local",
        )
    return key.secret


async def bought(db: Database, stamps: int = 3) -> tuple[AccountId, str, str]:
    """An account that paid for an order: itself, the order's id, and its reference."""
    account_id = fresh_account_id()
    order_id = fresh_id(account_id)
    await place_bare(db, account_id, order_id, stamps=stamps)
    payment = ReceivedPayment(
        account_id=account_id,
        order_id=order_id,
        gateway="development",
        payment_no="pay_1",
        amount_idr=stamps * 10_000,
        paid_at=PAID,
    )
    await settle(db, [payment])
    return account_id, show_id("ord", order_id), reference_of(order_id)


def form(folder: Path) -> Path:
    """A folder with a form for the development gateway's settlement."""
    (folder / "forms").mkdir()
    (folder / "forms" / "own.toml").write_text(
        'form = "csv"\nside = "gateway"\nname = "development"\n'
        '[columns]\nreference = "ref"\namount = "jumlah"\npaid_at = "kapan"\n'
    )
    return folder / "forms"


async def test_a_file_that_agrees_ends_well_and_one_that_differs_does_not(
    command: Command, db: Database, tmp_path: Path
) -> None:
    _, order, reference = await bought(db)
    path, forms = tmp_path / "own.csv", str(form(tmp_path))
    path.write_text(f"ref,jumlah,kapan\n{reference},30000,{PAID.isoformat()}\n")
    ended = await command("payments", "reconcile", str(path), "--profiles", forms)
    assert (ended.code, ended.said["matched"], ended.said["differences"]) == (0, 1, {})
    path.write_text(f"ref,jumlah,kapan\n{reference},30001,{PAID.isoformat()}\n")
    for new in (1, 0):  # stored once, told each time
        ended = await command("payments", "reconcile", str(path), "--profiles", forms)
        (shown,) = ended.said["shown"]
        assert (ended.code, ended.said["differences"], ended.said["new"]) == (
            1,
            {"settlement_differs": 1},
            new,
        )
        assert (shown["kind"], shown["reference"], shown["amount"]) == (
            "settlement_differs",
            reference,
            30_001,
        )
        assert (shown["order"], shown["why"]) == (order, "we were told 30000")


async def test_people_read_each_difference_and_what_to_do(command: Command, tmp_path: Path) -> None:
    del command  # its database
    path = tmp_path / "file.csv"
    path.write_text(HEAD + "[INV/1],2026-11-20 10:00:00,settlement,qris,30000,29790,2026-11-21\n")
    for arguments in (["reconcile", str(path)], ["unmatched"]):
        told = await asyncio.to_thread(CliRunner().invoke, app, ["payments", *arguments])
        assert told.exit_code == 1
        for words in ("settlement_unknown", "IDR 30,000", "[INV/1]", "no order of ours", "then credit"):
            assert words in told.stdout


async def test_a_file_that_cannot_be_read_is_refused_and_keeps_nothing(
    command: Command, tmp_path: Path
) -> None:
    path = tmp_path / "file.csv"
    path.write_text(HEAD + "r,2026-11-20 10:00:00,settlement,qris,tiga puluh,1,\n")
    ended = await command("payments", "reconcile", str(path))
    assert (ended.code, type(ended.said), ended.said.details["line"]) == (1, SettlementUnreadable, 2)
    assert (await command("payments", "unmatched")).said == {"lines": []}


async def test_a_line_is_shown_with_its_age_and_ended_by_an_operator(
    command: Command, db: Database, tmp_path: Path
) -> None:
    path = tmp_path / "file.csv"
    path.write_text(HEAD + "INV/1,2026-11-20 10:00:00,settlement,qris,30000,29790,2026-11-21\n")
    assert (await command("payments", "unmatched")).code == 0
    assert (await command("payments", "reconcile", str(path))).code == 1
    operator, stranger = await key_of(db, Role.OPERATOR), await key_of(db)
    shown = await command("payments", "unmatched", "--as", operator)
    (line,) = shown.said["lines"]
    assert shown.code == 1
    assert (line["kind"], line["amount"], line["age_s"] < 60) == ("settlement_unknown", 30_000, True)
    assert line["suggestion"]
    for key, refusal in ((stranger, NotAnOperator), ("bbh_test_x", KeyRefused)):
        assert type((await command("payments", "unmatched", "--as", key)).said) is refusal
    ending = ("payments", "resolve", line["id"], "--how", "explained", "--as")
    assert type((await command(*ending, stranger, "--reason", "x")).said) is NotAnOperator
    assert type((await command(*ending, operator, "--reason", " ")).said) is ResolutionUnexplained
    assert (await command(*ending, operator, "--reason", "kiriman uji")).code == 0
    assert type((await command(*ending, operator, "--reason", "lagi")).said) is LineResolved
    nobodys = show_id(LINE, fresh_id(fresh_account_id()))
    gone = await command("payments", "resolve", nobodys, "--how", "credited", "--reason", "x")
    assert (gone.code, type(gone.said)) == (1, LineUnknown)
    assert await command("payments", "unmatched") == Ended(0, {"lines": []})
    row = await db.fetchrow("SELECT actor, facts FROM audit_entries WHERE act = 'payments.resolve'")
    assert row is not None
    assert row["actor"].startswith("usr_")
    assert "kiriman uji" in str(row["facts"])


async def test_two_clerks_and_two_people(
    command: Command, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who reads an older state is refused; above the limit who asked does not agree."""
    monkeypatch.setenv("BUBUH_REFUND_LIMIT", "10000")
    account_id, order, _ = await bought(db)
    one, two = await key_of(db, Role.OPERATOR), await key_of(db, Role.OPERATOR)
    wish = ("refunds", "ask", order, "2", "--refundable-idr", "30000", "--reason", "tidak jadi", "--as")
    asked = await command(*wish, one)
    assert (asked.code, asked.said["state"], asked.said["amount_idr"]) == (0, "waiting", 20_000)
    assert type((await command(*wish, two)).said) is RefundableMoved
    (waiting,) = (await command("refunds", "waiting")).said["refunds"]
    assert waiting["id"] == asked.said["id"]
    assert type((await command("refunds", "approve", waiting["id"], "--as", one)).said) is SamePerson
    assert (await command("refunds", "approve", waiting["id"], "--as", two)).said["state"] == "asked"
    assert type((await command("refunds", "decline", waiting["id"], "--as", two)).said) is RefundNotWaiting
    quota = await show_quota(db, account_id)
    assert (quota.free, quota.held) == (1, 2)


async def test_who_declines_gives_the_stamps_back(
    command: Command, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUBUH_REFUND_LIMIT", "10000")
    account_id, order, _ = await bought(db)
    asked = await command("refunds", "ask", order, "3", "--refundable-idr", "30000", "--reason", "salah beli")
    two = await key_of(db, Role.OPERATOR)
    assert (await command("refunds", "decline", asked.said["id"], "--as", two)).said["state"] == "declined"
    assert (await show_quota(db, account_id)).free == 3
