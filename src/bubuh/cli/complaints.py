"""`bubuh complaints`: the desk, until there is a console. What people wrote is opened with the person key."""

from __future__ import annotations

from typing import Annotated

import typer

from bubuh.cli.output import Json, answer as tell
from bubuh.cli.service import As, acting_operator, read_person_key, with_database
from bubuh.complaints.answer import answer
from bubuh.complaints.model import COMPLAINT
from bubuh.complaints.show import Opened, list_open, opened
from bubuh.core.ids import read_id, show_account
from bubuh.db.pool import Database

complaints = typer.Typer(no_args_is_help=True, help="Complaints: what waits, and the answers.")


@complaints.callback()
def complaints_group() -> None:
    """Complaints: what waits, and the answers."""


@complaints.command("list")
def list_command(as_key: As = None, as_json: Json = False) -> None:
    """List those that wait for an answer, the most urgent first, with all that the machine saw."""

    async def act(db: Database) -> list[dict[str, object]]:
        await acting_operator(db, as_key)
        key = read_person_key()
        return [_shown(opened(one, key)) for one in await list_open(db)]

    found = with_database(act)
    if as_json:
        tell({"complaints": found}, as_json=True)
        return
    for one in found:
        tell(one, as_json=False)


@complaints.command("answer")
def answer_command(
    complaint: Annotated[str, typer.Argument(metavar="COMPLAINT", help="cmp_…")],
    words: Annotated[str, typer.Argument(help="The answer: whoever has the number reads it.")],
    as_key: As = None,
    as_json: Json = False,
) -> None:
    """Answer a complaint, once; its people are told."""

    async def act(db: Database) -> dict[str, object]:
        actor = await acting_operator(db, as_key)
        key = read_person_key()
        answered = await answer(db, read_id(COMPLAINT, complaint), words, actor=actor, key=key)
        return _shown(opened(answered, key))

    tell(with_database(act), as_json=as_json)


def _shown(one: Opened) -> dict[str, object]:
    found = one.complaint
    return {
        "no": found.no,
        "state": str(found.state),
        "account": show_account(found.account_id),
        "about": found.subject.show(),
        "opened_at": found.opened_at.isoformat(),
        "answer_by": found.answer_by.isoformat(),
        "words": one.words,
        "findings": [{"code": str(each.code), **each.facts} for each in found.findings],
        "answer": one.answer,
    }
