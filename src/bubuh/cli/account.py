"""`bubuh account`: open accounts, make keys, freeze and thaw."""

from __future__ import annotations

from typing import Annotated

import typer

from bubuh.cli.output import Json, answer
from bubuh.cli.service import As, acting_operator, with_database
from bubuh.core.ids import read_account, show_account, show_id
from bubuh.db.pool import Database
from bubuh.identity.make_key import make_key, owner_of
from bubuh.identity.model import AccountKind, Role, Scope
from bubuh.identity.open_account import open_account
from bubuh.quota.freeze import freeze, thaw
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
