from __future__ import annotations

import asyncio
import os
from uuid import uuid4

import pytest

from bubuh.core.ids import fresh_account_id
from bubuh.documents.check import StoredRevisions
from bubuh.documents.model import Document
from bubuh.documents.ports import ObjectDamaged, ObjectMissing
from bubuh.documents.refusals import DocumentNotReady, DocumentUnknown, RevisionTaken
from bubuh.documents.revisions import open_revision
from tests.documents.make import House, letter

ONE, TWO = b"\n% first increment\n" + os.urandom(7_000), b"\n% second increment\n" + os.urandom(90_000)


async def chained(house: House) -> tuple[Document, list[str | None]]:
    """A document with two increments, and where its three objects lie."""
    document = await house.document()
    keys = [document.object_key, await house.append(document, 1, ONE), await house.append(document, 2, TWO)]
    return document, keys


def stored(house: House) -> StoredRevisions:
    return StoredRevisions(db=house.db, objects=house.objects, store_key=house.store_key)


async def fault(house: House, document: Document, no: int) -> str | None:
    return await stored(house).fault_of(document.account_id, document.id, no)


async def test_a_revision_is_the_original_and_the_increments_up_to_it(house: House) -> None:
    document, _ = await chained(house)
    original = letter()
    assert await house.read(document, 0) == original
    assert await house.read(document, 1) == original + ONE
    assert await house.read(document, 2) == original + ONE + TWO


async def test_a_revision_says_its_size_and_hash_before_its_first_byte(house: House) -> None:
    document, _ = await chained(house)
    opened = await open_revision(
        document.account_id,
        document.id,
        2,
        db=house.db,
        objects=house.objects,
        store_key=house.store_key,
    )
    whole = b"".join([piece async for piece in opened.chunks])
    assert opened.size_bytes == len(whole) == len(letter() + ONE + TWO)


@pytest.mark.parametrize("no", [-1, 1, 7])
async def test_a_revision_that_is_not_there_is_unknown(house: House, no: int) -> None:
    document = await house.document()
    with pytest.raises(DocumentUnknown):
        await house.read(document, no)


async def test_a_chain_with_a_gap_is_no_revision(house: House) -> None:
    document, _ = await chained(house)
    await house.owner.execute("ALTER TABLE document_revisions DISABLE TRIGGER document_revisions_ro")
    await house.owner.execute(
        "DELETE FROM document_revisions WHERE shard = $1 AND document_id = $2 AND no = 1",
        document.shard,
        document.id,
    )
    await house.owner.execute("ALTER TABLE document_revisions ENABLE TRIGGER document_revisions_ro")
    with pytest.raises(DocumentUnknown):
        await house.read(document, 2)
    assert await fault(house, document, 2) == "row_missing"


async def test_another_account_has_no_such_revision(house: House) -> None:
    document, _ = await chained(house)
    with pytest.raises(DocumentUnknown):
        await open_revision(
            fresh_account_id(),
            document.id,
            1,
            db=house.db,
            objects=house.objects,
            store_key=house.store_key,
        )


class TestAnIncrement:
    async def test_made_again_after_a_crash_is_the_same_object(self, house: House) -> None:
        document = await house.document()
        key = await house.create_increment(document, 1, ONE)
        before = house.file(key).read_bytes()
        assert await house.create_increment(document, 1, ONE) == key
        assert house.file(key).read_bytes() == before

    async def test_made_by_many_at_once_is_one_object(self, house: House) -> None:
        document = await house.document()
        keys = await asyncio.gather(*(house.create_increment(document, 1, TWO) for _ in range(8)))
        assert len(set(keys)) == 1

    async def test_that_differs_is_refused_and_the_first_one_stays(self, house: House) -> None:
        document = await house.document()
        key = await house.create_increment(document, 1, ONE)
        before = house.file(key).read_bytes()
        for other in (TWO, ONE[:-1], ONE + b"\n", b""):
            with pytest.raises(RevisionTaken):
                await house.create_increment(document, 1, other)
        assert house.file(key).read_bytes() == before

    @pytest.mark.parametrize("kept_bytes", [0, 20, 36, 40, 5_000, 65_588, 90_000])
    async def test_that_a_power_cut_tore_is_replaced(self, house: House, kept_bytes: int) -> None:
        document = await house.document()
        file = house.file(await house.create_increment(document, 1, TWO))
        whole = file.read_bytes()
        for torn in (whole[:kept_bytes], whole[:kept_bytes].ljust(len(whole), b"\0")):
            file.write_bytes(torn)
            await house.create_increment(document, 1, TWO)
            assert file.read_bytes() == whole

    async def test_that_was_torn_is_mended_by_many_at_once(self, house: House) -> None:
        document = await house.document()
        file = house.file(await house.create_increment(document, 1, TWO))
        whole = file.read_bytes()
        file.write_bytes(whole[:1_000])
        await asyncio.gather(*(house.create_increment(document, 1, TWO) for _ in range(16)))
        assert file.read_bytes() == whole

    async def test_of_a_destroyed_document_is_refused(self, house: House) -> None:
        document = await house.document()
        await house.destroy(document)
        with pytest.raises(DocumentNotReady):
            await house.create_increment(await house.now(document), 1, ONE)


class TestLosses:
    @pytest.mark.parametrize("number", [0, 1, 2])
    async def test_an_object_that_is_gone_is_missing_before_the_first_byte(
        self, house: House, number: int
    ) -> None:
        document, keys = await chained(house)
        house.file(keys[number]).unlink()
        with pytest.raises(ObjectMissing):
            await open_revision(
                document.account_id,
                document.id,
                2,
                db=house.db,
                objects=house.objects,
                store_key=house.store_key,
            )
        assert await fault(house, document, 2) == "object_missing"

    @pytest.mark.parametrize("number", [0, 1, 2])
    async def test_an_object_that_was_changed_is_damaged(self, house: House, number: int) -> None:
        document, keys = await chained(house)
        file = house.file(keys[number])
        changed = bytearray(file.read_bytes())
        changed[-1] ^= 1
        file.write_bytes(changed)
        with pytest.raises(ObjectDamaged):
            await house.read(document, 2)
        assert await fault(house, document, 2) == "object_damaged"

    async def test_objects_that_changed_places_are_damaged(self, house: House) -> None:
        document, keys = await chained(house)
        one, two = house.file(keys[1]), house.file(keys[2])
        first = one.read_bytes()
        one.write_bytes(two.read_bytes())
        two.write_bytes(first)
        with pytest.raises(ObjectDamaged):
            await house.read(document, 1)

    async def test_a_row_with_another_hash_gives_nothing_whole(self, house: House) -> None:
        document, _ = await chained(house)
        await house.owner.execute(
            "UPDATE documents SET sha256 = sha256(sha256) WHERE shard = $1 AND id = $2",
            document.shard,
            document.id,
        )
        given = b""
        with pytest.raises(ObjectDamaged):
            given = await house.read(document, 0)
        assert given == b""
        assert await fault(house, document, 0) == "object_damaged"
        assert await fault(house, document, 1) is None  # its own row is right

    async def test_a_row_with_another_size_is_found(self, house: House) -> None:
        document, _ = await chained(house)
        await house.owner.execute(
            "UPDATE documents SET size_bytes = 1 WHERE shard = $1 AND id = $2", document.shard, document.id
        )
        assert await fault(house, document, 0) == "size_differs"

    async def test_with_its_key_a_document_is_gone_and_owes_nothing(self, house: House) -> None:
        document, keys = await chained(house)
        await house.destroy(document)
        assert all(house.file(key).exists() for key in keys)
        for no in (0, 1, 2):
            with pytest.raises(DocumentNotReady):
                await house.read(document, no)
            assert await fault(house, document, no) is None

    async def test_what_is_whole_has_no_fault_and_what_has_no_row_has_one(self, house: House) -> None:
        document, _ = await chained(house)
        assert [await fault(house, document, no) for no in (0, 1, 2, 3)] == [None, None, None, "row_missing"]
        assert await stored(house).fault_of(document.account_id, uuid4(), 0) == "row_missing"
