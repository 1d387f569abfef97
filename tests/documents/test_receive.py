from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from bubuh.adapters.object_store import LocalObjects
from bubuh.core.errors import Refusal
from bubuh.core.ids import AccountId, fresh_account_id, fresh_id
from bubuh.core.privileges import Uids
from bubuh.core.shards import shard_of_account
from bubuh.documents import store
from bubuh.documents.find import find_document
from bubuh.documents.keys import fresh_document_key
from bubuh.documents.model import LIMIT_BYTES, ORIGINAL
from bubuh.documents.moves import DocumentState
from bubuh.documents.names import document_name
from bubuh.documents.ports import ObjectDamaged, StoreUnavailable
from bubuh.documents.refusals import (
    DocumentEmpty,
    DocumentNotReady,
    DocumentTooLarge,
    DocumentTruncated,
    DocumentUnknown,
    NotAPdf,
    refusal_for,
)
from bubuh.documents.sealing import ObjectOf, is_whole, seal, seal_name
from bubuh.identity.refusals import IdempotencyConflict
from bubuh.pdf.refusals import DocumentRefused, Reason
from bubuh.sandbox import Sandbox, SandboxUnavailable
from tests.documents.make import Body, House, heavy, letter, locked, truncated

CANARY = "KANARI-7731-Siti-Rahayu"


def whose() -> tuple[AccountId, UUID]:
    account_id = fresh_account_id()
    return account_id, fresh_id(account_id)


async def refused(act: Awaitable[object]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await act
    return caught.value


async def rows(house: House, account_id: AccountId) -> int:
    count: int = await house.db.fetchval(
        "SELECT count(*) FROM documents WHERE shard = $1 AND account_id = $2",
        shard_of_account(account_id),
        account_id,
    )
    return count


async def open_row(house: House, data: bytes, account_id: AccountId, document_id: UUID) -> str:
    """What a request leaves that died right after its first commit; where the object will lie."""
    key = fresh_document_key()
    object_key = house.store_key.object_key(account_id=account_id, document_id=document_id, revision=ORIGINAL)
    await store.open_document(
        house.db,
        account_id=account_id,
        document_id=document_id,
        sha256=hashlib.sha256(data).digest(),
        size_bytes=len(data),
        name_sealed=seal_name("surat.pdf", key, document_id),
        key_sealed=house.store_key.wrap(key, document_id),
        object_key=object_key,
    )
    return object_key


async def test_a_good_document_is_ready_with_what_inspection_found(house: House) -> None:
    data = letter(pages=3)
    received = await house.receive(data)
    document = received.document
    assert not received.replayed
    assert document.state is DocumentState.READY
    assert (document.pages, len(document.boxes)) == (3, 3)
    assert (document.sha256, document.size_bytes) == (hashlib.sha256(data).digest(), len(data))
    assert (round(document.boxes[0].crop.width), round(document.boxes[0].crop.height)) == (595, 842)
    assert await house.read(document) == data


async def test_the_original_is_stored_sealed_before_the_row_is_ready(house: House) -> None:
    document = await house.document()
    stored = house.file(document.object_key).read_bytes()
    assert b"%PDF" not in stored
    key = house.store_key.unwrap(document.key_sealed or b"", document.id)
    assert is_whole(stored, key, ObjectOf(document_id=document.id, revision=ORIGINAL))


async def test_repeating_a_request_shows_the_same_document(house: House) -> None:
    account_id, document_id = whose()
    data = letter("Ulangan")
    first = await house.receive(data, account_id=account_id, document_id=document_id, name="satu.pdf")
    again = await house.receive(data, account_id=account_id, document_id=document_id, name="dua.pdf")
    assert again.replayed
    assert again.document == first.document
    assert document_name(again.document, house.store_key) == "satu.pdf"


async def test_twenty_requests_at_once_make_one_document(house: House) -> None:
    account_id, document_id = whose()
    data = letter("Serentak")
    before = len(house.files())
    received = await asyncio.gather(
        *(house.receive(data, account_id=account_id, document_id=document_id) for _ in range(20))
    )
    assert sorted(each.replayed for each in received) == [False] + [True] * 19
    assert len({each.document.received_at for each in received}) == 1
    assert len(house.files()) == before + 1
    assert await house.read(received[0].document) == data


async def test_the_same_id_for_other_bytes_is_a_conflict(house: House) -> None:
    account_id, document_id = whose()
    await house.receive(letter("Satu"), account_id=account_id, document_id=document_id)
    refusal = await refused(house.receive(letter("Dua"), account_id=account_id, document_id=document_id))
    assert isinstance(refusal, IdempotencyConflict)
    kept = await find_document(house.db, account_id, document_id)
    assert await house.read(kept) == letter("Satu")


async def test_a_conflict_is_found_against_a_refused_document_too(house: House) -> None:
    account_id, document_id = whose()
    await refused(house.receive(locked(), account_id=account_id, document_id=document_id))
    refusal = await refused(house.receive(letter(), account_id=account_id, document_id=document_id))
    assert isinstance(refusal, IdempotencyConflict)


async def test_the_same_bytes_in_two_accounts_share_nothing(house: House) -> None:
    one, two = await house.document(), await house.document()
    assert one.sha256 == two.sha256
    assert one.object_key != two.object_key
    assert house.file(one.object_key).read_bytes() != house.file(two.object_key).read_bytes()


async def test_ten_mebibytes_are_received_and_one_byte_more_is_not(house: House) -> None:
    data = heavy(LIMIT_BYTES)
    assert await house.read((await house.receive(data)).document) == data
    body = Body(heavy(LIMIT_BYTES + 1))
    assert isinstance(await refused(house.receive(body)), DocumentTooLarge)


@pytest.mark.parametrize(
    ("data", "wanted"),
    [(b"", DocumentEmpty), (b"<html>", NotAPdf), (b"%PDF-".ljust(LIMIT_BYTES + 1), DocumentTooLarge)],
    ids=["empty", "no pdf", "too large"],
)
async def test_a_bad_body_is_refused_before_any_row(house: House, data: bytes, wanted: type[Refusal]) -> None:
    account_id, document_id = whose()
    refusal = await refused(house.receive(data, account_id=account_id, document_id=document_id))
    assert type(refusal) is wanted
    assert await rows(house, account_id) == 0


@pytest.mark.parametrize(
    ("make", "wanted", "reason"),
    [(locked, DocumentRefused, Reason.ENCRYPTED), (truncated, DocumentTruncated, Reason.TRUNCATED)],
    ids=["locked", "truncated"],
)
async def test_a_refused_document_is_remembered_without_its_bytes(
    house: House, make: Callable[[], bytes], wanted: type[Refusal], reason: Reason
) -> None:
    account_id, document_id = whose()
    data, before = make(), house.files()
    first = await refused(house.receive(data, account_id=account_id, document_id=document_id))
    again = await refused(house.receive(data, account_id=account_id, document_id=document_id))
    assert type(first) is type(again) is wanted
    assert first.details == again.details
    document = await find_document(house.db, account_id, document_id)
    assert (document.state, document.reason) == (DocumentState.REFUSED, reason)
    assert (document.key_sealed, document.name_sealed, document.object_key) == (None, None, None)
    assert house.files() == before


async def test_a_document_that_its_reader_cannot_bear_is_refused(house: House) -> None:
    hostile = b"%PDF-1.4\n1 0 obj\n" + b"[" * 1_000_000 + b"\nendobj\nstartxref\n9\n%%EOF\n"
    assert isinstance(await refused(house.receive(hostile)), DocumentRefused)


async def test_each_reason_has_its_refusal_and_keeps_it() -> None:
    for reason in Reason:
        assert type(refusal_for(str(reason))) is type(refusal_for(str(reason)))
    named = {Reason.EMPTY, Reason.NOT_A_PDF, Reason.TRUNCATED, Reason.TOO_LARGE}
    own = {reason for reason in Reason if not isinstance(refusal_for(str(reason)), DocumentRefused)}
    assert own == named


def lost_store(folder: Path) -> LocalObjects:
    """A store whose folder became a file."""
    objects = LocalObjects(folder)
    folder.rmdir()
    folder.write_bytes(b"no folder")
    return objects


class TestACrash:
    """A request that died after any of its steps is completed by the next one like it."""

    async def test_after_the_row(self, house: House) -> None:
        account_id, document_id = whose()
        data = letter("Putus 1")
        await open_row(house, data, account_id, document_id)
        received = await house.receive(data, account_id=account_id, document_id=document_id)
        assert not received.replayed
        assert await house.read(received.document) == data

    async def test_after_the_object(self, house: House) -> None:
        account_id, document_id = whose()
        data = letter("Putus 2")
        object_key = await open_row(house, data, account_id, document_id)
        document = await find_document(house.db, account_id, document_id)
        key = house.store_key.unwrap(document.key_sealed or b"", document_id)
        await house.objects.create(
            object_key, seal(data, key, ObjectOf(document_id=document_id, revision=ORIGINAL))
        )
        received = await house.receive(data, account_id=account_id, document_id=document_id)
        assert await house.read(received.document) == data

    @pytest.mark.parametrize("torn", [b"", bytes(50_000), b"BBH1 and then something"])
    async def test_and_a_power_cut_that_tore_the_object(self, house: House, torn: bytes) -> None:
        account_id, document_id = whose()
        data = letter("Putus 3")
        await house.objects.create(await open_row(house, data, account_id, document_id), torn)
        received = await house.receive(data, account_id=account_id, document_id=document_id)
        assert await house.read(received.document) == data

    async def test_of_the_store_leaves_what_the_same_request_completes(self, house: House) -> None:
        account_id, document_id = whose()
        data = letter("Putus 4")
        lost = lost_store(house.folder.with_name("lost"))
        with pytest.raises(StoreUnavailable):
            await house.receive(data, account_id=account_id, document_id=document_id, objects=lost)
        document = await find_document(house.db, account_id, document_id)
        assert document.state is DocumentState.RECEIVING
        with pytest.raises(DocumentNotReady):
            await house.read(document)
        received = await house.receive(data, account_id=account_id, document_id=document_id)
        assert await house.read(received.document) == data


async def test_without_a_sandbox_nothing_is_decided_and_the_same_request_completes_it(house: House) -> None:
    account_id, document_id = whose()
    data = letter("Tanpa kotak pasir")
    with Sandbox.start(Uids.here().sandbox) as sandbox:
        sandbox.close()
        gone = replace(house, sandbox=sandbox)
        with pytest.raises(SandboxUnavailable):
            await gone.receive(data, account_id=account_id, document_id=document_id)
    received = await house.receive(data, account_id=account_id, document_id=document_id)
    assert await house.read(received.document) == data


class LateObjects(LocalObjects):
    """A store whose first put is so slow that something else happens meanwhile."""

    def __init__(self, house: House, meanwhile: Callable[[], Awaitable[object]]) -> None:
        super().__init__(house.folder)
        self._meanwhile = meanwhile

    async def create(self, key: str, data: bytes) -> bool:
        await self._meanwhile()
        return await super().create(key, data)


async def test_a_request_overtaken_by_a_refusal_keeps_nothing(house: House) -> None:
    account_id, document_id = whose()

    async def refuse() -> None:
        document = await find_document(house.db, account_id, document_id)
        assert await store.refuse_document(house.db, document, str(Reason.SANDBOX_TIMEOUT))

    before = house.files()
    receiving = house.receive(
        letter("Didahului"),
        account_id=account_id,
        document_id=document_id,
        objects=LateObjects(house, refuse),
    )
    refusal = await refused(receiving)
    assert isinstance(refusal, DocumentRefused)
    assert refusal.reason is Reason.SANDBOX_TIMEOUT
    assert house.files() == before


async def test_a_body_that_breaks_off_leaves_nothing(house: House) -> None:
    account_id, document_id = whose()

    async def breaking() -> AsyncIterator[bytes]:
        yield letter()[:500]
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await house.receive(breaking(), account_id=account_id, document_id=document_id)
    assert await rows(house, account_id) == 0


async def test_foreign_and_unknown_documents_look_equal(house: House) -> None:
    document = await house.document()
    foreign = await refused(find_document(house.db, fresh_account_id(), document.id))
    unknown = await refused(find_document(house.db, document.account_id, uuid4()))
    assert type(foreign) is type(unknown) is DocumentUnknown
    assert foreign.code == unknown.code == "not_found"


async def test_the_row_of_one_document_does_not_open_another(house: House) -> None:
    one, two = await house.document(), await house.document()
    await house.db.execute(
        """UPDATE documents SET key_sealed = $1, name_sealed = $2
            WHERE shard = $3 AND account_id = $4 AND id = $5""",
        one.key_sealed,
        one.name_sealed,
        two.shard,
        two.account_id,
        two.id,
    )
    with pytest.raises(ObjectDamaged):
        document_name(await house.now(two), house.store_key)


async def test_the_name_is_given_back_and_lost_with_the_key(house: House) -> None:
    document = (await house.receive(letter(), name=f"{CANARY} ijazah Ŝ.pdf")).document
    assert document_name(document, house.store_key) == f"{CANARY} ijazah Ŝ.pdf"
    await house.destroy(document)
    with pytest.raises(DocumentNotReady):
        document_name(await house.now(document), house.store_key)


async def test_neither_name_nor_bytes_stand_in_clear_anywhere(house: House) -> None:
    data = letter(CANARY)
    account_id, document_id = whose()
    await house.receive(data, account_id=account_id, document_id=document_id, name=f"{CANARY}.pdf")
    needles = {
        "name": CANARY.encode(),
        "name in utf-16": CANARY.encode("utf-16-le"),
        "name in hex": CANARY.encode().hex().encode(),
        "bytes": data[len(data) // 3 :][:64],
        "header": b"%PDF-",
    }
    for path in house.files():
        assert found_in(path.read_bytes(), needles) == []
        assert str(document_id) not in str(path)
    await checkpoint(house)
    database = [path for path in house.dsns.server.home.cluster.rglob("*") if path.is_file()]
    assert len(database) > 100
    mentions = {"id": document_id.bytes}
    assert any(found_in(path.read_bytes(), mentions) for path in database), "the search would find it"
    del needles["header"]  # other tests keep it in their queries' texts
    assert [(path, found) for path in database if (found := found_in(path.read_bytes(), needles))] == []


def found_in(data: bytes, needles: dict[str, bytes]) -> list[str]:
    return [name for name, needle in needles.items() if needle in data]


async def checkpoint(house: House) -> None:
    """Have the server write everything to its files."""
    admin = await asyncpg.connect(house.dsns.superuser)
    await admin.execute("CHECKPOINT")
    await admin.close()
