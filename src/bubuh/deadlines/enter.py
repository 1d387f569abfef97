"""Let an account stand in a deadline's lane: by the agency's list, or by its own word, once."""

from __future__ import annotations

from bubuh.core.ids import AccountId
from bubuh.db.pool import Conn
from bubuh.deadlines import store
from bubuh.deadlines.model import Deadline, Eligibility, Entry, is_plain, mark_of
from bubuh.deadlines.refusals import (
    DeadlineUnknown,
    EligibilityUsed,
    NotDeclared,
    NotEligible,
    OnlyPeople,
)
from bubuh.deadlines.register import index_of
from bubuh.identity.model import AccountKind
from bubuh.identity.people.keys import PersonKey


async def enter(
    conn: Conn,
    deadline: Deadline,
    account_id: AccountId,
    *,
    kind: AccountKind,
    number: str,
    declares: bool,
    person_key: PersonKey,
) -> Entry:
    """The account's entry, new or from before; in a transaction.

    `number` is what the agency knows its participants by; `declares` that they say they are eligible.

    Raises:
        DeadlineUnknown, OnlyPeople, NotDeclared, NotEligible, EligibilityUsed.
    """
    if not deadline.is_open:
        raise DeadlineUnknown
    if (present := await store.find_entry(conn, deadline.id, account_id)) is not None:
        return present
    if kind is not AccountKind.PERSON:
        raise OnlyPeople
    mark, sealed = None, None
    if deadline.eligibility is Eligibility.LIST:
        assert deadline.salt is not None, "a list has one"
        told = mark_of(deadline.salt, number)
        mark, sealed = index_of(deadline, told, person_key), person_key.seal(told, _sealed_as(deadline))
        if not is_plain(number) or not await store.is_entitled(conn, deadline.id, mark):
            raise NotEligible
    elif not declares:
        raise NotDeclared
    await store.enter(conn, deadline.id, account_id, mark=mark, holder_sealed=sealed)
    entered = await store.find_entry(conn, deadline.id, account_id)
    if entered is None:
        raise EligibilityUsed
    return entered


async def holder_of(conn: Conn, deadline: Deadline, number: int, person_key: PersonKey) -> str | None:
    """The agency's own hash of who holds a number of its lane; None where it has no list."""
    sealed = await store.holder_of(conn, deadline.id, number)
    return None if sealed is None else person_key.open(sealed, _sealed_as(deadline))


def _sealed_as(deadline: Deadline) -> str:
    return f"holder {deadline.id}"
