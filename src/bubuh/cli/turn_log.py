"""`bubuh turn publish` and `audit`: the waiting room's log for everybody, and what it is held to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from bubuh.cli.output import PEOPLE, Json, answer
from bubuh.settings import Settings, data_folder
from bubuh.waitingroom.audit import Audit, audit, digest_of
from bubuh.waitingroom.draw import DrawPlan
from bubuh.waitingroom.published import publish
from bubuh.waitingroom.records import decode
from bubuh.wiring.folder import DataFolder
from bubuh.wiring.room import read_now_key

_COMMON = 20  # findings that are shown to people; --json has them all


def publish_command(
    out: Annotated[Path, typer.Argument(dir_okay=False, help="Where the log is to be written.")],
    as_json: Json = False,
) -> None:
    """Write the waiting room's log for everybody: no accounts, chained, signed."""
    folder = DataFolder(data_folder(Settings.from_env()))
    found = sorted(folder.room.glob("log-[0-9]*[0-9]"))
    logs = (decode(path.read_bytes()) for path in found)
    lines = 0
    with out.open("wb") as file:
        for line in publish(logs, _plans(folder.room / "public"), read_now_key(folder)):
            file.write(line)
            lines += 1
    answer({"written": str(out), "lines": lines, "logs": len(found)}, as_json=as_json)


def audit_command(
    logs: Annotated[
        list[Path],
        typer.Argument(
            exists=True, dir_okay=False, help="A log that `turn publish` wrote, or its parts in order."
        ),
    ],
    key: Annotated[
        str | None, typer.Option(help="The key that must have signed it, in hex; the waiting page has it.")
    ] = None,
    number: Annotated[
        list[int] | None, typer.Option("--number", min=1, help="Say where this number stands.")
    ] = None,
    order: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write every drawn order there: lane, place, number.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Recompute every draw, and hold all calls and entries against it. Exits 1 when anything is wrong."""
    found = audit(_lines(logs), key=key)
    draws = _draws(found, order)
    wanted = number or []
    places = {
        str(lane): {str(one): lanes.place(one) for one in wanted} for lane, lanes in found.lanes.items()
    }
    facts = {
        "lines": found.lines,
        "key": found.key,
        "honest": not found.findings,
        "entered": sum(len(lane.entered) for lane in found.lanes.values()),
        "draws": draws,
        "findings": [{"line": one.line, "code": one.code, "words": one.words} for one in found.findings],
    } | ({"places": places} if wanted else {})
    if as_json:
        answer(facts, as_json=True)
    else:
        _show(found, draws, places)
    raise typer.Exit(code=1 if found.findings else 0)


def _show(found: Audit, draws: list[dict[str, object]], places: dict[str, dict[str, int | None]]) -> None:
    for one in found.findings[:_COMMON]:
        PEOPLE.print(f"[red]{one.code}[/red]  line {one.line}: {one.words}")
    if len(found.findings) > _COMMON:
        PEOPLE.print(f"and {len(found.findings) - _COMMON} more; --json has them all")
    for draw in draws:
        PEOPLE.print(
            f"lane {draw['lane']}: numbers {draw['first']} to {draw['last']} drawn; {draw['order_sha256']}"
        )
    for lane, told in places.items():
        for number, place in told.items():
            PEOPLE.print(f"lane {lane}: number {number} stands in place {place or 'that is not drawn yet'}")
    PEOPLE.print(f"{found.lines} lines: " + ("nothing is wrong" if not found.findings else "NOT as promised"))


def _draws(found: Audit, order: Path | None) -> list[dict[str, object]]:
    told: list[dict[str, object]] = []
    rows = []
    for lane in found.lanes.values():
        for announced, draw in lane.draws:
            if draw.key is None or draw.last is None:
                continue
            numbers = lane.order(draw)
            first = draw.base + 1
            told.append(
                {
                    "lane": lane.lane,
                    "commit": announced.commit,
                    "says": announced.says,
                    "first": first,
                    "last": draw.last,
                    "order_sha256": digest_of(numbers),
                }
            )
            rows += (
                [f"{lane.lane},{place},{one}\n" for place, one in enumerate(numbers, first)] if order else []
            )
    if order is not None:
        order.write_text("lane,place,number\n" + "".join(rows), encoding="ascii")
    return told


def _lines(logs: list[Path]) -> Iterator[bytes]:
    for path in logs:
        with path.open("rb") as file:
            yield from file


def _plans(public: Path) -> dict[bytes, DrawPlan]:
    found = (msgspec.json.decode(path.read_bytes(), type=DrawPlan) for path in public.glob("draw-*.json"))
    return {plan.start: plan for plan in found}
