"""Each invariant, broken on purpose by whom nothing stops, is found and named; a healthy life breaks none."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from uuid import UUID

import pytest

from bubuh.audit.record import record
from bubuh.core.errors import Fault
from bubuh.core.ids import AccountId, fresh_id
from bubuh.core.shards import shard_of_account
from bubuh.db.pool import Conn, Database
from bubuh.quota import invariants, store
from bubuh.quota.invariants import Difference, Invariant
from bubuh.quota.model import Leg, Purpose, Sink, Source, WantedAllotment, WantedHold, WantedLeg
from bubuh.quota.reconcile import Report, reconcile
from tests.quota.breaches import BREACHES, Breach
from tests.quota.desk import Desk
from tests.quota.story import Story, ask_refunds, tell_story

I = Invariant  # noqa: E741 - said forty times below


@pytest.fixture
async def story(desk: Desk, signer_conn: Conn, owner_conn: Conn) -> Story:
    story = await tell_story(desk, signer_conn)
    await ask_refunds(owner_conn)
    return story


async def named(db: Database) -> set[Invariant]:
    return {difference.invariant for difference in (await reconcile(db)).differences}


async def broken(owner_conn: Conn, story: Story, *statements: str) -> None:
    """By the owner's hand, with the guards off. A name in braces is an id of the story."""
    guarded = await owner_conn.fetch(
        "SELECT tgrelid::regclass::text AS name FROM pg_trigger WHERE tgname ~ '_ro$'"
    )
    for table in guarded:
        await owner_conn.execute(f"ALTER TABLE {table['name']} DISABLE TRIGGER USER")
    names = {each.name: f"'{getattr(story, each.name)}'" for each in fields(story)}
    for statement in statements:
        await owner_conn.execute(statement.format(**names))


async def test_a_healthy_life_breaks_nothing(story: Story, db: Database) -> None:
    report = await reconcile(db)
    assert report == Report(asked=tuple(Invariant), differences=())
    assert report.balanced


async def test_an_empty_database_is_balanced(db: Database) -> None:
    assert (await reconcile(db)).balanced


@pytest.mark.parametrize("breach", BREACHES, ids=lambda breach: breach.what)
async def test_a_breach_is_found_and_named(
    story: Story, db: Database, owner_conn: Conn, breach: Breach
) -> None:
    await broken(owner_conn, story, breach.statement)
    assert await named(db) == breach.named


def test_each_invariant_has_a_breach() -> None:
    assert {invariant for breach in BREACHES for invariant in breach.named} == set(Invariant)


async def test_a_breach_says_whose_it_is_and_what_should_be(
    story: Story, db: Database, owner_conn: Conn
) -> None:
    await broken(owner_conn, story, "UPDATE quota_balances SET used = 3 WHERE account_id = {account_id}")
    report = await reconcile(db, asked=[I.CONSERVATION])
    assert report.asked == (I.CONSERVATION,)
    assert not report.balanced
    assert report.differences == (
        Difference(
            invariant=I.CONSERVATION,
            shard=story.shard,
            account_id=story.account_id,
            subject="balance",
            expected="free 16, held 3, used 1, in transit 1",
            found="free 16, held 3, used 3, in transit 1",
        ),
    )


async def test_an_account_in_another_shard_is_asked_too(desk: Desk, db: Database, owner_conn: Conn) -> None:
    account = await desk.account(1)
    other = await desk.account_elsewhere(account)
    await desk.allot(other, 1)
    await owner_conn.execute("UPDATE quota_balances SET free = 9")
    found = (await reconcile(db)).differences
    assert {each.account_id for each in found} == {account, other}


async def test_a_hold_for_no_stamp_has_no_purpose(desk: Desk, db: Database) -> None:
    account = await desk.account(1)
    wanted = WantedHold(id=fresh_id(account), account_id=account, stamps=1, actor="usr")
    await store.hold_n(db, shard_of_account(account), [wanted], purpose=Purpose.STAMP)
    assert await named(db) == {I.HOLD_HAS_PURPOSE}


async def test_stamps_used_for_nothing_are_found(desk: Desk, db: Database) -> None:
    account = await desk.account(1)
    held = await desk.hold(account)
    await desk.capture(account, held.id, Sink.USED)
    assert await named(db) == {I.USED_EQUALS_SEALS, I.HOLD_HAS_PURPOSE}


async def test_stamps_sold_to_nobody_are_found(desk: Desk, db: Database) -> None:
    account = await desk.account()
    wanted = WantedAllotment(
        ref=fresh_id(account), account_id=account, stamps=1, source=Source.SOLD, actor="usr"
    )
    await store.allot_n(db, shard_of_account(account), [wanted])
    assert await named(db) == {I.PAYMENT_ALLOTTED_ONCE}


async def moved(
    db: Database, leg: Leg, *, at: AccountId, other: AccountId, ref: UUID, stamps: int = 1
) -> None:
    wanted = WantedLeg(ref=ref, account_id=at, counter_account_id=other, stamps=stamps, actor="usr")
    await store.transfer_n(db, shard_of_account(at), [wanted], leg=leg)


async def test_stamps_lost_between_accounts_are_found(desk: Desk, db: Database) -> None:
    giver = await desk.account(3)
    receiver = await desk.account_elsewhere(giver)
    ref = fresh_id(giver)
    await desk.transfer(giver, receiver, 1, ref)
    assert await named(db) == set()
    await moved(db, Leg.ACK, at=giver, other=receiver, ref=ref)
    (difference,) = (await reconcile(db)).differences
    assert (difference.invariant, difference.account_id) == (I.CONSERVATION, giver)
    assert difference.subject == f"transfer {ref}"
    await moved(db, Leg.IN, at=receiver, other=giver, ref=ref)
    assert await named(db) == set()


@pytest.mark.parametrize("sent", [0, 2])
async def test_stamps_made_between_accounts_are_found(desk: Desk, db: Database, sent: int) -> None:
    giver = await desk.account(3)
    receiver = await desk.account_elsewhere(giver)
    ref = fresh_id(giver)
    if sent:
        await desk.transfer(giver, receiver, sent, ref)
    await moved(db, Leg.IN, at=receiver, other=giver, ref=ref, stamps=3)
    assert await named(db) == {I.CONSERVATION}


async def test_a_number_on_two_stamps_is_found(story: Story, db: Database, owner_conn: Conn) -> None:
    await broken(
        owner_conn,
        story,
        "ALTER TABLE stamps DROP CONSTRAINT stamps_serial",
        "DELETE FROM seals WHERE stamp_id = {processing}",
        "UPDATE stamps SET serial = 77000 WHERE id = {processing}",
    )
    found = (await reconcile(db)).differences
    assert {each.invariant for each in found} == {I.SERIAL_UNIQUE_BLOCK_KNOWN}
    assert ("one stamp", "2 stamps") in [(each.expected, each.found) for each in found]


async def test_a_number_of_no_block_is_found(story: Story, db: Database, owner_conn: Conn) -> None:
    drop = "ALTER TABLE stamps DROP CONSTRAINT stamps_block_known"
    await broken(owner_conn, story, drop, "DELETE FROM serial_blocks")
    assert await named(db) == {I.SERIAL_UNIQUE_BLOCK_KNOWN}


async def test_a_number_of_another_shards_block_is_found(
    story: Story, db: Database, owner_conn: Conn
) -> None:
    drop = "ALTER TABLE stamps DROP CONSTRAINT stamps_block_known"
    await broken(owner_conn, story, drop, "UPDATE serial_blocks SET shard = (shard + 1) % 64")
    assert await named(db) == {I.SERIAL_UNIQUE_BLOCK_KNOWN}


async def test_an_act_without_its_entry_is_found(desk: Desk, db: Database, owner_conn: Conn) -> None:
    account = await desk.account(1)
    async with db.transaction() as conn:
        await record(conn, account_id=account, act="x", actor="local", facts={})
    await owner_conn.execute("ALTER TABLE audit_entries DISABLE TRIGGER USER")
    await owner_conn.execute("DELETE FROM audit_entries WHERE act = 'quota.allot'")
    (difference,) = (await reconcile(db)).differences
    assert (difference.invariant, difference.found) == (I.AUDIT_CHAIN_WHOLE, "missing")


@dataclass
class Shelf:
    """Where the bytes of revisions lie; `faults` are those that do not."""

    faults: dict[UUID, str] = field(default_factory=dict)
    asked: list[tuple[AccountId, UUID, int]] = field(default_factory=list)
    shut: bool = False

    async def fault_of(self, account_id: AccountId, document_id: UUID, no: int) -> str | None:
        if self.shut:
            raise Fault
        self.asked.append((account_id, document_id, no))
        return self.faults.get(document_id)


async def test_each_affixed_stamp_is_asked_for_its_bytes(story: Story, db: Database) -> None:
    shelf = Shelf()
    assert (await reconcile(db, revisions=shelf)).balanced
    assert shelf.asked == [(story.account_id, story.document_id, 1)]


async def test_bytes_that_are_not_there_are_found(story: Story, db: Database) -> None:
    report = await reconcile(db, revisions=Shelf({story.document_id: "torn"}))
    (difference,) = report.differences
    assert (difference.invariant, difference.account_id) == (I.AFFIXED_HAS_OBJECT, story.account_id)
    assert (difference.expected, difference.found) == ("its bytes", "torn")


async def test_a_destroyed_documents_bytes_are_not_missed(
    story: Story, db: Database, owner_conn: Conn
) -> None:
    await owner_conn.execute(
        """UPDATE documents SET state = 'destroyed', key_sealed = NULL, name_sealed = NULL,
                  object_key = NULL, base_object_key = NULL"""
    )
    shelf = Shelf()
    assert (await reconcile(db, revisions=shelf)).balanced
    assert shelf.asked == []


async def test_a_store_that_does_not_answer_is_no_breach(story: Story, db: Database) -> None:
    with pytest.raises(Fault):
        await reconcile(db, revisions=Shelf(shut=True))


async def test_more_rows_than_a_page_are_all_asked(
    story: Story, db: Database, owner_conn: Conn, monkeypatch
) -> None:
    monkeypatch.setattr(invariants, "_PAGE", 2)
    await owner_conn.execute("ALTER TABLE document_revisions DISABLE TRIGGER USER")
    await owner_conn.execute(
        """INSERT INTO document_revisions
                  (shard, account_id, document_id, no, stamp_id, object_key, increment_bytes, sha256,
                   size_bytes)
           SELECT r.shard, r.account_id, r.document_id, n, gen_random_uuid(), 'o', 1, r.sha256, 1
             FROM document_revisions AS r, generate_series(2, 6) AS n"""
    )
    shelf = Shelf()
    await reconcile(db, revisions=shelf, asked=[I.AFFIXED_HAS_OBJECT])
    assert [no for _, _, no in shelf.asked] == [1, 2, 3, 4, 5, 6]


async def test_every_invariant_is_one_statement_of_its_name() -> None:
    named_here = set(Invariant) - {I.AUDIT_CHAIN_WHOLE}
    assert named_here <= set(invariants.SQL.available_queries)
    helpers = {"list_legs", "legs_unmatched", "list_revisions"}
    assert {
        name for name in invariants.SQL.available_queries if not name.endswith("_cursor")
    } == named_here | helpers


async def test_the_list_in_the_documents_is_this_list() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "invariants.md"
    rows = [
        line.split("`")[1] for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("| `")
    ]
    assert rows == [str(invariant) for invariant in Invariant]
