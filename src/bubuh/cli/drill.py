"""`bubuh drill`: rehearse what must never happen, on a spare machine."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
import uvloop
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from bubuh.cli.output import ASIDE, PEOPLE, Json, answer
from bubuh.drill.chaos import Report, Says, chaos_folder, quantile, run_chaos
from bubuh.drill.history import Kind
from bubuh.drill.payments import LOST, Plan, run_payments
from bubuh.drill.simulate import Crowd, simulate
from bubuh.drill.simulate_page import page_of
from bubuh.drill.surge.page import page_of as page_of_surge
from bubuh.drill.surge.profile import read_profile
from bubuh.drill.surge.run import run_surge

_MOST_SHOWN: Final = 20

drill = typer.Typer(no_args_is_help=True)


@drill.callback()
def drill_group() -> None:
    """Rehearse what must never happen."""


@drill.command("chaos")
def chaos_command(
    seed: Annotated[int | None, typer.Option(min=0, help="What is done and to whom; default: any.")] = None,
    seconds: Annotated[float, typer.Option(min=1.0, help="How long it is hurt.")] = 60.0,
    users: Annotated[int, typer.Option(min=1, max=1000, help="How many people use it meanwhile.")] = 12,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the folder even when all is well.")] = False,
    as_json: Json = False,
) -> None:
    """Start a service of its own, drive it over HTTP while its processes are killed, paused and starved.

    Then everything settles and is compared: what clients were told, with what the books say. Exit 1 when
    anything is lost, doubled, unresolved or out of balance; the folder with journal and logs is kept then.
    """
    seed = secrets.randbits(32) if seed is None else seed
    folder = chaos_folder()
    with _telling() as says:
        report = asyncio.run(run_chaos(seed=seed, seconds=seconds, users=users, folder=folder, says=says))
    if as_json:
        answer(report.facts(), as_json=True)
    else:
        show_chaos(report)
    if keep or not report.is_clean:
        ASIDE.print(f"journal, data and logs: {folder}")
    else:
        shutil.rmtree(folder)
    raise typer.Exit(code=0 if report.is_clean else 1)


@drill.command("payments")
def payments_command(
    seed: Annotated[
        int | None, typer.Option(min=0, help="What is bought and what goes wrong; default: any.")
    ] = None,
    seconds: Annotated[float, typer.Option(min=1.0, help="How long buyers come.")] = 120.0,
    rate: Annotated[float, typer.Option(min=0.1, max=1000.0, help="Orders a second.")] = 100.0,
    outage: Annotated[
        float, typer.Option(min=0.0, help="Seconds for which the gateway is out of order, amid each round.")
    ] = 0.0,
    rounds: Annotated[
        int, typer.Option(min=1, max=20, help="Outages; the time is shared out among them.")
    ] = 1,
    stamps: Annotated[
        float, typer.Option(min=0.0, max=200.0, help="Stamps a second meanwhile, of people with quota.")
    ] = 0.0,
    lose: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of notices that are never sent.")
    ] = LOST,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the folder even when all is well.")] = False,
    as_json: Json = False,
) -> None:
    """Start a service of its own whose gateway loses, doubles, reorders and forges notices, and buy there.

    Then the gateway's own book is held against the ledger. Exit 1 when money was not credited within 60 s
    (of the gateway's return, where it was away), something was credited that nobody paid, or a rupiah
    differs; the folder is kept then. What stamping takes in an outage, against the calm before it, is told
    and not judged.
    """
    plan = Plan(
        seed=secrets.randbits(32) if seed is None else seed,
        seconds=seconds,
        rate=rate,
        outage_s=outage,
        rounds=rounds,
        stamps_rate=stamps,
        lose=lose,
    )
    if outage and plan.calm_s < 1.0:
        raise typer.BadParameter("a round must last 2 s longer than its outage", param_hint="--outage")
    folder = chaos_folder()
    with _telling() as says:
        report = uvloop.run(run_payments(plan, folder=folder, says=says))
    answer(report.facts(), as_json=as_json)
    if keep or not report.is_clean:
        ASIDE.print(f"books, data and logs: {folder}")
    else:
        shutil.rmtree(folder)
    raise typer.Exit(code=0 if report.is_clean else 1)


@drill.command("simulate")
def simulate_command(
    seed: Annotated[int, typer.Option(min=0, help="Who comes when.")] = 1,
    people: Annotated[int, typer.Option(min=1_000, help="Turns that are taken in three days.")] = 4_000_000,
    false: Annotated[
        float,
        typer.Option(min=0, max=1, help="The part of the deadline's lane that is not eligible."),
    ] = 0.0,
    page: Annotated[Path | None, typer.Option(help="Write the plots to this HTML file.")] = None,
    as_json: Json = False,
) -> None:
    """Three days before a deadline under a fake clock: one queue, two halves and the room's own scheduler.

    Exit 1 when the deadline's lane got less than 95 % of what is feasible, or retail less than its floor.
    """
    with _telling() as says:
        report = simulate(Crowd(people=people, false=false), seed=seed, says=says)
    if page is not None:
        page.write_text(page_of(report), encoding="utf-8")
    shown = {name: fact for name, fact in report.items() if as_json or name not in {"fifo", "halves", "ours"}}
    answer(shown, as_json=as_json)
    raise typer.Exit(code=0 if report["reached"] else 1)


@drill.command("surge")
def surge_command(
    seed: Annotated[int | None, typer.Option(min=0, help="Who comes when; default: any.")] = None,
    profile: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="How many, how patient: TOML.")
    ] = None,
    page: Annotated[Path | None, typer.Option(help="Write the plots to this HTML file.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the folder even when all is well.")] = False,
    as_json: Json = False,
) -> None:
    """Start a service of its own, have far more people come than its room lets in, and let some hurt it.

    Those let in buy, pay and affix; strangers verify and programs call meanwhile, in calm and in surge.
    Exit 1 when a promise was missed; the folder with data and logs is kept then.
    """
    seed = secrets.randbits(32) if seed is None else seed
    try:
        wanted = read_profile(profile)
    except ValueError as error:
        raise typer.BadParameter(f"{profile}: {error}") from error
    folder = chaos_folder()
    with _telling() as says:
        report = uvloop.run(run_surge(seed=seed, profile=wanted, folder=folder, says=says))
    if page is not None:
        page.write_text(page_of_surge(report), encoding="utf-8")
    answer(report.facts(), as_json=as_json)
    is_kept = all(kept is not False for kept in report.reached().values())
    if keep or not is_kept:
        ASIDE.print(f"data and logs: {folder}")
    else:
        shutil.rmtree(folder)
    raise typer.Exit(code=0 if is_kept else 1)


def show_chaos(report: Report) -> None:
    """The tables for people: what was done, and what came of it."""
    done = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("fault", "victim", "times", "felt s (median)"):
        done.add_column(name, justify="left" if name in {"fault", "victim"} else "right")
    felt: dict[tuple[str, str], list[float | None]] = defaultdict(list)
    for one in report.recoveries:
        felt[one.fault.act, one.fault.victim].append(one.seconds)
    for (act, victim), seconds in sorted(felt.items()):
        median = quantile([one for one in seconds if one is not None], 0.5)
        done.add_row(act, victim, str(len(seconds)), "-" if median is None else f"{median:.1f}")
    PEOPLE.print(done)
    facts = report.facts()
    PEOPLE.print(
        f"\nacknowledged {report.acknowledged}, stamps affixed {report.affixed}, returned {report.returned}; "
        f"without an answer {report.unanswered}"
    )
    colour = "green" if report.is_clean else "red"
    PEOPLE.print(f"[{colour}]" + ", ".join(f"{kind} {report.count(kind)}" for kind in Kind) + f"[/{colour}]")
    PEOPLE.print(
        f"recovery after a kill that met no other fault: p50 {facts['recovery_p50_s']} s, "
        f"p99 {facts['recovery_p99_s']} s; with others p99 {facts['recovery_overlapping_p99_s']} s; "
        f"seed {report.seed}"
    )
    for found in report.findings[:_MOST_SHOWN]:
        PEOPLE.print(f"  [red]{found.kind}[/red] {escape(f'{found.subject}: {found.words}')}")
    if len(report.findings) > _MOST_SHOWN:
        PEOPLE.print(f"  … and {len(report.findings) - _MOST_SHOWN} more")


@contextmanager
def _telling() -> Iterator[Says]:
    """A bar that is told the share that is done, and what is being done."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, console=ASIDE, transient=True) as progress:
        task = progress.add_task("starting", total=1.0)
        yield lambda share, words: progress.update(task, completed=share, description=words)
