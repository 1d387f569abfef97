"""A simulation's report as one HTML page with plots, drawn as SVG here."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bubuh.drill.simulate import DEADLINE, RETAIL

_WIDE: Final = 720
_HIGH: Final = 180
_COLOURS: Final = {"fifo": "#888888", "halves": "#c77700", "ours": "#0b5cad"}
_NAMES: Final = {"fifo": "one queue for all", "halves": "two halves", "ours": "the room as it is"}
_LANES: Final = {DEADLINE: "deadline lane", RETAIL: "retail lane"}


def page_of(report: Mapping[str, Any]) -> str:
    """The page: what was feasible, what each rule served, and when."""
    rows = "".join(
        f"<tr><td>{_NAMES[name]}</td><td>{report[name][str(DEADLINE)]['in_time']:,}</td>"
        f"<td>{report['of_feasible'][name]:.1%}</td><td>{report[name][str(RETAIL)]['served']:,}</td>"
        f"<td>{_percent(report[name]['eta_error_p50'])}</td></tr>"
        for name in _NAMES
    )
    plots = "".join(
        f"<h2>{lane}: {title}</h2>{_plot({n: report[n][str(lane_id)][key] for n in _NAMES})}"
        for lane_id, lane in _LANES.items()
        for key, title in (
            ("served_by_half_hour", "people served each half hour"),
            ("waiting_by_half_hour", "numbers waiting"),
        )
    )
    legend = " · ".join(f"<b style='color:{_COLOURS[n]}'>{_NAMES[n]}</b>" for n in _NAMES)
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Before a deadline</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:{_WIDE}px;margin:2em auto}}td,th{{padding:.2em .8em;
text-align:right}}td:first-child{{text-align:left}}</style>
<h1>Three days before a deadline</h1>
<p>{report["people"]:,} turns, seed {report["seed"]}, {report["per_s"]} people admitted a second;
in time feasible for the deadline's lane: {report["feasible_in_time"]:,}.</p>
<table><tr><th></th><th>deadline, in time</th><th>of what is feasible</th>
<th>retail</th><th>ETA error p50</th></tr>
{rows}</table><p>{legend}</p>{plots}</html>
"""


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _plot(lines: Mapping[str, Sequence[int]]) -> str:
    most = max(1, *(max(line) for line in lines.values()))
    drawn = "".join(
        f"<polyline fill='none' stroke='{_COLOURS[name]}' stroke-width='1.5' points='{_points(line, most)}'/>"
        for name, line in lines.items()
    )
    axis = f"<path d='M0 {_HIGH}H{_WIDE}' stroke='#999'/><text x='2' y='12' font-size='11'>{most:,}</text>"
    label = html.escape(f"lines of {', '.join(lines)} over three days")
    return f"<svg role='img' aria-label='{label}' viewBox='0 0 {_WIDE} {_HIGH}'>{axis}{drawn}</svg>"


def _points(line: Sequence[int], most: int) -> str:
    step = _WIDE / len(line)
    return " ".join(f"{at * step:.0f},{_HIGH * (1 - count / most):.0f}" for at, count in enumerate(line))
