"""`bubuh complaints`: an operator reads what waits, the most urgent first, and answers each once."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from bubuh.cli import app
from bubuh.cli.service import OperatorKeyNeeded
from bubuh.complaints.model import Code, Finding, Subject, SubjectKind, WantedComplaint
from bubuh.complaints.open import open_complaint
from bubuh.complaints.refusals import ComplaintAnswered, ComplaintUnexplained, ComplaintUnknown
from bubuh.core.ids import AccountId, fresh_account_id, fresh_id, show_account, show_id
from bubuh.db.pool import Database
from bubuh.identity.model import Environment
from bubuh.identity.people.keys import PersonKey
from bubuh.wiring.facts import ServiceFacts, freeze_facts
from tests.conftest import Dsns

KEY = PersonKey(bytes(range(32)))
WORDS = "Sudah bayar [/b] tetapi \x1b[2Jkuota [red]tidak[/red] bertambah"


@pytest.fixture(autouse=True)
def told(dsns: Dsns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUBUH_DATABASE_URL", dsns.app)
    monkeypatch.setenv("BUBUH_DATA", str(tmp_path))
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/person.key").write_text(KEY.secret.hex() + "\n", encoding="ascii")


async def facts(db: Database, environment: Environment) -> None:
    wanted = ServiceFacts(environment=environment, issuer="T1", public_url="https://bubuh.example")
    await freeze_facts(db, wanted)


async def opened(db: Database, account_id: AccountId, words: str = WORDS) -> tuple[UUID, str]:
    """A complaint about an order, and its number."""
    wanted = WantedComplaint(subject=Subject(kind=SubjectKind.ORDER, id=fresh_id(account_id)), words=words)
    found, _ = await open_complaint(
        db,
        wanted,
        complaint_id=fresh_id(account_id),
        account_id=account_id,
        findings=[Finding(code=Code.ORDER_UNDERPAID, facts={"amount_idr": 5_000})],
        actor="somebody",
        key=KEY,
    )
    return wanted.subject.id, found.no


async def run(*options: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, ["complaints", *options])


async def test_the_desk_lists_the_most_urgent_first_and_answers_once(db: Database) -> None:
    await facts(db, Environment.TEST)
    first, second = fresh_account_id(), fresh_account_id()
    (order, early), (_, late) = await opened(db, first), await opened(db, second)
    listed = json.loads((await run("list", "--json")).stdout)["complaints"]
    assert [one["no"] for one in listed] == [early, late]
    assert listed[0] == {
        **listed[0],
        "state": "open",
        "account": show_account(first),
        "about": show_id("ord", order),
        "words": WORDS,
        "findings": [{"code": "order_underpaid", "amount_idr": 5_000}],
        "answer": None,
    }
    answered = json.loads((await run("answer", early, "Sudah kami cocokkan.", "--json")).stdout)
    assert (answered["state"], answered["answer"]) == ("answered", "Sudah kami cocokkan.")
    assert [one["no"] for one in json.loads((await run("list", "--json")).stdout)["complaints"]] == [late]
    assert isinstance((await run("answer", early, "Lagi.")).exception, ComplaintAnswered)
    acts = "SELECT actor FROM audit_entries WHERE act = 'complaint.answer'"
    assert await db.fetchval(acts) == "local"


async def test_words_of_strangers_neither_break_nor_steer_the_terminal(db: Database) -> None:
    await facts(db, Environment.TEST)
    await opened(db, fresh_account_id())
    shown = await run("list")
    assert shown.exit_code == 0, shown.output
    assert "Sudah bayar [/b] tetapi ?[2Jkuota [red]tidak[/red] bertambah" in shown.stdout
    assert "\x1b" not in shown.stdout


async def test_what_cannot_be_answered_is_refused(db: Database) -> None:
    await facts(db, Environment.TEST)
    _, number = await opened(db, fresh_account_id())
    assert isinstance((await run("answer", number, "  ")).exception, ComplaintUnexplained)
    unknown = show_id("cmp", fresh_id(fresh_account_id()))
    assert isinstance((await run("answer", unknown, "Ya.")).exception, ComplaintUnknown)
    assert await db.fetchval("SELECT count(*) FROM complaints WHERE state = 'answered'") == 0


async def test_outside_development_an_operator_says_who_it_is(db: Database) -> None:
    await facts(db, Environment.LIVE)
    _, number = await opened(db, fresh_account_id())
    for options in (("list",), ("answer", number, "Ya.")):
        refused = await run(*options)
        assert isinstance(refused.exception, OperatorKeyNeeded)
        assert WORDS not in refused.output
