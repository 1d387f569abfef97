"""One account's whole story, told through the functions of every slice: the books are full and agree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from bubuh.core.ids import AccountId, fresh_id
from bubuh.core.shards import Shard, shard_of_account
from bubuh.db.pool import Conn, Database
from tests.quota.desk import Desk

BLOCK = 77
DIGEST, WHOLE = b"d" * 32, b"w" * 32


@dataclass(frozen=True)
class Story:
    """What the books hold: one stamp of each state, one order of each, a hold for a refund, a transfer."""

    account_id: AccountId
    other_id: AccountId  #: the receiver, of another shard
    parent_id: AccountId
    child_id: AccountId  #: holds one of its parent's stamps, used one, gave one back
    document_id: UUID
    affixed: UUID
    returned: UUID
    processing: UUID
    accepted: UUID
    filled: UUID
    placed: UUID

    @property
    def shard(self) -> Shard:
        return shard_of_account(self.account_id)


async def tell_story(desk: Desk, signer_conn: Conn) -> Story:
    """Everything that happens in a healthy life, up to its middle."""
    db = desk.db
    account_id = await desk.account(20)
    parent_id = await desk.account(5, beside=account_id)
    story = Story(
        account_id,
        await desk.account_elsewhere(account_id),
        parent_id,
        await desk.child(parent_id, 3),
        *(fresh_id(account_id) for _ in range(7)),
    )
    await desk.hold(story.child_id)
    await desk.capture(story.child_id, (await desk.hold(story.child_id)).id)
    await desk.release(story.child_id, (await desk.hold(story.child_id)).id)
    await _buy(db, story)
    held = await desk.hold(account_id, 2)
    await desk.capture(account_id, held.id)
    await desk.hold(account_id, 1)
    await desk.transfer(account_id, story.other_id, 1)
    await _stamp(db, signer_conn, story)
    return story


async def _buy(db: Database, story: Story) -> None:
    for order_id in (story.filled, story.placed):
        await db.fetch(
            "SELECT orders_place_n($1, ARRAY[$2::uuid], ARRAY[$3::bigint], ARRAY[$4::bytea], "
            "ARRAY[3::bigint], ARRAY['qris'], ARRAY[30000::bigint], ARRAY['usr'], ARRAY[3600.0::float8], "
            "ARRAY['dev'], ARRAY['r' || $2], ARRAY[false])",
            story.shard,
            order_id,
            story.account_id,
            WHOLE,
        )
    await db.fetch(
        "SELECT orders_settle_n($1, ARRAY[$2::uuid], ARRAY[$3::bigint], ARRAY['dev'], ARRAY['1'], "
        "ARRAY[30000::bigint], ARRAY[now()])",
        story.shard,
        story.filled,
        story.account_id,
    )


async def _stamp(db: Database, signer_conn: Conn, story: Story) -> None:
    """Four stamps of one document, one after the other: affixed, returned, in work, waiting."""
    key = (story.shard, story.account_id)
    await put_document(db, story.account_id, story.document_id)
    await db.execute(
        "INSERT INTO serial_blocks (block, shard, taken_by) VALUES ($1, $2, 'w')", BLOCK, story.shard
    )
    for stamp_id in (story.affixed, story.returned, story.processing, story.accepted):
        await accept(db, story.account_id, story.document_id, stamp_id)
    await _work(db, story, story.affixed, 0)
    await _seal(db, signer_conn, story, story.affixed)
    await db.fetch(
        "SELECT stamping_affix_n($1, ARRAY[$3::uuid], ARRAY[$2::bigint], ARRAY[1], ARRAY['o1'], ARRAY[5], "
        "ARRAY[$4::bytea], ARRAY[14::bigint], ARRAY[1])",
        *key,
        story.affixed,
        WHOLE,
    )
    await _work(db, story, story.returned, 1)
    await db.fetch(
        "SELECT stamping_return_n($1, ARRAY[$3::uuid], ARRAY[$2::bigint], ARRAY[1], ARRAY['damaged'], "
        "ARRAY['w'])",
        *key,
        story.returned,
    )
    await _work(db, story, story.processing, 2)
    await _seal(db, signer_conn, story, story.processing)


async def put_document(db: Database, account_id: AccountId, document_id: UUID) -> None:
    """A document as if it had been received."""
    await db.execute(
        """INSERT INTO documents
                  (shard, account_id, id, state, sha256, size_bytes, pages, boxes, key_sealed, object_key)
           VALUES ($1, $2, $3, 'ready', $4, 9, 1, '[]', 'k', 'o')""",
        shard_of_account(account_id),
        account_id,
        document_id,
        WHOLE,
    )


async def accept(db: Database, account_id: AccountId, document_id: UUID, stamp_id: UUID) -> None:
    """A stamp asked for on it."""
    outcome = await db.fetchval(
        "SELECT outcome FROM stamping_accept_n($1, ARRAY[$3::uuid], ARRAY[$2::bigint], ARRAY['usr'], "
        "ARRAY[$5::bytea], ARRAY[$4::uuid], ARRAY[1], ARRAY[1::float8], ARRAY[1::float8], ARRAY[60::float8], "
        "ARRAY['t'], ARRAY['1'], ARRAY[$6::date])",
        shard_of_account(account_id),
        account_id,
        stamp_id,
        document_id,
        WHOLE,
        date(2026, 11, 22),
    )
    assert outcome == "done"


async def _work(db: Database, story: Story, stamp_id: UUID, offset: int) -> None:
    leased = await db.fetch("SELECT id FROM stamping_lease_n($1, 'w', 9, 1, 600, '{}', '{}')", story.shard)
    assert [row["id"] for row in leased] == [stamp_id]
    serial = BLOCK * 1000 + offset
    assert await db.fetchval(
        "SELECT stands FROM stamping_intend_n($1, ARRAY[$2::uuid], ARRAY[$3::bigint], ARRAY[1], "
        "ARRAY[$4::bigint], ARRAY[$5], ARRAY[$6::int], ARRAY[$7::bytea], ARRAY[$8::timestamptz], "
        "ARRAY['f'::bytea], ARRAY['k'], "
        "ARRAY['B-B'], ARRAY[0])",
        story.shard,
        stamp_id,
        story.account_id,
        serial,
        f"S{serial}",
        1 if offset else 0,
        WHOLE,
        datetime(2026, 11, 22, tzinfo=UTC),
    )


async def _seal(db: Database, signer_conn: Conn, story: Story, stamp_id: UUID) -> None:
    arguments = (story.shard, stamp_id, story.account_id, DIGEST)
    assert await db.fetchval(
        "SELECT stands FROM stamping_write_plan_n($1, ARRAY[$2::uuid], ARRAY[$3::bigint], ARRAY[1], "
        "ARRAY[$4::bytea], ARRAY['sealed'::bytea], ARRAY['t1'])",
        *arguments,
    )
    kept = await signer_conn.fetchval(
        "SELECT signature FROM stamping_seal_n($1, ARRAY[$2::uuid], ARRAY[$3::bigint], ARRAY[1], "
        "ARRAY[$4::bytea], ARRAY['s'::bytea], ARRAY['k'])",
        *arguments,
    )
    assert kept == b"s"


async def ask_refunds(owner_conn: Conn) -> None:
    """The refunds that the desk's holds are for, in the states that their holds say."""
    await owner_conn.execute(
        """INSERT INTO refunds (shard, account_id, id, order_id, gateway, payment_no, kind, stamps,
                                amount_idr, state, reason, actor, next_try_at, ended_at)
           SELECT h.shard, h.account_id, h.id, h.id, 'none', '1', 'asked', h.stamps, h.stamps * 10000,
                  CASE h.state WHEN 'held' THEN 'asked' WHEN 'captured' THEN 'done' ELSE 'failed' END,
                  'uji', 'usr',
                  CASE WHEN h.state = 'held' THEN now() END, CASE WHEN h.state <> 'held' THEN now() END
             FROM quota_holds AS h WHERE h.purpose = 'refund'
           ON CONFLICT (shard, account_id, id) DO UPDATE
              SET state = excluded.state, next_try_at = excluded.next_try_at, ended_at = excluded.ended_at"""
    )
    await owner_conn.execute(
        """INSERT INTO refund_events (shard, account_id, refund_id, state, move)
           SELECT f.shard, f.account_id, f.id, v.state, 'uji'
             FROM refunds AS f
             JOIN unnest(ARRAY['asked', 'unknown', 'done', 'failed']) AS v (state)
               ON v.state IN ('asked', f.state) OR f.state <> 'asked' AND v.state = 'unknown'
            WHERE f.kind = 'asked'
           ON CONFLICT DO NOTHING"""
    )
