"""A lane is opened once under a name, changed, closed and opened again; who is named stands apart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from bubuh.audit.verify import verify_shard
from bubuh.core.ids import THE_SERVICE, AccountId
from bubuh.core.shards import shard_of_account
from bubuh.db.pool import Database
from bubuh.identity.model import AccountKind
from bubuh.identity.open_account import open_account
from bubuh.lanes import store
from bubuh.lanes.model import LANE_IDS, NamedLane, NewLane
from bubuh.lanes.name import name_accounts, unname_accounts
from bubuh.lanes.open import close_lane, open_lane, with_named
from bubuh.lanes.refusals import AccountNotThere, LaneNotOpen, LaneTaken, LaneWrong
from bubuh.waitingroom.lanes import DEFAULT_RULES, LaneKind, RoomRules
from bubuh.waitingroom.proof import Joined
from bubuh.waitingroom.refusals import LanesSpent
from tests.waitingroom.make import deadline_lane, lane


async def opened(
    db: Database, name: str = "dinas", *, rules: RoomRules | None = None, **given: Any
) -> NamedLane:
    facts: dict[str, Any] = {"kind": LaneKind.GROUP, "title": "Dinas Satu", "floor": 0.1, "ceiling": 0.5}
    wanted = NewLane(name=name, weight=1.0, **(facts | given))
    present = with_named(rules or DEFAULT_RULES, await store.list_all(db))
    async with db.transaction() as conn:
        return await open_lane(conn, wanted, rules=present, taken=("cpns-2024",), actor="local")


async def account(db: Database) -> AccountId:
    async with db.transaction() as conn:
        return (await open_account(conn, kind=AccountKind.ORGANISATION, name="Dinas Uji")).account_id


async def test_the_gate_learns_the_lane_and_nothing_of_who_is_named(db: Database) -> None:
    made = await opened(db)
    rules = with_named(DEFAULT_RULES, [made])
    assert rules.lanes[:-1] == DEFAULT_RULES.lanes
    assert rules.lanes[-1] == lane(
        id=LANE_IDS[0], name="dinas", kind=LaneKind.GROUP, title="Dinas Satu", floor=0.1, ceiling=0.5
    )
    assert with_named(rules, [made]) == rules, "an operator's changes stay"
    async with db.transaction() as conn:
        closed = await close_lane(conn, "dinas", actor="local")
    assert with_named(rules, [closed]) == DEFAULT_RULES


async def test_a_name_and_its_number_are_one_lane_for_ever(db: Database) -> None:
    first = await opened(db)
    async with db.transaction() as conn:
        await close_lane(conn, "dinas", actor="local")
        with pytest.raises(LaneNotOpen):
            await close_lane(conn, "dinas", actor="local")
    with pytest.raises(LaneTaken):
        await opened(db, kind=LaneKind.PARTNER)
    again = await opened(db, title="Dinas Dua", floor=0.2)
    assert (again.lane_id, again.title, again.floor, again.is_open) == (first.lane_id, "Dinas Dua", 0.2, True)
    other = await opened(db, "mitra", kind=LaneKind.PARTNER)
    assert other.lane_id != first.lane_id
    for taken in ("umum", "cpns-2024"):
        with pytest.raises(LaneTaken):
            await opened(db, taken)
    acts = await db.fetch("SELECT act FROM audit_entries WHERE account_id = $1 ORDER BY no", THE_SERVICE)
    assert [row["act"] for row in acts] == [
        "room.lane.open",
        "room.lane.close",
        "room.lane.open",
        "room.lane.open",
    ]
    assert not await verify_shard(db, shard_of_account(THE_SERVICE))


async def test_an_operator_who_was_slower_takes_no_number_or_name_of_another(db: Database) -> None:
    made = await opened(db)
    wanted = NewLane(name="lain", kind=LaneKind.GROUP, title="Lain", floor=0.0, ceiling=1.0, weight=1.0)
    async with db.transaction() as conn:
        assert await store.add(conn, wanted, lane_id=made.lane_id, actor="local") is None
        same = replace(wanted, name=made.name)
        assert await store.add(conn, same, lane_id=LANE_IDS[1], actor="local") is None
    assert await store.list_all(db) == [made]


async def test_reserved_lanes_of_all_kinds_share_what_now_json_has_room_for(db: Database) -> None:
    rules = msgspec.structs.replace(
        DEFAULT_RULES,
        lanes=(*DEFAULT_RULES.lanes, deadline_lane(id=10), lane(id=11, name="x", kind=LaneKind.GROUP)),
    )
    await opened(db, rules=rules)
    assert (await opened(db, rules=rules, title="Lain")).title == "Lain", "the same one, changed"
    with pytest.raises(LanesSpent):
        await opened(db, "lagi", rules=rules)


@pytest.mark.parametrize(
    ("given", "which"),
    [
        ({"name": "Dinas!"}, "name"),
        ({"title": ""}, "title"),
        ({"floor": 0.9, "ceiling": 1.0}, "floor"),
        ({"floor": 0.5, "ceiling": 0.2}, "floor"),
    ],
)
async def test_what_cannot_be_is_refused_by_name(db: Database, given: dict[str, Any], which: str) -> None:
    with pytest.raises(LaneWrong) as refused:
        await opened(db, **given)
    assert refused.value.details["which"] == which


async def test_who_is_named_may_stand_there_until_it_is_ended(db: Database) -> None:
    made, dinas, other = await opened(db), await account(db), await account(db)
    async with db.transaction() as conn:
        with pytest.raises(AccountNotThere):
            await name_accounts(conn, "dinas", [AccountId(99)], actor="local")
    async with db.transaction() as conn:
        await name_accounts(conn, "dinas", [dinas], actor="local")
        await name_accounts(conn, "dinas", [dinas], actor="local")
        with pytest.raises(LaneNotOpen):
            await name_accounts(conn, "umum", [dinas], actor="local")
    assert await store.is_named(db, made.lane_id, dinas)
    assert not await store.is_named(db, made.lane_id, other)
    assert [one.name for one in await store.list_of(db, dinas)] == ["dinas"]
    async with db.transaction() as conn:
        await unname_accounts(conn, "dinas", [dinas], actor="local")
    assert await store.list_named(db, made.lane_id) == []
    async with db.transaction() as conn:
        await name_accounts(conn, "dinas", [dinas], actor="local")
    assert await store.list_named(db, made.lane_id) == [dinas]
    acts = await db.fetch("SELECT act FROM audit_entries WHERE account_id = $1 ORDER BY no", dinas)
    assert [row["act"] for row in acts][-4:] == [
        "room.lane.name",
        "room.lane.name",
        "room.lane.unname",
        "room.lane.name",
    ]


async def test_an_account_keeps_one_turn_a_lane(db: Database) -> None:
    def joined(number: int) -> Joined:
        return Joined(turn=f"turn-{number}", code=f"code-{number}", lane=3, number=number)

    dinas = await account(db)
    first = await store.keep_turn(db, dinas, joined(1), before=None)
    assert first is not None
    assert await store.keep_turn(db, dinas, joined(2), before=None) is None, "another request was faster"
    second = await store.keep_turn(db, dinas, joined(3), before=first)
    assert second is not None
    assert await store.keep_turn(db, dinas, joined(4), before=first) is None
    assert await store.find_turn(db, 3, dinas) == second
    assert await store.find_turn(db, 2, dinas) is None
