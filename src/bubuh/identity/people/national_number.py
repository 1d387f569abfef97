"""The national identity number (NIK), for who wants to give it: sealed, found by a keyed hash, masked."""

from __future__ import annotations

import re
from typing import Final
from uuid import UUID

from bubuh.db.pool import Database
from bubuh.identity.people import store
from bubuh.identity.people.keys import PersonKey
from bubuh.identity.people.model import Credentials
from bubuh.identity.people.refusals import NikUnreadable

#: Six digits of a district, day (women: plus 40), month, year, running number. Source: PP 37/2007, Pasal 37.
_FORM: Final = re.compile(
    r"[1-9]\d{5}(?:[04][1-9]|[1256]\d|[37][01])(?:0[1-9]|1[0-2])\d{2}(?!0000)\d{4}", re.ASCII
)
_SEALED_AS: Final = "nik"


async def set_nik(db: Database, user_id: UUID, text: str, *, key: PersonKey) -> None:
    """Keep the number, or forget it when `text` is empty; raises `NikUnreadable`."""
    nik = re.sub(r"[\s.-]", "", text)
    if not nik:
        await store.set_nik(db, user_id, nik_sealed=None, nik_index=None)
        return
    if _FORM.fullmatch(nik) is None:
        raise NikUnreadable
    sealed, index = key.seal(nik, f"{_SEALED_AS} {user_id}"), key.index(nik, _SEALED_AS)
    await store.set_nik(db, user_id, nik_sealed=sealed, nik_index=index)


def masked_nik(known: Credentials, key: PersonKey) -> str | None:
    """The district and the last two digits, for its owner to know it again; None when none was given."""
    if known.nik_sealed is None:
        return None
    nik = key.open(known.nik_sealed, f"{_SEALED_AS} {known.user_id}")
    return f"{nik[:4]}••••••••••{nik[-2:]}"
