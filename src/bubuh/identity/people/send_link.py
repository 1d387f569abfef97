"""Have a letter sent to a person's own address."""

from __future__ import annotations

from uuid import UUID

from bubuh.core.ids import THE_SERVICE, derived_id
from bubuh.db.pool import Conn, Database
from bubuh.identity.people import store
from bubuh.identity.people.contacts import preferred, read_contact
from bubuh.identity.people.keys import PersonKey
from bubuh.identity.people.letters import LETTER_WANTED, Wanted, sealed_letter
from bubuh.identity.people.model import Letter
from bubuh.outbox.publish import publish


async def send_link(
    db: Database, user_id: UUID, link: str, *, letter: Letter, language: str, key: PersonKey
) -> bool:
    """Have `letter` sent with `link` in a transaction of its own; as `want_letter`, once for each link."""
    async with db.transaction() as conn:
        return await want_letter(conn, user_id, link, letter=letter, about=link, language=language, key=key)


async def want_letter(
    conn: Conn,
    user_id: UUID,
    link: str,
    *,
    letter: Letter,
    about: str,
    language: str | None = None,
    key: PersonKey,
) -> bool:
    """Have `letter` sent with `link`, by e-mail where the person gave such an address; False: they gave none.

    Once for each person, letter and `about`, however often it is asked for. `language` None: in both.
    """
    found = [
        read_contact(key.open(sealed, "contact")) for _, sealed in await store.list_contacts(conn, user_id)
    ]
    contact = preferred(found)
    if contact is None:
        return False
    subject = derived_id(THE_SERVICE, str(letter), f"{user_id} {about}")
    wanted = Wanted(
        kind=contact.kind, address=contact.address, letter=letter, code=None, link=link, language=language
    )
    facts = sealed_letter(wanted, subject, key)
    await publish(conn, account_id=THE_SERVICE, topic=LETTER_WANTED, subject=subject, facts=facts)
    return True
