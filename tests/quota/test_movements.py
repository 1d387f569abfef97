from __future__ import annotations

from bubuh.core.ids import AccountId
from bubuh.core.shards import shard_of_account
from bubuh.db.pool import Conn, Database
from bubuh.quota.model import Movement
from bubuh.quota.movements import MOST_AT_ONCE, list_movements
from tests.quota.desk import Desk


async def paged(db: Database, account_id: AccountId, limit: int) -> list[Movement]:
    found: list[Movement] = []
    after: int | None = None
    while page := await list_movements(db, account_id, after=after, limit=limit):
        assert len(page) <= limit
        found += page
        after = page[-1].no
    return found


async def test_movements_tell_what_happened_newest_first(desk: Desk, db: Database) -> None:
    account, other = await desk.account(5), await desk.account(9)
    used, given_back = await desk.hold(account, 2), await desk.hold(account, 1)
    await desk.capture(account, used.id)
    await desk.release(account, given_back.id)
    await desk.transfer(account, other, 1)
    found = await list_movements(db, account)
    assert [(each.kind, each.debit, each.credit, each.stamps) for each in found] == [
        ("transfer_out", "free", "in_transit", 1),
        ("release", "held", "free", 1),
        ("capture", "held", "paid_back", 2),
        ("hold", "free", "held", 1),
        ("hold", "free", "held", 2),
        ("allot", "minted", "free", 5),
    ]
    assert [each.counter_account_id for each in found] == [other, *[None] * 5]
    assert found[-1].actor == "local"
    assert [each.ref for each in found[1:3]] == [given_back.id, used.id]


async def test_pages_show_each_movement_once_also_those_of_one_moment(
    desk: Desk, db: Database, owner_conn: Conn
) -> None:
    account = await desk.account()
    await owner_conn.execute(
        """INSERT INTO quota_transfers
                  (shard, account_id, no, ref, kind, debit, credit, stamps, actor, recorded_at)
           SELECT $1, $2, row_number() OVER (ORDER BY n, kind), gen_random_uuid(), kind, debit, credit, 1,
                  'x', '2026-11-22Z'::timestamptz + (n / 10) * interval '1 microsecond'
             FROM generate_series(0, 49) AS n,
                  (VALUES ('hold', 'free', 'held'), ('release', 'held', 'free'))
                    AS v (kind, debit, credit)""",
        shard_of_account(account),
        account,
    )
    whole = await list_movements(db, account, limit=MOST_AT_ONCE)
    assert len(whole) == 100
    for limit in (1, 3, 7, 100):
        assert await paged(db, account, limit) == whole
    moments = [each.recorded_at for each in whole]
    assert moments == sorted(moments, reverse=True)


async def test_a_page_holds_at_least_one_and_at_most_what_is_sensible(desk: Desk, db: Database) -> None:
    account = await desk.account(1)
    assert len(await list_movements(db, account, limit=0)) == 1
    assert len(await list_movements(db, account, limit=10**9)) == 1


async def test_movements_of_others_are_not_shown(desk: Desk, db: Database) -> None:
    mine, _theirs = await desk.account(), await desk.account(5)
    assert await list_movements(db, mine) == []
