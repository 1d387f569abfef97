"""A surge's report as one HTML page with plots, drawn as SVG here."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from bubuh.drill.chaos import quantile
from bubuh.drill.surge.report import Report, Second
from bubuh.drill.surge.spent import ROLES

_WIDE: Final = 720
_HIGH: Final = 160
_COLOURS: Final = ("#0b5cad", "#c77700", "#2e7d32", "#8e24aa", "#c62828", "#00838f", "#5d4037", "#777777")
_BUCKET_S: Final = 5.0
Line = list[tuple[float, float]]
_WORDS: Final = {True: "reached", False: "missed", None: "not seen"}


def page_of(report: Report) -> str:
    """The page: what was promised, what was seen, and how it went second by second."""
    facts = report.facts()
    promises = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{_WORDS[kept]}</td></tr>"
        for name, kept in report.reached().items()
    )
    figures = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{html.escape(str(value))}</td></tr>"
        for name, value in facts.items()
        if name not in {"profile", "reached", "others_s", "findings"}
    )
    plots = "".join(f"<h2>{html.escape(title)}</h2>{_plot(lines, report)}" for title, lines in _plots(report))
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>A surge</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:{_WIDE}px;margin:2em auto}}td{{padding:.1em .8em;
vertical-align:top}}</style>
<h1>A surge</h1>
<p>{facts["offered_per_s"]} joins a second came to a room that lets in {report.profile.admitted_per_s},
seed {report.seed}; surges are shaded.
The drill itself used {facts["generator_share"]:.0%} of {report.cores} cores.</p>
<table>{promises}</table>{plots}<h2>Figures</h2><table>{figures}</table></html>
"""


def _plots(report: Report) -> Sequence[tuple[str, Mapping[str, Line]]]:
    seconds, visits = report.seconds, report.visits
    return (
        ("Numbers waiting", {"waiting": [(s.at_s, s.issued - s.serving) for s in seconds]}),
        (
            "People let in a second, and what the room allows",
            {
                "let in": _rate(seconds, lambda second: second.entered),
                "allowed": [(s.at_s, report.profile.admitted_per_s) for s in seconds],
            },
        ),
        ("Seconds until one is told how to pay", _latency(visits.buy_s, report)),
        ("Seconds from the PIN to the stamp", _latency(visits.stamp_s, report)),
        ("Answers 429 and 5xx a second", {"refused": _rate(seconds, lambda second: second.refused)}),
        (
            "Cores used",
            {role: [(s.at_s, s.cpu.get(role, 0.0)) for s in seconds] for role in ("drill", *ROLES)},
        ),
    )


def _rate(seconds: Sequence[Second], count: Callable[[Second], int]) -> Line:
    """By buckets, from a count that only grows."""
    line, last = Line(), (0.0, 0.0)
    for second in seconds:
        if second.at_s - last[0] >= _BUCKET_S:
            line.append((second.at_s, (count(second) - last[1]) / (second.at_s - last[0])))
            last = (second.at_s, count(second))
    return line


def _latency(times: Sequence[tuple[float, float]], report: Report) -> Mapping[str, Line]:
    buckets: dict[int, list[float]] = {}
    for began_s, took_s in times:
        buckets.setdefault(int((began_s - report.begun_s) // _BUCKET_S), []).append(took_s)
    return {
        name: [
            ((at + 0.5) * _BUCKET_S, quantile(found, share) or 0.0) for at, found in sorted(buckets.items())
        ]
        for name, share in (("p50", 0.5), ("p99", 0.99))
    }


def _plot(lines: Mapping[str, Line], report: Report) -> str:
    end_s = max(1.0, report.rounds[-1].ended_s - report.begun_s, *(s.at_s for s in report.seconds))
    most = max([1e-9, *(value for line in lines.values() for _, value in line)])
    shades = "".join(
        f"<rect x='{(one.began_s - report.begun_s) / end_s * _WIDE:.0f}' y='0' height='{_HIGH}' fill='#eee' "
        f"width='{(one.ended_s - one.began_s) / end_s * _WIDE:.0f}'/>"
        for one in report.rounds
        if one.is_surge
    )
    colours = dict(zip(lines, _COLOURS, strict=False))
    drawn = "".join(
        f"<polyline fill='none' stroke='{colours[name]}' stroke-width='1.5' points='"
        + " ".join(f"{at / end_s * _WIDE:.1f},{_HIGH * (1 - value / most):.1f}" for at, value in line)
        + "'/>"
        for name, line in lines.items()
    )
    legend = " · ".join(f"<b style='color:{colours[name]}'>{html.escape(name)}</b>" for name in lines)
    axis = f"<path d='M0 {_HIGH}H{_WIDE}' stroke='#999'/><text x='2' y='12' font-size='11'>{most:,.2f}</text>"
    label = html.escape(f"{', '.join(lines)} over {end_s:.0f} seconds")
    return (
        f"<svg role='img' aria-label='{label}' viewBox='0 0 {_WIDE} {_HIGH}'>{shades}{axis}{drawn}</svg>"
        f"<p>{legend}</p>"
    )
