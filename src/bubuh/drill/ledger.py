"""Whether the books of a service under drill agree with themselves, documents included."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from bubuh.adapters.object_store import LocalObjects
from bubuh.db.pool import Database
from bubuh.documents.check import StoredRevisions
from bubuh.drill.history import Finding, Kind
from bubuh.quota.reconcile import reconcile
from bubuh.wiring.folder import DataFolder
from bubuh.wiring.parts import read_store_key

_SETTLE_S: Final = 120.0  #: what was promised is done in 60 s
_AGAIN_S: Final = 2.0


async def reconciled(db: Database, folder: DataFolder) -> list[Finding]:
    """What differs, looked at again for a while: leases and facts have their time to be put right."""
    objects, store_key = LocalObjects(folder.objects), read_store_key(folder)
    give_up = time.monotonic() + _SETTLE_S
    revisions = StoredRevisions(db=db, objects=objects, store_key=store_key)
    while True:
        report = await reconcile(db, revisions=revisions)
        if report.balanced or time.monotonic() > give_up:
            return [
                Finding(kind=Kind.UNBALANCED, subject=str(found.invariant), words=str(found))
                for found in report.differences
            ]
        await asyncio.sleep(_AGAIN_S)
