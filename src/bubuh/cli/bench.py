"""`bubuh bench`: what things cost, beside the limit and what others take for the same."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from bubuh.bench import verify as verdicts
from bubuh.bench.corpus import measure_corpus
from bubuh.bench.gate import measure_gate
from bubuh.bench.inbox import measure_inbox
from bubuh.bench.inspect import measure_round_trips
from bubuh.bench.ledger import measure_ledger
from bubuh.bench.race import Spread
from bubuh.bench.saga import measure_saga
from bubuh.bench.settlement import LEAST_LINES, measure_settlement
from bubuh.bench.stamp import Report, StampRow, measure_stamps
from bubuh.bench.verify import measure_verdicts
from bubuh.cli.output import ASIDE, PEOPLE, Json, answer
from bubuh.core.clock import utc_now

_WIDTH: Final = 112  #: a narrower terminal wraps the lines, no cell is cut
_FIGURES: Final = (
    "ours ms",
    r"\[quartiles]",
    "stamps/s",
    "re-read ms",
    "floor ms",
    "x floor",
    "pyHanko ms",
    "faster",
)
_LEGEND: Final = """\
ours: plan, sign, assemble; re-read: the same with the second parser, as the service does it
floor: SHA-256 of the file and one signature with the loaded key; faster: pyHanko's time by ours"""
_VERDICT_LEGEND: Final = """\
ours: the verdict on a genuine document, without ledger; faster: pyHanko's time by ours
floor: SHA-256 of the file and one verification with the loaded key"""

_CORPUS_LEGEND: Final = """\
lean planned: what the lean engine alone plans, refused by inspection or not
opened: what a renderer opens and is neither locked nor active"""
_CORES: Final = len(os.sched_getaffinity(0))

bench = typer.Typer(no_args_is_help=True)


@bench.callback()
def bench_group() -> None:
    """What things cost."""


@bench.command("stamp")
def stamp_command(
    seconds: Annotated[
        float, typer.Option(min=0.1, help="About how long; five rounds are run in any case.")
    ] = 20.0,
    as_json: Json = False,
) -> None:
    """CPU time of a stamp: our engine, bare hash and signature, pyHanko's default path; all in one run."""
    with _measuring() as told:
        report = measure_stamps(utc_now().replace(microsecond=0), seconds=seconds, told=told)
    if as_json:
        answer(report.facts(), as_json=True)
    else:
        show_report(report)


@bench.command("ledger")
def ledger_command(
    seconds: Annotated[float, typer.Option(min=1.0, help="About how long, in all.")] = 30.0,
    as_json: Json = False,
) -> None:
    """Stamps a second held and captured: in batches, one by one, one user, one account; all in one run."""
    with _measuring() as told:
        report = measure_ledger(seconds=seconds, told=told)
    answer(report.facts(), as_json=as_json)


@bench.command("saga")
def saga_command(
    seconds: Annotated[float, typer.Option(min=1.0, help="How long, after a warm-up.")] = 60.0,
    as_json: Json = False,
) -> None:
    """Stamps a second of the whole service over HTTP, 100 users and all: upload, stamp, download."""
    with _measuring() as told:
        report = measure_saga(seconds=seconds, told=told)
    answer(report.facts(), as_json=as_json)


@bench.command("pages")
def pages_command(as_json: Json = False) -> None:
    """The site on a slow phone: how soon pages are usable, the journey; and what a history page costs."""
    from bubuh.bench.pages import measure_pages  # noqa: PLC0415 -- its browser's driver is not installed to serve

    with _measuring() as told:
        report = measure_pages(told=told)
    answer(report.facts(), as_json=as_json)


@bench.command("inbox")
def inbox_command(
    seconds: Annotated[float, typer.Option(min=1.0, help="How long each of its two parts takes.")] = 20.0,
    as_json: Json = False,
) -> None:
    """Notices a second that the whole service takes from gateways, senders and all; and one 1,000 times."""
    with _measuring() as told:
        report = measure_inbox(seconds=seconds, told=told)
    answer(report.facts(), as_json=as_json)


@bench.command("settlement")
def settlement_command(
    lines: Annotated[int, typer.Option(min=LEAST_LINES, help="Lines of both files together.")] = 100_000,
    as_json: Json = False,
) -> None:
    """Lines a second of a month's settlement: a gateway's file and a bank's, with refunds, against our books.

    Exit 1 when other differences are found than were put in.
    """
    with _measuring() as told:
        report = measure_settlement(lines=lines, told=told)
    answer(report.facts(), as_json=as_json)
    raise typer.Exit(code=0 if report.is_right else 1)


@bench.command("gate")
def gate_command(
    joins: Annotated[int, typer.Option(min=1000, help="Turns to be taken.")] = 100_000,
    polls: Annotated[int, typer.Option(min=1000, help="How often now.json is asked for.")] = 20_000,
    as_json: Json = False,
) -> None:
    """Joins and polls a second of a gate that is killed in between, its memory, and the check of a pass."""
    with _measuring() as told:
        report = measure_gate(joins=joins, polls=polls, told=told)
    answer(report, as_json=as_json)


@bench.command("corpus")
def corpus_command(
    folder: Annotated[
        Path, typer.Argument(exists=True, file_okay=False, help="A folder of sets of PDF files.")
    ],
    jobs: Annotated[int, typer.Option(min=1, max=256, help="How many at once.")] = _CORES,
    as_json: Json = False,
) -> None:
    """Which tier serves which files, by set, and why the others are refused; nothing is kept."""
    with _measuring() as told:
        report = measure_corpus(folder, now=utc_now().replace(microsecond=0), jobs=jobs, told=told)
    facts = report.facts()
    if as_json:
        answer(facts, as_json=True)
    else:
        _show_corpus(facts)


def _show_corpus(facts: dict[str, Any]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold", width=_WIDTH)
    for name in facts["rows"][0]:
        table.add_column(name.replace("_", " "), justify="left" if name == "set" else "right")
    for row in facts["rows"]:
        table.add_row(*(f"{cell:.1%}" if isinstance(cell, float) else str(cell) for cell in row.values()))
    PEOPLE.print(table)
    for title in ("refused", "refused_though_opened", "lean"):
        told = ", ".join(f"{word} {count}" for word, count in facts[title].items())
        PEOPLE.print(f"\n{title.replace('_', ' ')}: {told}")
    PEOPLE.print(_CORPUS_LEGEND, style="dim")


@contextmanager
def _measuring() -> Iterator[Callable[[float], None]]:
    """A bar that is told the share that is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, console=ASIDE, transient=True) as progress:
        task = progress.add_task("measuring", total=1.0)
        yield lambda share: progress.update(task, completed=share)


@bench.command("verify")
def verify_command(
    seconds: Annotated[
        float, typer.Option(min=0.1, help="About how long; five rounds are run in any case.")
    ] = 20.0,
    as_json: Json = False,
) -> None:
    """CPU time of a verdict on genuine documents: ours, bare hash and verification, pyHanko's; in one run."""
    with _measuring() as told:
        report = measure_verdicts(utc_now().replace(microsecond=0), seconds=seconds, told=told)
    if as_json:
        answer(report.facts(), as_json=True)
    else:
        show_verdicts(report)


def show_verdicts(report: verdicts.Report) -> None:
    """The table for people, and below it what the columns mean and what they were taken on."""
    table = Table(box=None, pad_edge=False, header_style="bold", width=_WIDTH)
    for name in ("file", "key"):
        table.add_column(name, no_wrap=True)
    for name in ("ours ms", r"\[quartiles]", "per s", "floor ms", "x floor", "pyHanko ms", "faster"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in report.rows:
        table.add_row(
            row.file,
            row.key,
            f"{row.ours.median:.3f}",
            _quartiles(row.ours),
            f"{row.per_s:,.0f}",
            f"{row.floor.median:.3f}",
            f"{row.times_floor:.2f}",
            f"{row.pyhanko.median:.1f}",
            f"{row.times_pyhanko:.1f}x",
        )
    PEOPLE.print(table)
    PEOPLE.print(f"\n{_ground(report.facts())}")
    PEOPLE.print(_VERDICT_LEGEND, style="dim")


def show_report(report: Report) -> None:
    """The table for people, and below it what the columns mean and what they were taken on."""
    table = Table(box=None, pad_edge=False, header_style="bold", width=_WIDTH)
    for name in ("file", "key"):
        table.add_column(name, no_wrap=True)
    for name in _FIGURES:
        table.add_column(name, justify="right", no_wrap=True)
    for row in report.rows:
        table.add_row(*_cells(row))
    PEOPLE.print(table)
    inspected = ", ".join(f"{file} {spread.median:.2f} ms" for file, spread in report.inspect.items())
    PEOPLE.print(f"\ninspection: {inspected}")
    unseen = ", ".join(f"{file} {spread.median:.3f} ms" for file, spread in report.midstate.items())
    PEOPLE.print(f"by midstate, p256: {unseen}")
    PEOPLE.print(_ground(report.facts()))
    PEOPLE.print(_LEGEND, style="dim")


def _ground(facts: Mapping[str, object]) -> str:
    """What the figures of a run were taken on."""
    ground = f"Python {facts['python']}, {facts['cores']} cores, load {facts['load']}"
    return f"CPU time on one core, median of {facts['rounds']} rounds; {ground}"


def _cells(row: StampRow) -> tuple[str, ...]:
    return (
        row.file,
        row.key,
        f"{row.ours.median:.3f}",
        _quartiles(row.ours),
        f"{row.per_s:,.0f}",
        f"{row.rehearsed.median:.2f}",
        f"{row.floor.median:.3f}",
        f"{row.times_floor:.2f}",
        f"{row.pyhanko.median:.1f}",
        f"{row.times_pyhanko:.1f}x",
    )


def _quartiles(spread: Spread) -> str:
    return rf"\[{spread.low:.2f}..{spread.high:.2f}]"


@bench.command("inspect")
def inspect_command(
    rounds: Annotated[int, typer.Option(min=2, help="How often each file goes each way.")] = 50,
    as_json: Json = False,
) -> None:
    """Round trip of an inspection: in this process, in a long-lived sandbox process, in one of its own."""
    facts = measure_round_trips(rounds)
    if as_json:
        answer(facts, as_json=True)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("file", "here ms", "shared ms", "alone ms"):
        table.add_column(name, justify="left" if name == "file" else "right", no_wrap=True)
    for row in facts["rows"]:
        taken = (row["here_ms"], row["shared_ms"], row["alone_ms"])
        table.add_row(row["file"], *(f"{spent_ms:.2f}" for spent_ms in taken))
    PEOPLE.print(table)
    PEOPLE.print(
        "Wall clock, median; alone: a process forked for the file, as stamping and judging take it",
        style="dim",
    )
