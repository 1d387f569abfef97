"""`bubuh payments`: what of the money fits nothing, how an operator ends it, and settlement files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import Progress

from bubuh.adapters.settlement.files import open_settlement
from bubuh.adapters.settlement.profile import read_profiles
from bubuh.cli.output import ASIDE, PEOPLE, Json, answer
from bubuh.cli.service import As, acting_operator, with_database
from bubuh.core.ids import read_id, show_id
from bubuh.db.pool import Database
from bubuh.orders.match_settlement import match_settlement
from bubuh.payments.lines import LINE, Line, Resolution, Unmatched
from bubuh.payments.unmatched import resolve_line, show_unmatched

payments = typer.Typer(no_args_is_help=True, help="Money on its way: what fits nothing.")


@payments.callback()
def payments_group() -> None:
    """Money on its way: what fits nothing."""


@payments.command("unmatched")
def unmatched_command(as_key: As = None, as_json: Json = False) -> None:
    """List what no rule could end, the oldest first, with what to do; exit 1 when there is anything."""

    async def act(db: Database) -> list[Line]:
        if as_key is not None:
            await acting_operator(db, as_key)
        return await show_unmatched(db)

    lines = with_database(act)
    if as_json:
        answer({"lines": [line.show() for line in lines]}, as_json=True)
    else:
        for line in lines:
            PEOPLE.print(_with_age(line))
        PEOPLE.print("[green]nothing is open[/green]" if not lines else f"[red]{len(lines)} open[/red]")
    raise typer.Exit(code=1 if lines else 0)


@payments.command("reconcile")
def reconcile_command(
    files: Annotated[
        list[Path], typer.Argument(exists=True, dir_okay=False, help="Files of gateways and of banks.")
    ],
    profiles: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="A folder of forms (TOML) that are tried first."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Match settlement files and bank statements with our payments; exit 1 when anything differs.

    Nothing is booked: what differs is told, a thousand of it one by one, and put on the unmatched list, once
    however often a file is matched.
    """
    forms = read_profiles(profiles)
    opened = [open_settlement(path, forms) for path in files]
    with Progress(console=ASIDE, transient=True, disable=as_json) as bar:
        task = bar.add_task("lines", total=None)
        matched = with_database(
            lambda db: match_settlement(db, opened, told=lambda lines: bar.update(task, completed=lines))
        )
    facts = matched.facts()
    if not as_json:
        facts.pop("shown")
        for one in matched.shown:
            PEOPLE.print(_in_words(one))
    answer(facts, as_json=as_json)
    raise typer.Exit(code=0 if matched.agrees else 1)


@payments.command("resolve")
def resolve_command(
    line_id: Annotated[str, typer.Argument(metavar="LINE", help="unm_…")],
    how: Annotated[Resolution, typer.Option(help="How it ended.")],
    reason: Annotated[str, typer.Option(help="Why, for the audit; no personal data.")],
    as_key: As = None,
    as_json: Json = False,
) -> None:
    """Resolve a line. This moves no money by itself: it says what was done, and by whom."""

    async def act(db: Database) -> dict[str, object]:
        actor = await acting_operator(db, as_key)
        async with db.transaction() as conn:
            await resolve_line(conn, read_id(LINE, line_id), resolution=how, reason=reason, actor=actor)
        return {"id": line_id, "resolution": str(how)}

    answer(with_database(act), as_json=as_json)


def _with_age(line: Line) -> str:
    hours, minutes = divmod(line.age_s // 60, 60)
    return f"[bold]{show_id(LINE, line.id)}[/bold]  {hours}h{minutes:02}  {_in_words(line)}"


def _in_words(line: Line | Unmatched) -> str:
    money = "" if line.amount is None else f"  {line.currency} {line.amount:,}"
    order = "" if line.order_id is None else show_id("ord", line.order_id)
    return (
        f"{line.kind}{money}\n  {line.gateway} {escape(line.name)}  {order}\n"
        f"  {line.why}\n  [dim]{line.suggestion}[/dim]"
    )
