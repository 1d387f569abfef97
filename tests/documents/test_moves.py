from __future__ import annotations

from itertools import product
from uuid import UUID

import asyncpg
import pytest

from bubuh.core.ids import AccountId, fresh_account_id, fresh_id
from bubuh.core.shards import shard_of_account
from bubuh.db.pool import Conn, Database
from bubuh.documents import store
from bubuh.documents.model import Document
from bubuh.documents.moves import MOVES, DocumentState
from bubuh.pdf.intake.flags import Flag
from bubuh.pdf.model import PageBox, Rect

S = DocumentState
FLAGS = (Flag.LINK, Flag.FILLABLE)
BOXES = (PageBox(crop=Rect(0, 0, 595.276, 841.89), rotate=90, user_unit=1.5),)


async def in_state(conn: Conn, db: Database, state: DocumentState) -> Document:
    """A document that was put into `state` by hand."""
    account_id: AccountId = fresh_account_id()
    document_id: UUID = fresh_id(account_id)
    reason = "damaged" if state is S.REFUSED else None
    key_sealed, object_key = (None, None) if state is S.DESTROYED else (b"x", "ab/cd/ef")
    await conn.execute(
        """INSERT INTO documents (shard, account_id, id, state, sha256, size_bytes, pages, boxes, key_sealed,
                                  object_key, reason)
           VALUES ($1, $2, $3, $4, sha256('x'), 1, 1, '[]', $6, $7, $5)""",
        shard_of_account(account_id),
        account_id,
        document_id,
        state,
        reason,
        key_sealed,
        object_key,
    )
    document = await store.find_document(db, account_id, document_id)
    assert document is not None
    return document


async def move(db: Database, document: Document, then: DocumentState) -> bool:
    if then is S.READY:
        moved = await store.make_ready(db, document, BOXES, FLAGS)
    else:
        moved = await store.refuse_document(db, document, "damaged")
    assert moved is None or moved == await store.find_document(db, document.account_id, document.id)
    return moved is not None


@pytest.mark.parametrize(("now", "then"), list(product(S, (S.READY, S.REFUSED))))
async def test_a_statement_moves_a_document_only_along_the_table(
    owner_conn: Conn, db: Database, now: DocumentState, then: DocumentState
) -> None:
    document = await in_state(owner_conn, db, now)
    moved = await move(db, document, then)
    after = await store.find_document(db, document.account_id, document.id)
    assert after is not None
    assert moved == (then in MOVES[now])
    assert after.state is (then if moved else now)


async def test_what_is_ready_keeps_its_boxes_exactly(owner_conn: Conn, db: Database) -> None:
    document = await in_state(owner_conn, db, S.RECEIVING)
    await store.make_ready(db, document, BOXES, FLAGS)
    after = await store.find_document(db, document.account_id, document.id)
    assert after is not None
    assert (after.boxes, after.pages, after.flags) == (BOXES, 1, FLAGS)


async def test_a_refused_document_keeps_no_key(owner_conn: Conn, db: Database) -> None:
    document = await in_state(owner_conn, db, S.RECEIVING)
    await store.refuse_document(db, document, "damaged")
    after = await store.find_document(db, document.account_id, document.id)
    assert after is not None
    assert (after.reason, after.key_sealed, after.name_sealed, after.object_key) == (
        "damaged",
        None,
        None,
        None,
    )


async def test_the_application_may_not_change_what_was_received(db: Database, owner_conn: Conn) -> None:
    document = await in_state(owner_conn, db, S.READY)
    for change in ("sha256 = sha256('y')", "size_bytes = 2", "received_at = now()"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await db.execute(f"UPDATE documents SET {change} WHERE id = $1", document.id)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.execute("DELETE FROM documents WHERE id = $1", document.id)
