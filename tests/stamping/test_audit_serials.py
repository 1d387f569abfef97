"""Every number of every block is accounted for, to the last; one that is not is named."""

from __future__ import annotations

import pytest

from bubuh.core.shards import SHARDS, Shard
from bubuh.db.pool import Conn, Database
from bubuh.stamping.audit_serials import SerialReport, audit_serials
from bubuh.stamping.serials import SerialBlocks
from tests.quota.desk import Desk
from tests.quota.story import BLOCK, Story, tell_story
from tests.quota.test_reconcile import broken


@pytest.fixture
async def story(db: Database, signer_conn: Conn) -> Story:
    """An affixed stamp, a returned one and one in work, of one block."""
    return await tell_story(Desk(db), signer_conn)


def numbers(report: SerialReport) -> tuple[int, int, int, int, int]:
    return report.blocks, report.used, report.void, report.in_work, report.unused


async def test_without_blocks_there_is_nothing_to_account_for(db: Database) -> None:
    report = await audit_serials(db)
    assert (numbers(report), report.is_whole) == ((0, 0, 0, 0, 0), True)


async def test_each_number_has_its_fate_and_each_void_one_its_reason(story: Story, db: Database) -> None:
    report = await audit_serials(db)
    assert numbers(report) == (1, 1, 1, 1, 997)
    assert report.void_reasons == {"damaged": 1}
    assert report.holders == {"w": 1}
    assert report.is_whole


async def test_blocks_of_workers_that_died_keep_their_unused_numbers(db: Database) -> None:
    shard = Shard(7)
    for name in ("worker-1", "worker-2"):
        killed = SerialBlocks(taken_by=name)  # takes a number and is never heard of again
        await killed.take(db, shard)
    report = await audit_serials(db)
    assert numbers(report) == (2, 0, 0, 0, 2_000)
    assert report.holders == {"worker-1": 1, "worker-2": 1}
    assert report.is_whole


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("DELETE FROM log_leaves WHERE kind = 'issue'", "stamp affixed, seal, no leaf"),
        ("DELETE FROM log_leaves WHERE kind = 'void'", "stamp returned, no seal, no leaf"),
        ("DELETE FROM seals WHERE stamp_id = {affixed}", "stamp affixed, no seal, leaf issue"),
        ("DELETE FROM stamps WHERE id = {affixed}", "no stamp, seal, leaf issue"),
        ("DELETE FROM stamps WHERE id = {returned}", "no stamp, no seal, leaf void"),
        ("DELETE FROM stamps WHERE id = {processing}", "no stamp, seal, no leaf"),
        (
            "UPDATE seals SET stamp_id = gen_random_uuid() WHERE stamp_id = {processing}",
            "stamp processing, seal, no leaf",
        ),
        (
            "UPDATE log_leaves SET digest = sha256('x') WHERE kind = 'issue'",
            "stamp affixed, seal, leaf issue",
        ),
        ("UPDATE log_leaves SET serial_no = 'S1' WHERE kind = 'void'", "stamp returned, no seal, leaf void"),
        ("UPDATE seals SET serial = 77500 WHERE stamp_id = {processing}", "no stamp, seal, no leaf"),
    ],
)
async def test_a_number_that_nothing_explains_is_named(
    story: Story, db: Database, owner_conn: Conn, statement: str, found: str
) -> None:
    await broken(owner_conn, story, statement)
    report = await audit_serials(db)
    assert [each.found for each in report.unaccounted] == [found]
    assert not report.is_whole
    in_blocks = report.used + report.void + report.in_work + report.unused + len(report.unaccounted)
    assert in_blocks == report.blocks * 1_000


async def test_numbers_of_no_block_of_their_shard_are_named(
    story: Story, db: Database, owner_conn: Conn
) -> None:
    drop = "ALTER TABLE stamps DROP CONSTRAINT stamps_block_known"
    await broken(owner_conn, story, drop, f"UPDATE serial_blocks SET shard = (shard + 1) % {SHARDS}")
    report = await audit_serials(db)
    assert {each.serial for each in report.unaccounted} == {BLOCK * 1_000 + n for n in range(3)}
    assert all(each.found.endswith(", no block") for each in report.unaccounted)
