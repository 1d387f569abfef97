"""A deadline is registered once, entered by the list or by one's word, and closed; all of it is audited."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from bubuh.audit.verify import verify_shard
from bubuh.core.clock import utc_now
from bubuh.core.ids import THE_SERVICE, AccountId
from bubuh.core.shards import shard_of_account
from bubuh.db.pool import Database
from bubuh.deadlines import store
from bubuh.deadlines.enter import enter, holder_of
from bubuh.deadlines.lane import with_lanes
from bubuh.deadlines.model import LAST_LANE, Deadline, Eligibility, Entry, NewDeadline, mark_of, read_list
from bubuh.deadlines.refusals import (
    DeadlineTaken,
    DeadlineUnknown,
    DeadlineWrong,
    EligibilityUsed,
    ListUnreadable,
    NotDeclared,
    NotEligible,
    OnlyPeople,
)
from bubuh.deadlines.register import close, register
from bubuh.identity.model import AccountKind
from bubuh.identity.people.keys import PersonKey
from bubuh.waitingroom.lanes import DEFAULT_RULES, LaneKind
from bubuh.waitingroom.refusals import LanesSpent

KEY = PersonKey(bytes(32))
SALT = "garam-2026-november"
AHEAD = timedelta(days=2)
ALICE, BOB = AccountId(7001), AccountId(7002)
LIST = [mark_of(SALT, number) for number in ("3175-0001", "3175-0002")]


def wanted(**given: Any) -> NewDeadline:
    facts: dict[str, Any] = {"slug": "cpns", "name": "Seleksi CPNS 2026", "agency": "BKN", "expected": 0}
    facts |= {"at": utc_now() + AHEAD, "eligibility": Eligibility.DECLARED, "salt": None}
    return NewDeadline(**(facts | given))


async def registered(db: Database, *, marks: list[str] | None = None, **given: Any) -> Deadline:
    facts = given if marks is None else {"eligibility": Eligibility.LIST, "salt": SALT} | given
    async with db.transaction() as conn:
        return await register(
            conn,
            wanted(**facts),
            marks or [],
            person_key=KEY,
            lanes=DEFAULT_RULES.lanes,
            now=utc_now(),
            actor="local",
        )


async def entered(db: Database, deadline: Deadline, account_id: AccountId = ALICE, **given: Any) -> Entry:
    facts: dict[str, Any] = {"kind": AccountKind.PERSON, "number": "", "declares": True, "person_key": KEY}
    async with db.transaction() as conn:
        return await enter(conn, deadline, account_id, **(facts | given))


def test_a_list_is_made_with_tools_that_everybody_has() -> None:
    assert mark_of(SALT, " 3175-0001 a") == hashlib.sha256(f"{SALT}:31750001A".encode()).hexdigest()
    assert read_list(f"{LIST[0].upper()}\n\n{LIST[1]}\n{LIST[0]}\n") == LIST
    with pytest.raises(ListUnreadable) as refused:
        read_list(f"{LIST[0]}\nSari Dewi\n")
    assert refused.value.details["line"] == 2


async def test_the_list_lets_in_each_of_its_numbers_once(db: Database) -> None:
    deadline = await registered(db, marks=LIST)
    first = await entered(db, deadline, number="31750001")
    assert first == await entered(db, deadline, number="3175 0001"), "the same again"
    for number in ("3175-9999", "", "?"):
        with pytest.raises(NotEligible):
            await entered(db, deadline, BOB, number=number)
    with pytest.raises(EligibilityUsed):
        await entered(db, deadline, BOB, number="3175.0001")
    assert await store.find_entry(db, deadline.id, BOB) is None
    assert await store.count_entries(db, deadline.id) == 1


async def test_neither_numbers_nor_hashes_lie_in_the_database(db: Database) -> None:
    deadline = await registered(db, marks=LIST)
    entry = await entered(db, deadline, number="3175-0001")
    await store.keep_turn(db, entry, turn="x", code="y", number=7)
    rows = await db.fetch("SELECT t::text AS told FROM deadline_entitled AS t")
    rows += await db.fetch("SELECT e::text AS told FROM deadline_entries AS e")
    assert len(rows) == 3
    assert not [
        row for row in rows if "3175" in row["told"] or LIST[0] in row["told"] or LIST[1] in row["told"]
    ]
    async with db.transaction() as conn:
        assert await holder_of(conn, deadline, 7, KEY) == LIST[0], "the agency's own, for its proofs"
        assert await holder_of(conn, deadline, 8, KEY) is None


async def test_one_declares_once_and_for_oneself(db: Database) -> None:
    deadline = await registered(db)
    with pytest.raises(NotDeclared):
        await entered(db, deadline, declares=False)
    with pytest.raises(OnlyPeople):
        await entered(db, deadline, kind=AccountKind.ORGANISATION)
    first = await entered(db, deadline)
    assert await entered(db, deadline, declares=False) == first, "it stands"
    assert await store.count_entries(db, deadline.id) == 1


async def test_an_account_keeps_one_turn(db: Database) -> None:
    entry = await entered(db, await registered(db))
    assert entry.turn is None
    kept = await store.keep_turn(db, entry, turn="one", code="K1", number=1)
    assert kept is not None
    assert (kept.turn, kept.code) == ("one", "K1")
    assert await store.keep_turn(db, entry, turn="two", code="K2", number=2) is None, "another was kept since"
    assert await store.keep_turn(db, kept, turn="two", code="K2", number=2) is not None


@pytest.mark.parametrize(
    ("given", "which"),
    [
        ({"slug": "CPNS"}, "slug"),
        ({"slug": "a" * 17}, "slug"),
        ({"name": " "}, "name"),
        ({"agency": "x" * 81}, "agency"),
        ({"at": utc_now() - AHEAD}, "at"),
        ({"at": utc_now() + timedelta(days=401)}, "at"),
        ({"expected": -1}, "expected"),
        ({"salt": SALT}, "list"),
        ({"marks": [], "eligibility": Eligibility.LIST}, "list"),
        ({"marks": LIST, "salt": "pendek"}, "salt"),
        ({"marks": LIST, "eligibility": Eligibility.DECLARED}, "list"),
    ],
)
async def test_what_cannot_be_is_refused_by_name(db: Database, given: dict[str, Any], which: str) -> None:
    with pytest.raises(DeadlineWrong) as refused:
        await registered(db, **given)
    assert refused.value.details["which"] == which


async def test_names_and_lanes_are_never_given_again(db: Database) -> None:
    first = await registered(db)
    for slug in ("cpns", "umum"):
        with pytest.raises(DeadlineTaken):
            await registered(db, slug=slug)
    async with db.transaction() as conn:
        closed = await close(conn, "cpns", actor="local")
    assert not closed.is_open
    with pytest.raises(DeadlineTaken):
        await registered(db)
    second = await registered(db, slug="guru")
    assert second.lane_id == first.lane_id + 1
    with pytest.raises(DeadlineUnknown):
        await entered(db, closed)
    async with db.transaction() as conn:
        with pytest.raises(DeadlineUnknown):
            await close(conn, "cpns", actor="local")
    acts = await db.fetch("SELECT act FROM audit_entries WHERE account_id = $1 ORDER BY no", THE_SERVICE)
    assert [row["act"] for row in acts] == ["deadline.register", "deadline.close", "deadline.register"]
    assert not await verify_shard(db, shard_of_account(THE_SERVICE))


async def test_so_many_are_open_at_once_and_no_more(db: Database) -> None:
    for slug in ("satu", "dua", "tiga"):
        await registered(db, slug=slug)
    with pytest.raises(LanesSpent):
        await registered(db, slug="empat")
    assert LAST_LANE < 64, "what a code can name"


async def test_the_gate_learns_the_lane_and_its_moment_and_no_more(db: Database) -> None:
    deadline = await registered(db, marks=LIST, expected=2)
    rules = with_lanes(DEFAULT_RULES, [deadline])
    lane = rules.lanes[-1]
    assert rules.lanes[:-1] == DEFAULT_RULES.lanes
    assert (lane.id, lane.name, lane.kind) == (deadline.lane_id, "cpns", LaneKind.DEADLINE)
    assert (lane.deadline_at, lane.expected, lane.title) == (int(deadline.at.timestamp()), 2, deadline.name)
    changed = msgspec.structs.replace(lane, floor=0.05)
    kept = msgspec.structs.replace(rules, lanes=(*DEFAULT_RULES.lanes, changed))
    assert with_lanes(kept, [deadline]) == kept, "what the operator changed stays"
    async with db.transaction() as conn:
        closed = await close(conn, "cpns", actor="local")
    assert with_lanes(kept, [closed]) == DEFAULT_RULES
