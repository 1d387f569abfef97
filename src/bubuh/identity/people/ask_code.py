"""Have a one-time code sent to an address."""

from __future__ import annotations

import secrets
from typing import Final
from uuid import UUID, uuid4

from bubuh.core.ids import THE_SERVICE
from bubuh.db.pool import Database
from bubuh.identity.people import store
from bubuh.identity.people.keys import PersonKey
from bubuh.identity.people.letters import LETTER_WANTED, Wanted, sealed_letter
from bubuh.identity.people.model import CODE_DIGITS, Contact, Letter, Purpose
from bubuh.outbox.publish import publish

_INSTEAD: Final = {  # what is written when there is an account although there should be none, and the reverse
    (Purpose.REGISTER, True): Letter.KNOWN,
    (Purpose.RESET, False): Letter.UNKNOWN,
}


async def ask_code(
    db: Database,
    purpose: Purpose,
    contact: Contact,
    *,
    browser_sha256: bytes,
    language: str,
    key: PersonKey,
) -> UUID:
    """Write a challenge for the browser and have a letter sent; the challenge's id.

    Whether the address is known changes only what the letter says: the same statements run, so that an
    answer tells a stranger nothing, by its words or its time. No code proves a challenge that should not be.
    """
    index = key.index(contact.address, "contact")
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    challenge_id = uuid4()
    async with db.transaction() as conn:
        user_id = await store.find_user_of(conn, index)
        instead = _INSTEAD.get((purpose, user_id is not None))
        await store.add_challenge(
            conn,
            challenge_id=challenge_id,
            purpose=purpose,
            browser_sha256=browser_sha256,
            user_id=user_id,
            address_index=index,
            address_sealed=key.seal(contact.address, "contact"),
            code_mac=secrets.token_bytes(32) if instead else key.code_mac(challenge_id, code),
        )
        wanted = Wanted(
            kind=contact.kind,
            address=contact.address,
            letter=instead or Letter(purpose),
            code=None if instead else code,
            language=language,
        )
        facts = sealed_letter(wanted, challenge_id, key)
        await publish(conn, account_id=THE_SERVICE, topic=LETTER_WANTED, subject=challenge_id, facts=facts)
    return challenge_id
