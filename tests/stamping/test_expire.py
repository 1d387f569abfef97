"""Bytes of documents go when their time is over, and no document that something is still done with."""

from __future__ import annotations

from uuid import UUID

import pytest

from bubuh.db.pool import Conn
from bubuh.documents.destroy import destroy_all
from bubuh.documents.expire import expire
from bubuh.documents.find import find_document
from bubuh.documents.moves import DocumentState
from bubuh.documents.ports import StoreUnavailable
from bubuh.documents.refusals import DocumentNotReady, DocumentUnknown
from bubuh.documents.stay import find_stay, set_kept
from bubuh.stamping.affix import affix
from bubuh.stamping.deliver import open_stamped_document
from bubuh.stamping.show import find_stamp
from tests.stamping.conftest import Town

READY, DESTROYED = DocumentState.READY, DocumentState.DESTROYED


async def aged(owner_conn: Conn, hours: float) -> None:
    """All documents came so long ago."""
    await owner_conn.execute("UPDATE documents SET received_at = now() - make_interval(hours => $1)", hours)


async def expired(town: Town, *, at_once: int = 100) -> int:
    return await expire(town.citizen.shard, db=town.db, objects=town.shop.objects, at_once=at_once)


async def state_of(town: Town, document_id: UUID) -> DocumentState:
    return (await find_document(town.db, town.citizen.account_id, document_id)).state


async def stamped(town: Town) -> tuple[UUID, UUID]:
    """A document with a stamp on it; both ids."""
    document_id = await town.upload()
    accepted = await town.accept(document_id)
    for lease in await town.lease():
        await affix(lease, town.shop)
    return document_id, accepted.stamp.id


async def kept_objects(town: Town) -> int:
    return len([each async for each in town.shop.objects.list()])


async def test_bytes_go_after_72_hours_and_not_before(town: Town, owner_conn: Conn) -> None:
    documents = [await town.upload() for _ in range(3)]
    await aged(owner_conn, 71)
    assert await expired(town) == 0
    await aged(owner_conn, 73)
    assert await expired(town, at_once=2) == 3
    assert [await state_of(town, each) for each in documents] == [DESTROYED] * 3
    assert await kept_objects(town) == 0
    row = await owner_conn.fetchrow("SELECT * FROM documents LIMIT 1")
    assert row is not None
    assert (row["name_sealed"], row["key_sealed"], row["object_key"]) == (None, None, None)
    assert row["sha256"] is not None


async def test_a_stamp_lengthens_a_documents_time_and_outlives_it(
    town: Town, owner_conn: Conn, monkeypatch: pytest.MonkeyPatch
) -> None:
    document_id, stamp_id = await stamped(town)
    await aged(owner_conn, 500)
    assert await expired(town) == 0, "it was stamped just now"
    monkeypatch.setattr("bubuh.documents.store.KEPT_S", 0.0)
    assert await expired(town) == 1
    assert await kept_objects(town) == 0, "its increment has gone too"
    assert (await find_stamp(town.db, town.citizen.account_id, stamp_id)).state == "affixed"
    with pytest.raises(DocumentNotReady):
        await open_stamped_document(
            town.citizen.account_id,
            stamp_id,
            db=town.db,
            doorbell=town.doorbell,
            objects=town.shop.objects,
            store_key=town.shop.store_key,
        )
    assert not (await find_stay(town.db, town.citizen.account_id, document_id)).is_here


async def test_nothing_goes_while_a_stamp_waits_or_is_in_work(town: Town, owner_conn: Conn) -> None:
    document_id = await town.upload()
    await town.accept(document_id)
    await aged(owner_conn, 73)
    assert await expired(town) == 0
    (lease,) = await town.lease()
    assert await expired(town) == 0
    await affix(lease, town.shop)
    assert await expired(town) == 0
    assert await state_of(town, document_id) is READY


async def test_what_its_owner_keeps_stays_until_they_say_otherwise(town: Town, owner_conn: Conn) -> None:
    account_id, document_id = town.citizen.account_id, await town.upload()
    await set_kept(town.db, account_id, document_id, is_kept=True)
    await aged(owner_conn, 73)
    assert await expired(town) == 0
    stay = await find_stay(town.db, account_id, document_id)
    assert (stay.is_here, stay.is_kept) == (True, True)
    await set_kept(town.db, account_id, document_id, is_kept=False)
    assert await expired(town) == 1
    with pytest.raises(DocumentNotReady):
        await set_kept(town.db, account_id, document_id, is_kept=True)
    with pytest.raises(DocumentUnknown):
        await set_kept(town.db, account_id, UUID(int=1), is_kept=True)
    with pytest.raises(DocumentUnknown):
        await find_stay(town.db, account_id, UUID(int=1))


async def test_what_was_never_received_whole_goes_too(town: Town, owner_conn: Conn) -> None:
    """A request that died left its row: with a key and a name, and perhaps with bytes."""
    document_id = await town.upload()
    await owner_conn.execute("UPDATE documents SET state = 'receiving', pages = NULL, boxes = NULL")
    await aged(owner_conn, 71)
    assert await expired(town) == 0
    await aged(owner_conn, 73)
    assert await expired(town) == 1
    assert await state_of(town, document_id) is DESTROYED
    assert await kept_objects(town) == 0


async def test_what_a_crash_left_in_the_store_goes_with_the_next_round(
    town: Town, owner_conn: Conn, monkeypatch: pytest.MonkeyPatch
) -> None:
    document_id, _ = await stamped(town)
    monkeypatch.setattr("bubuh.documents.store.KEPT_S", 0.0)
    deleted: list[str] = []
    delete = town.shop.objects.delete

    async def fail_after_one(key: str) -> None:
        if deleted:
            raise StoreUnavailable("the store went away")
        deleted.append(key)
        await delete(key)

    monkeypatch.setattr(town.shop.objects, "delete", fail_after_one)
    with pytest.raises(StoreUnavailable):
        await expired(town)
    assert await state_of(town, document_id) is DESTROYED
    assert await kept_objects(town) == 1
    monkeypatch.setattr(town.shop.objects, "delete", delete)
    assert await expired(town) == 0, "nothing more was due"
    assert await kept_objects(town) == 0


async def test_all_that_an_account_gave_goes_at_its_word_kept_or_not(town: Town) -> None:
    first, _ = await stamped(town)
    second = await town.upload()
    await set_kept(town.db, town.citizen.account_id, second, is_kept=True)
    async with town.db.transaction() as conn:
        await destroy_all(conn, town.citizen.account_id)
    assert [await state_of(town, each) for each in (first, second)] == [DESTROYED] * 2
    assert await expired(town, at_once=1) == 0, "their time was not over"
    assert await kept_objects(town) == 0
