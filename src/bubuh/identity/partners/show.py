"""Have the status page tell of a partner, or tell of it no more."""

from __future__ import annotations

from bubuh.audit.record import record
from bubuh.core.ids import AccountId
from bubuh.db.pool import Conn
from bubuh.identity.model import AccountKind
from bubuh.identity.partners import store
from bubuh.identity.partners.model import MOST_LETTERS, MOST_SHOWN, ShownPartner
from bubuh.identity.partners.refusals import PartnerNotShown, PartnersSpent, PartnerWrong
from bubuh.identity.refusals import AccountUnknown
from bubuh.identity.store import find_account

_KINDS = frozenset({AccountKind.ORGANISATION, AccountKind.CHANNEL})  # nobody learns of a person


async def show_partner(conn: Conn, account_id: AccountId, *, name: str, actor: str) -> ShownPartner:
    """Show the account under `name`, or from now on under another; in a transaction.

    Raises:
        PartnerWrong: the name does not fit or another has it, or the account is no partner's.
        AccountUnknown: there is none.
        PartnersSpent: too many are shown.
    """
    if not 0 < len(name) <= MOST_LETTERS or not name.isprintable() or name != name.strip():
        raise PartnerWrong(which="name")
    account = await find_account(conn, account_id)
    if account is None:
        raise AccountUnknown(account_id=account_id)
    if account.kind not in _KINDS:
        raise PartnerWrong(which="account")
    await store.remove(conn, account_id)
    shown = await store.add(conn, account_id, name=name, actor=actor)
    if shown is None:
        if len(await store.list_all(conn)) >= MOST_SHOWN:
            raise PartnersSpent(most=MOST_SHOWN)
        raise PartnerWrong(which="name")
    await record(conn, account_id=account_id, act="partner.show", actor=actor, facts={"name": name})
    return shown


async def hide_partner(conn: Conn, account_id: AccountId, *, actor: str) -> ShownPartner:
    """Show it no more; in a transaction. Raises `PartnerNotShown`."""
    hidden = await store.remove(conn, account_id)
    if hidden is None:
        raise PartnerNotShown(account_id=account_id)
    await record(conn, account_id=account_id, act="partner.hide", actor=actor, facts={"name": hidden.name})
    return hidden
