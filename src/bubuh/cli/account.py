"""`bubuh account`: open accounts, make keys, share quota with child accounts, freeze and thaw."""

from __future__ import annotations

from secrets import token_hex
from typing import Annotated

import typer

from bubuh.cli.output import Json, answer
from bubuh.cli.service import As, acting_operator, read_person_key, with_database
from bubuh.core.ids import child_account_id, read_account, show_account, show_id
from bubuh.db.pool import Database
from bubuh.identity.make_key import make_key, owner_of
from bubuh.identity.model import AccountKind, Role, Scope
from bubuh.identity.open_account import open_account
from bubuh.identity.organisations.invite import PREFIX, ToSend, invite_owner
from bubuh.identity.people.contacts import read_contact
from bubuh.quota.freeze import freeze, thaw
from bubuh.quota.model import Share, ShareOutcome
from bubuh.quota.share import change_share, find_share, list_shares, open_share
from bubuh.wiring.facts import read_facts

account = typer.Typer(no_args_is_help=True, help="Accounts and their API keys.")

Whose = Annotated[str, typer.Argument(metavar="ACCOUNT", help="acc_…")]
Reason = Annotated[str, typer.Option(help="Why, for the audit; no personal data.")]


@account.command("create")
def create_command(
    name: Annotated[str, typer.Option(help="The holder's name.")],
    kind: Annotated[AccountKind, typer.Option(help="What holds the quota.")] = AccountKind.PERSON,
    role: Annotated[list[Role] | None, typer.Option(help="A power of its user; repeatable.")] = None,
    as_key: As = None,
    as_json: Json = False,
) -> None:
    """Open an account with one user, its owner."""

    async def act(db: Database) -> dict[str, object]:
        actor = await acting_operator(db, as_key)
        async with db.transaction() as conn:
            opened = await open_account(conn, kind=kind, name=name, roles=role or [], actor=actor)
        return {"id": show_account(opened.account_id)}

    answer(with_database(act), as_json=as_json)


@account.command("key")
def key_command(
    account_id: Whose,
    scope: Annotated[list[Scope], typer.Option(help="What the key opens; repeatable.")],
    as_key: As = None,
    as_json: Json = False,
) -> None:
    """Make an API key. It is shown this once."""

    async def act(db: Database) -> dict[str, object]:
        actor = await acting_operator(db, as_key)
        environment = (await read_facts(db)).environment
        wanted = read_account(account_id)
        async with db.transaction() as conn:
            key = await make_key(
                conn,
                account_id=wanted,
                user_id=await owner_of(conn, wanted),
                scopes=scope,
                environment=environment,
                actor=actor,
            )
        return {"id": show_id("key", key.id), "key": key.secret}

    answer(with_database(act), as_json=as_json)


@account.command("invite")
def invite_command(
    account_id: Whose,
    to: Annotated[
        str | None, typer.Option(help="E-mail address or phone the code goes to; else it is shown, once.")
    ] = None,
    key: Annotated[str | None, typer.Option(help="The same key again is the same invitation.")] = None,
    as_key: As = None,
    as_json: Json = False,
) -> None:
    """Invite the first administrator of an organisation that was opened here: one who signs in."""

    async def act(db: Database) -> dict[str, object]:
        actor = await acting_operator(db, as_key)
        link = f"{(await read_facts(db)).public_url}/undangan"
        sent_to = None if to is None else ToSend(contact=read_contact(to), link=link, language="id")
        made = await invite_owner(
            db,
            account_id=read_account(account_id),
            actor=actor,
            form=f"bubuh account invite {key or token_hex(16)}",
            key=read_person_key(),
            to=sent_to,
        )
        told = {"code": made.code} if sent_to is None else {"sent_to": sent_to.contact.masked}
        return {"id": show_id(PREFIX, made.id), **told, "link": link}

    answer(with_database(act), as_json=as_json)


@account.command("share")
def share_command(
    account_id: Annotated[str, typer.Argument(metavar="PARENT", help="acc_…")],
    name: Annotated[str, typer.Option(help="The child's name.")],
    limit: Annotated[int, typer.Option(min=0, help="Stamps that it may hold and use together.")],
    key: Annotated[str | None, typer.Option(help="The same key again opens the same child.")] = None,
    as_key: As = None,
    as_json: Json = False,
) -> None:
    """Open a child account that uses its PARENT's quota, up to a limit."""

    async def act(db: Database) -> dict[str, object]:
        actor = await acting_operator(db, as_key)
        parent_id = read_account(account_id)
        child_id = child_account_id(parent_id, "bubuh account share", key or token_hex(16))
        async with db.transaction() as conn:
            outcome = await open_share(
                conn, parent_id=parent_id, child_id=child_id, name=name, limit=limit, actor=actor
            )
            share = await find_share(conn, parent_id=parent_id, child_id=child_id)
        return {**_shown(share), "changed": outcome is ShareOutcome.DONE}

    answer(with_database(act), as_json=as_json)


@account.command("shares")
def shares_command(
    account_id: Annotated[str, typer.Argument(metavar="PARENT", help="acc_…")], as_json: Json = False
) -> None:
    """The child accounts that use an account's quota."""

    async def act(db: Database) -> list[Share]:
        parent_id, found = read_account(account_id), list[Share]()
        while page := await list_shares(db, parent_id, after=found[-1].account_id if found else None):
            found += page
        return found

    shares = with_database(act)
    lines = [
        f"{show_account(each.account_id)}  {each.left} of {each.limit} left"
        f"{', closed' if each.closed else ''}  {each.name}"
        for each in shares
    ]
    answer({"shares": [_shown(each) for each in shares]}, as_json=as_json, words="\n".join(lines) or "none")


@account.command("limit")
def limit_command(
    account_id: Annotated[str, typer.Argument(metavar="CHILD", help="acc_…")],
    parent: Annotated[str, typer.Option("--of", metavar="PARENT", help="acc_…")],
    limit: Annotated[
        int | None, typer.Option(min=0, help="Stamps that it may hold and use together.")
    ] = None,
    closed: Annotated[
        bool | None, typer.Option("--close/--open", help="Whether it may hold no more at all.")
    ] = None,
    as_key: As = None,
    as_json: Json = False,
) -> None:
    """Change a CHILD's limit, close its share, or open it again. What it holds and has used stays counted."""

    async def act(db: Database) -> dict[str, object]:
        actor = await acting_operator(db, as_key)
        parent_id, child_id = read_account(parent), read_account(account_id)
        async with db.transaction() as conn:
            await change_share(
                conn, parent_id=parent_id, child_id=child_id, limit=limit, closed=closed, actor=actor
            )
            return _shown(await find_share(conn, parent_id=parent_id, child_id=child_id))

    answer(with_database(act), as_json=as_json)


def _shown(share: Share) -> dict[str, object]:
    return {
        "id": show_account(share.account_id),
        "name": share.name,
        "limit": share.limit,
        "held": share.held,
        "used": share.used,
        "left": share.left,
        "closed": share.closed,
    }


@account.command("freeze")
def freeze_command(account_id: Whose, reason: Reason, as_key: As = None, as_json: Json = False) -> None:
    """Let nothing be held or sent from an account. What is sealed ends; its owner still sees everything."""

    async def act(db: Database) -> dict[str, object]:
        actor = await acting_operator(db, as_key)
        async with db.transaction() as conn:
            wanted = read_account(account_id)
            changed = await freeze(conn, account_id=wanted, reason=reason, actor=actor)
        return {"id": account_id, "frozen": True, "changed": changed}

    answer(with_database(act), as_json=as_json)


@account.command("thaw")
def thaw_command(account_id: Whose, reason: Reason, as_key: As = None, as_json: Json = False) -> None:
    """End an account's freezing."""

    async def act(db: Database) -> dict[str, object]:
        actor = await acting_operator(db, as_key)
        async with db.transaction() as conn:
            wanted = read_account(account_id)
            changed = await thaw(conn, account_id=wanted, reason=reason, actor=actor)
        return {"id": account_id, "frozen": False, "changed": changed}

    answer(with_database(act), as_json=as_json)
