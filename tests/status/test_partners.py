"""What the status page tells of partners: of those shown alone, and never how many stamps or calls."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter, generate_latest

from bubuh.core.ids import fresh_id
from bubuh.db.pool import Database
from bubuh.identity.partners.show import hide_partner
from bubuh.quota.allot import allot
from bubuh.quota.freeze import freeze
from bubuh.status import scrape
from bubuh.status.days import Memory
from bubuh.status.judge import judge_calls
from bubuh.status.look import ask
from bubuh.status.model import (
    ENOUGH_ASKED,
    LOW_STAMPS,
    WINDOW_S,
    Health,
    Measured,
    Partner,
    Reason,
    State,
    Stock,
    Traffic,
)
from bubuh.status.pages import render
from tests.identity.test_shown_partners import account, show
from tests.status.test_pages import HARM, MEASURED, NOW, look, text

PARTNERS = [
    Partner(slot=slot, name=name, shown_at=NOW - timedelta(days=1))
    for slot, name in enumerate(("Toko A", "Toko B", HARM), 1)
]
SEEN = replace(
    MEASURED,
    stocks={1: Stock.SOME, 2: Stock.NONE, 3: Stock.LOW},
    calls={1: Traffic(asked=1234, failed=99), 2: Traffic(asked=ENOUGH_ASKED, failed=ENOUGH_ASKED)},
)


@pytest.mark.parametrize(
    ("calls", "web", "told"),
    [
        (Traffic(asked=100, failed=4), "ok", (State.OK, None)),
        (Traffic(asked=100, failed=5), "ok", (State.FAILING, Reason.ERRORS)),
        (Traffic(asked=100, failed=50), "ok", (State.DOWN, Reason.ERRORS)),
        (Traffic(asked=ENOUGH_ASKED - 1, failed=9), "ok", (State.UNKNOWN, Reason.FEW_CALLS)),
        (Traffic(asked=100, failed=0), None, (State.DOWN, Reason.NO_ANSWER)),
    ],
)
def test_calls_are_judged_by_how_many_failed(
    calls: Traffic, web: str | None, told: tuple[State, Reason | None]
) -> None:
    measured = replace(SEEN, web=web, calls={1: calls})
    assert judge_calls(PARTNERS[0], measured) == Health(state=told[0], reason=told[1])


def test_a_slot_that_was_anothers_tells_nothing_of_the_new_one() -> None:
    fresh = Partner(slot=1, name="Toko Z", shown_at=NOW - timedelta(seconds=WINDOW_S - 1))
    assert judge_calls(fresh, SEEN).reason is Reason.NOT_MEASURED
    files = render(look(measured=SEEN, memory=Memory(partners=[fresh])))
    assert json.loads(files["status.json"].content)["partners"][0]["failed_share"] is None


def told(name: str, **facts: object) -> dict[str, object]:
    return {"name": name, **facts, "well_share": None}


def test_both_languages_and_programs_are_told_of_each_and_no_number_of_theirs() -> None:
    files = render(look(measured=SEEN, memory=Memory(partners=PARTNERS)))
    assert "Meterai tersedia" in text(files, "index.html")
    assert "Meterai habis" in text(files, "index.html")
    assert "Out of stamps" in text(files, "en.html")
    assert "8\N{NO-BREAK SPACE}% failed or turned away" in text(files, "en.html")
    assert "<script>" not in text(files, "index.html")
    assert json.loads(files["status.json"].content)["partners"] == [
        told("Toko A", stock="some", state="failing", reason="errors", failed_share=0.08),
        told("Toko B", stock="none", state="down", reason="errors", failed_share=1.0),
        told(HARM, stock="low", state="unknown", reason="few_calls", failed_share=None),
    ]
    for name in ("index.html", "en.html", "status.json"):
        assert "1234" not in text(files, name)


def test_while_the_database_is_away_partners_are_named_and_not_measured() -> None:
    files = render(look(measured=Measured(at=NOW, web="database"), memory=Memory(partners=PARTNERS)))
    assert "Meterai: tidak terukur" in text(files, "index.html")
    (first, *_) = json.loads(files["status.json"].content)["partners"]
    assert (first["name"], first["stock"], first["reason"]) == ("Toko A", None, "not_measured")


def test_each_day_of_a_partner_is_remembered_until_its_slot_is_anothers(tmp_path: Path) -> None:
    first, yesterday = PARTNERS[0], NOW - timedelta(days=1)
    few = Health(state=State.UNKNOWN, reason=Reason.FEW_CALLS)
    memory = Memory(partners=[first])
    memory.note_calls(yesterday, 300.0, {first: Health(state=State.OK), PARTNERS[1]: few})
    memory.note_calls(yesterday, 900.0, {first: few})
    memory.note_calls(NOW, 100.0, {first: Health(state=State.FAILING, reason=Reason.ERRORS)})
    memory.write(tmp_path / "memory")
    read = Memory.read(tmp_path / "memory")
    assert read.worst_calls_by_day(first, NOW)[-3:] == [None, State.OK, State.FAILING]
    assert read.well_calls_share(first) == 0.75
    files = render(look(measured=SEEN, memory=read))
    assert text(files, "en.html").count('<svg class="days"') == 5, "four functions and a partner"
    assert "75.00\N{NO-BREAK SPACE}% of the time working" in text(files, "en.html")
    assert json.loads(files["status.json"].content)["partners"][0]["well_share"] == 0.75
    another = replace_shown(first)
    read.note_calls(NOW, 100.0, {another: Health(state=State.OK)})
    assert read.worst_calls_by_day(another, NOW)[-2:] == [None, State.OK]
    assert read.well_calls_share(first) is None


def replace_shown(partner: Partner) -> Partner:
    """Another partner in the same slot, shown later."""
    return Partner(slot=partner.slot, name="Toko Z", shown_at=partner.shown_at + timedelta(hours=1))


def test_without_shown_partners_nothing_is_said() -> None:
    files = render(look(measured=SEEN))
    assert 'id="mitra"' not in text(files, "index.html")
    assert json.loads(files["status.json"].content)["partners"] == []


def test_what_became_of_calls_is_read_from_all_processes() -> None:
    registry, window = CollectorRegistry(), scrape.Window(WINDOW_S)
    counter = Counter("bubuh_partner_calls", "-", ["slot", "outcome"], registry=registry)
    window.read(0.0, {"web-1": {}})
    for slot, outcome, times in (
        ("1", "served", 7),
        ("1", "turned_away", 2),
        ("1", "failed", 1),
        ("2", "served", 3),
    ):
        counter.labels(slot, outcome).inc(times)
    window.read(5.0, {"web-1": scrape.read_numbers(generate_latest(registry).decode())})
    assert scrape.calls_of(window.rises()) == {1: Traffic(asked=10, failed=3), 2: Traffic(asked=3, failed=0)}


async def test_the_database_tells_of_shown_partners_alone_whether_they_have_any(db: Database) -> None:
    stamps = {"Toko A": LOW_STAMPS, "Toko B": LOW_STAMPS - 1, "Toko C": None, "Toko D": LOW_STAMPS, "Lain": 7}
    accounts = {name: await account(db) for name in stamps}
    for name, number in stamps.items():
        if number is not None:
            async with db.transaction() as conn:
                ref = fresh_id(accounts[name])
                await allot(conn, ref=ref, account_id=accounts[name], stamps=number, actor="local")
        if name != "Lain":
            await show(db, accounts[name], name)
    async with db.transaction() as conn:
        await freeze(conn, account_id=accounts["Toko D"], reason="uji", actor="local")
    answers = await ask(db)
    assert [one.name for one in answers.partners] == ["Toko A", "Toko B", "Toko C", "Toko D"]
    assert [answers.stocks[one.slot] for one in answers.partners] == [
        *(Stock.SOME, Stock.LOW, Stock.NONE, Stock.NONE),
    ]
    async with db.transaction() as conn:
        for partner in answers.partners:
            await hide_partner(conn, accounts[partner.name], actor="local")
    answers = await ask(db)
    assert (answers.partners, answers.stocks) == ([], {})
