"""Bytes that nobody will ever name are taken away; what a row names, or may come to name, never is."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path
from uuid import UUID

import pytest

from bubuh.adapters.object_store import LocalObjects
from bubuh.core.ids import THE_SERVICE, AccountId, fresh_id
from bubuh.core.shards import shard_of_account
from bubuh.db.pool import Conn, Database
from bubuh.documents.keys import StoreKey
from bubuh.documents.model import AFTER, NORMALISED, ORIGINAL
from bubuh.outbox.take import take_untold
from bubuh.stamping.alarm import SWEPT
from bubuh.stamping.sweep_objects import FOLDERS, MOST, OrphanSweeper
from tests.conftest import Dsns
from tests.quota.desk import Desk
from tests.quota.story import tell_story

DAY_S = 86_400.0
SECRET = bytes(32)

RECEIVER = """
import asyncio, sys
from pathlib import Path
from uuid import UUID
from bubuh.adapters.object_store import LocalObjects
from bubuh.core.ids import AccountId
from bubuh.db.pool import Database
from bubuh.documents import store
from bubuh.documents.find import find_document, key_of
from bubuh.documents.keep import keep
from bubuh.documents.keys import StoreKey, fresh_document_key
from bubuh.documents.sealing import ObjectOf, seal_name
from bubuh.pdf.refusals import Reason

async def receive(dsn, folder, account_id, document_id):
    objects, store_key, key = LocalObjects(Path(folder)), StoreKey((bytes(32),)), fresh_document_key()
    place = store_key.object_key(account_id=account_id, document_id=document_id, revision=0)
    async with await Database.open(dsn, size=1) as db:
        await store.open_document(
            db, account_id=account_id, document_id=document_id, sha256=bytes(32), size_bytes=3,
            name_sealed=seal_name("x.pdf", key, document_id), key_sealed=store_key.wrap(key, document_id),
            object_key=place)
        document = await find_document(db, account_id, document_id)
        await keep(b"abc", place, key=key, of=ObjectOf(document_id=document_id, revision=0), objects=objects)
        print("kept", flush=True)
        sys.stdin.readline()
        await store.refuse_document(db, document, Reason.DAMAGED)
        print("refused", flush=True)
        sys.stdin.readline()

asyncio.run(receive(sys.argv[1], sys.argv[2], AccountId(int(sys.argv[3])), UUID(sys.argv[4])))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "objects"


@pytest.fixture
def objects(folder: Path) -> LocalObjects:
    return LocalObjects(folder)


@pytest.fixture
def store_key() -> StoreKey:
    return StoreKey((SECRET,))


def age(folder: Path, days: float) -> None:
    """As if all that is kept had been kept so long ago."""
    then = time.time() - days * DAY_S
    for file in folder.rglob("*"):
        if file.is_file():
            os.utime(file, (then, then))


async def there(objects: LocalObjects) -> set[str]:
    return {kept.key async for kept in objects.list()}


async def swept(db: Database, objects: LocalObjects, store_key: StoreKey) -> int:
    """One walk through the whole store."""
    sweeper = OrphanSweeper(db, objects, store_key, begin=0)
    return sum([await sweeper.sweep() for _ in range(FOLDERS)])


async def receiver(dsns: Dsns, folder: Path, account_id: AccountId, document_id: UUID):
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", RECEIVER, dsns.app, str(folder), str(account_id), str(document_id)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )


@pytest.mark.parametrize("last_word", ["kept", "refused"])
async def test_bytes_of_a_killed_upload_go_once_no_row_can_come_to_name_them(
    db: Database, dsns: Dsns, folder: Path, objects: LocalObjects, store_key: StoreKey, last_word: str
) -> None:
    """While its row says `receiving`, the same request may complete it; once refused, nobody will."""
    account_id = await Desk(db).account()
    process = await receiver(dsns, folder, account_id, fresh_id(account_id))
    assert process.stdout is not None
    assert process.stdin is not None
    async with asyncio.timeout(60):
        while (word := (await process.stdout.readline()).decode().strip()) != last_word:
            assert word
            process.stdin.write(b"go on\n")
    process.kill()
    assert await process.wait() == -signal.SIGKILL
    (orphan,) = await there(objects)
    age(folder, 0.99)
    assert await swept(db, objects, store_key) == 0
    age(folder, 1.01)
    gone = last_word == "refused"
    assert await swept(db, objects, store_key) == int(gone)
    assert await there(objects) == (set() if gone else {orphan})


async def test_what_a_row_names_or_may_come_to_name_stays_however_old(
    db: Database,
    owner_conn: Conn,
    signer_conn: Conn,
    folder: Path,
    objects: LocalObjects,
    store_key: StoreKey,
) -> None:
    story = await tell_story(Desk(db), signer_conn)
    receiving = fresh_id(story.account_id)

    def key(document_id: UUID, revision: int) -> str:
        return store_key.object_key(account_id=story.account_id, document_id=document_id, revision=revision)

    await owner_conn.execute("ALTER TABLE document_revisions DISABLE TRIGGER USER")
    await owner_conn.execute("UPDATE documents SET object_key = $1", key(story.document_id, ORIGINAL))
    await owner_conn.execute("UPDATE document_revisions SET object_key = $1", key(story.document_id, 1))
    await owner_conn.execute(
        """INSERT INTO documents (shard, account_id, id, state, sha256, size_bytes, key_sealed, object_key)
           VALUES ($1, $2, $3, 'receiving', sha256('x'), 9, 'k', $4)""",
        *(story.shard, story.account_id, receiving, key(receiving, ORIGINAL)),
    )
    wanted = {
        key(story.document_id, ORIGINAL),
        key(story.document_id, 1),
        key(story.document_id, 2),  # the increment of the stamp in work
        key(story.document_id, 2 + AFTER),
        key(receiving, ORIGINAL),
        key(receiving, NORMALISED),
    }
    orphans = {key(story.document_id, 7), key(fresh_id(story.account_id), ORIGINAL)}
    for each in wanted | orphans:
        await objects.create(each, b"x")
    age(folder, 9)
    assert await swept(db, objects, store_key) == len(orphans)
    assert await there(objects) == wanted


async def test_what_was_added_to_a_document_that_is_gone_is_named_by_nobody(
    db: Database,
    owner_conn: Conn,
    signer_conn: Conn,
    folder: Path,
    objects: LocalObjects,
    store_key: StoreKey,
) -> None:
    """Bytes that were kept while the last of their document were being taken away."""
    story = await tell_story(Desk(db), signer_conn)
    late = store_key.object_key(account_id=story.account_id, document_id=story.document_id, revision=9)
    await owner_conn.execute("ALTER TABLE document_revisions DISABLE TRIGGER USER")
    await owner_conn.execute("UPDATE document_revisions SET object_key = $1", late)
    await objects.create(late, b"x")
    age(folder, 2)
    assert await swept(db, objects, store_key) == 0
    await owner_conn.execute(
        "UPDATE documents SET state = 'destroyed', key_sealed = NULL, name_sealed = NULL, object_key = NULL"
    )
    assert await swept(db, objects, store_key) == 1
    assert await there(objects) == set()


async def test_a_pass_looks_at_one_folder(
    db: Database, folder: Path, objects: LocalObjects, store_key: StoreKey
) -> None:
    for key in ("07/aa/07aa", "08/aa/08aa"):
        await objects.create(key, b"x")
    age(folder, 2)
    sweeper = OrphanSweeper(db, objects, store_key, begin=7)
    assert await sweeper.sweep() == 1
    assert await there(objects) == {"08/aa/08aa"}
    assert await sweeper.sweep() == 1


async def test_of_too_many_at_once_none_is_taken_away_and_an_operator_is_called_once(
    db: Database, folder: Path, objects: LocalObjects, store_key: StoreKey
) -> None:
    """A database restored to an earlier day has forgotten rows: their bytes are what is left of them."""
    keys = {f"07/aa/07aa{number:03}" for number in range(MOST + 1)}
    for key in keys:
        await objects.create(key, b"x")
    age(folder, 2)
    sweeper = OrphanSweeper(db, objects, store_key, begin=7, clock=lambda: 0.0)
    for _ in range(FOLDERS + 1):
        assert await sweeper.sweep() == 0
    assert await there(objects) == keys
    async with db.transaction() as conn:
        facts = await take_untold(conn, shard_of_account(THE_SERVICE), at_most=9)
    assert [(fact.topic, fact.facts["reason"], fact.facts["objects"]) for fact in facts] == [
        (SWEPT, "too_many_orphans", MOST + 1)
    ]
