"""S8: the stamped document is the original and its increments, up to the one of this stamp."""

from __future__ import annotations

from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.core.shards import shard_of_account
from bubuh.db.pool import Database
from bubuh.documents.keys import StoreKey
from bubuh.documents.ports import Objects
from bubuh.documents.revisions import OpenRevision, open_revision
from bubuh.stamping.refusals import StampNotReady
from bubuh.stamping.show import find_stamp
from bubuh.stamping.store import SQL


async def open_stamped_document(
    account_id: AccountId, stamp_id: UUID, *, db: Database, objects: Objects, store_key: StoreKey
) -> OpenRevision:
    """The document as this stamp left it: the same bytes for ever, whatever was added later.

    Raises:
        StampUnknown: no such stamp in the account.
        StampNotReady: it is not affixed (yet).
        DocumentNotReady: the bytes are gone.
        StoreUnavailable: they cannot be had now.
    """
    stamp = await find_stamp(db, account_id, stamp_id)
    row = await db.fetchrow(
        SQL.find_revision_of_stamp.sql, shard_of_account(account_id), account_id, stamp_id
    )
    if row is None:
        raise StampNotReady(state=str(stamp.state))
    return await open_revision(
        account_id, row["document_id"], row["no"], db=db, objects=objects, store_key=store_key
    )
