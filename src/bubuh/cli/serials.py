"""`bubuh serials`: account for serial numbers."""

from __future__ import annotations

import typer

from bubuh.cli.output import PEOPLE, Json, answer
from bubuh.cli.service import with_database
from bubuh.stamping.audit_serials import SerialReport, audit_serials

serials = typer.Typer(no_args_is_help=True, help="Serial numbers and their blocks.")


@serials.callback()
def serials_group() -> None:
    """Serial numbers and their blocks."""


@serials.command("audit")
def audit_command(as_json: Json = False) -> None:
    """Account for every number of every block, to the last; exit 1 when one is not explained."""
    report = with_database(audit_serials)
    facts = _facts(report)
    if as_json:
        answer(facts, as_json=True)
    else:
        for name, value in facts.items():
            if name != "unaccounted":
                PEOPLE.print(f"[dim]{name:<13}[/dim] {value}")
        for each in report.unaccounted:
            PEOPLE.print(f"[red]unaccounted[/red]   {each.serial_no or each.serial}: {each.found}")
    raise typer.Exit(code=0 if report.is_whole else 1)


def _facts(report: SerialReport) -> dict[str, object]:
    return {
        "whole": report.is_whole,
        "blocks": report.blocks,
        "used": report.used,
        "void": report.void,
        "in_work": report.in_work,
        "unused": report.unused,
        "void_reasons": dict(report.void_reasons),
        "holders": dict(report.holders),
        "unaccounted": [
            {"serial": each.serial, "serial_no": each.serial_no, "shard": each.shard, "found": each.found}
            for each in report.unaccounted
        ],
    }
