"""`bubuh partner`: of which partners the status page tells."""

from __future__ import annotations

from typing import Annotated

import typer

from bubuh.cli.output import Json, answer
from bubuh.cli.service import As, acting_operator, with_database
from bubuh.core.ids import read_account, show_account
from bubuh.db.pool import Database
from bubuh.identity.partners import store
from bubuh.identity.partners.model import ShownPartner
from bubuh.identity.partners.show import hide_partner, show_partner

partner = typer.Typer(no_args_is_help=True, help="Partners of whom the status page tells.")

Whose = Annotated[str, typer.Argument(metavar="ACCOUNT", help="acc_…")]


@partner.command("show")
def show_command(
    account: Whose,
    name: Annotated[str, typer.Option(help="What the public knows it as.")],
    as_key: As = None,
    as_json: Json = False,
) -> None:
    """Tell of this partner whether it has stamps and how its calls fare. Again: under another name."""
    wanted = read_account(account)

    async def act(db: Database) -> ShownPartner:
        actor = await acting_operator(db, as_key)
        async with db.transaction() as conn:
            return await show_partner(conn, wanted, name=name.strip(), actor=actor)

    answer(_facts(with_database(act)), as_json=as_json)


@partner.command("hide")
def hide_command(account: Whose, as_key: As = None, as_json: Json = False) -> None:
    """Tell of this partner no more."""
    wanted = read_account(account)

    async def act(db: Database) -> ShownPartner:
        actor = await acting_operator(db, as_key)
        async with db.transaction() as conn:
            return await hide_partner(conn, wanted, actor=actor)

    answer(_facts(with_database(act)) | {"state": "hidden"}, as_json=as_json)


@partner.command("list")
def list_command(as_json: Json = False) -> None:
    """All who are shown."""
    found = [_facts(one) for one in with_database(store.list_all)]
    if as_json:
        answer({"partners": found}, as_json=True)
        return
    for facts in found:
        answer(facts, as_json=False)


def _facts(one: ShownPartner) -> dict[str, object]:
    facts: dict[str, object] = {"account": show_account(one.account_id), "name": one.name, "state": "shown"}
    return facts | {"shown_at": one.shown_at.isoformat()}
