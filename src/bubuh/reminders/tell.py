"""Tell those who asked that they were called: the letter is written in the commit that closes the wish."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final
from uuid import UUID

from bubuh.core.ids import AccountId, derived_id
from bubuh.core.shards import Shard
from bubuh.db.pool import Conn, Database
from bubuh.identity.people.contacts import preferred, read_contact
from bubuh.identity.people.keys import PersonKey
from bubuh.identity.people.letters import LETTER_WANTED, Wanted, sealed_letter
from bubuh.identity.people.model import Contact, Letter
from bubuh.identity.people.store import list_member_contacts
from bubuh.outbox.publish import NewFact, publish_n
from bubuh.reminders import store
from bubuh.reminders.model import Reminder
from bubuh.reminders.store import Called
from bubuh.waitingroom.room_file import Now

_AT_MOST: Final = 500  #: of one shard in one commit

Person = tuple[AccountId, UUID]


async def tell_called(db: Database, now: Now, *, titles: Mapping[int, str], link: str, key: PersonKey) -> int:
    """Have everybody told who was called by `now`; how many wishes that closed.

    `titles`: what people call the lanes; `link`: the waiting page. Another process may do the same at the
    same time: a wish is closed, and its letter published, in one commit, by one of them.
    """
    called = [Called(lane.id, lane.serving, now.is_drawn(lane.id)) for lane in now.lanes.values()]
    told = 0
    for shard in await store.list_due_shards(db, called):
        more = True
        while more:
            async with db.transaction() as conn:
                due = await store.lock_due(conn, shard, called, at_most=_AT_MOST)
                told += await _tell(conn, shard, due, now, titles=titles, link=link, key=key)
            more = len(due) == _AT_MOST
    return told


async def _tell(
    conn: Conn,
    shard: Shard,
    due: Sequence[Reminder],
    now: Now,
    *,
    titles: Mapping[int, str],
    link: str,
    key: PersonKey,
) -> int:
    """Keep the places of all, and write the letters of those who were called."""
    serving = {lane.id: lane.serving for lane in now.lanes.values()}
    drawn = {
        _key(one): replace(one, place=now.place(one.lane, one.number)) for one in due if one.place is None
    }
    called = [one for one in (drawn.get(_key(one), one) for one in due) if _is_called(one, serving)]
    await store.place_n(conn, shard, list(drawn.values()))
    people = {(one.account_id, one.user_id) for one in called}
    reach = await _reach(conn, people, key=key)
    by_person = groupby(sorted(called, key=_person), key=_person)
    letters = [
        _letter(person, list(its), reach[person], titles=titles, link=link, key=key)
        for person, its in by_person
        if person in reach
    ]
    await publish_n(conn, shard, letters)
    await store.mark_told(conn, shard, called)
    return len(called)


async def _reach(conn: Conn, people: Iterable[Person], *, key: PersonKey) -> Mapping[Person, Contact]:
    """Where each is told; who has left the account, or is forgotten, is not among them."""
    found: dict[Person, list[Contact]] = {}
    for account_id, user_id, sealed in await list_member_contacts(conn, sorted(people)):
        found.setdefault((account_id, user_id), []).append(read_contact(key.open(sealed, "contact")))
    return {person: chosen for person, those in found.items() if (chosen := preferred(those)) is not None}


def _letter(
    person: Person,
    called: Sequence[Reminder],
    contact: Contact,
    *,
    titles: Mapping[int, str],
    link: str,
    key: PersonKey,
) -> NewFact:
    """The same fact whenever the same numbers are told of: asking once more sends nothing."""
    account_id, user_id = person
    numbers = " ".join(f"{one.lane}:{one.number}" for one in called)
    subject = derived_id(account_id, str(Letter.CALLED), f"{user_id} {numbers}")
    wanted = Wanted(
        kind=contact.kind,
        address=contact.address,
        letter=Letter.CALLED,
        code=", ".join(f"{one.number} ({titles.get(one.lane, one.lane)})" for one in called),
        link=link,
        language=called[0].language,
    )
    return NewFact(
        account_id=account_id, topic=LETTER_WANTED, subject=subject, facts=sealed_letter(wanted, subject, key)
    )


def _is_called(one: Reminder, serving: Mapping[int, int]) -> bool:
    return one.place is not None and one.place <= serving[one.lane]


def _person(one: Reminder) -> Person:
    return one.account_id, one.user_id


def _key(one: Reminder) -> tuple[AccountId, UUID, int]:
    return *_person(one), one.lane
