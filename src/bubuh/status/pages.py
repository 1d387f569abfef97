"""The files of the status page, from what was measured and what operators say."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from importlib.resources import files
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined

from bubuh.core.ids import show_id
from bubuh.edge.words import Language
from bubuh.outages.model import Function, Outage, facts_of
from bubuh.statements.model import SignedStatement
from bubuh.status.days import KEPT_DAYS, WIB, Memory
from bubuh.status.judge import judge_calls, worst
from bubuh.status.model import Health, Measured, Partner, Reason, State, Stock
from bubuh.status.words import FUNCTIONS, OVERALL, PAGE, REASONS, STATES, STOCKS

#: of what lies in the folder for others to fetch; what the page remembers is none of these
MEDIA_TYPES: Final[Mapping[str, str]] = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".xml": "application/rss+xml; charset=utf-8",
    ".json": "application/json",
    ".p7s": "application/pkcs7-signature",
    ".pem": "application/x-pem-file",
}
_TONES: Final[Mapping[State, str]] = {
    State.OK: "good",
    State.UNKNOWN: "none",
    State.SLOW: "wait",
    State.FAILING: "fail",
    State.DOWN: "fail",
}
_STOCK_TONES: Final[Mapping[Stock | None, str]] = {
    Stock.SOME: "good",
    Stock.LOW: "wait",
    Stock.NONE: "fail",
    None: "none",
}
_MONTHS: Final = {
    Language.ID: ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des"),
    Language.EN: ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
}
_IN_SECONDS: Final = {"waiting", "queue_wait"}
_FILE_OF: Final = {Language.ID: "index.html", Language.EN: "en.html"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """All that the page shows."""

    measured: Measured
    healths: Mapping[Function, Health]
    outages: Sequence[Outage]
    records: Sequence[SignedStatement]  #: signed since the page last knew
    signed: Collection[UUID]  #: outages whose record can be fetched
    memory: Memory
    site: str  #: the site's address
    page: str  #: this page's own


@dataclass(frozen=True, slots=True)
class File:
    """One file."""

    content: bytes
    media_type: str


def render(look: Look) -> dict[str, File]:
    """Every file that changes, by its name."""
    made = {
        _FILE_OF[language]: File(_page(look, language).encode(), MEDIA_TYPES[".html"])
        for language in Language
    }
    made["status.json"] = File(msgspec.json.encode(_facts(look)) + b"\n", MEDIA_TYPES[".json"])
    made["feed.xml"] = File(_feed(look).encode(), MEDIA_TYPES[".xml"])
    for record in look.records:
        name = record_name(record.statement.subject)
        made[f"{name}.json"] = File(record.statement.facts, MEDIA_TYPES[".json"])
        made[f"{name}.p7s"] = File(record.signature, MEDIA_TYPES[".p7s"])
    return made


def record_name(outage_id: UUID) -> str:
    """Where an outage's record lies, without its ending."""
    return f"outages/{show_id('out', outage_id)}"


def read_back(folder: Path) -> dict[str, File]:
    """The files that an earlier process left: what they say is old, and says so itself."""
    return {
        str(path.relative_to(folder)): File(path.read_bytes(), MEDIA_TYPES[path.suffix])
        for path in folder.rglob("[!.]*")
        if path.suffix in MEDIA_TYPES
    }


def style() -> File:
    """The site's own style sheet and what only this page has."""
    site = files("bubuh.web").joinpath("static/bubuh.css").read_bytes()
    own = files("bubuh.status").joinpath("templates/status.css").read_bytes()
    return File(site + own, MEDIA_TYPES[".css"])


def _page(look: Look, language: Language) -> str:
    overall = worst(look.healths)
    now, signed = look.measured.at, look.signed
    outages = [_outage(each, language, now, signed=each.id in signed) for each in look.outages]
    other = Language.EN if language is Language.ID else Language.ID
    return (
        _TEMPLATES[language]
        .get_template("status.html")
        .render(
            language=language,
            other=_FILE_OF[other],
            other_language=other,
            site=look.site,
            at=look.measured.at,
            overall=OVERALL[overall].said(language),
            overall_tone=_TONES[overall],
            open=[each for each in outages if not each["is_over"]],
            over=[each for each in outages if each["is_over"]],
            rows=[_row(look, function, language) for function in look.healths],
            gateways=[
                (name, _shown(State.FAILING if spared else State.OK, language))
                for name, spared in sorted(look.measured.gateways.items())
            ],
            partners=[_partner(look, each, language) for each in look.memory.partners],
            numbers=list(_numbers(look.measured, language)),
            t={name: words.said(language) for name, words in PAGE.items()},
        )
    )


def _shown(state: State, language: Language) -> dict[str, str]:
    return {"state": STATES[state].said(language), "tone": _TONES[state]}


def _row(look: Look, function: Function, language: Language) -> dict[str, object]:
    health = look.healths[function]
    days = look.memory.worst_by_day(function, look.measured.at)
    share = look.memory.well_share(function)
    return {
        **_shown(health.state, language),
        "name": FUNCTIONS[function].said(language),
        "reason": None if health.reason is None else REASONS[health.reason].said(language),
        "days": days,
        "lines": list(_lines(days)),
        "share": None if share is None else _per_cent(share, language),
    }


def _partner(look: Look, partner: Partner, language: Language) -> dict[str, object]:
    calls = judge_calls(partner, look.measured)
    stock, failed = _stock(partner, look.measured), _failed_share(partner, look.measured)
    days = look.memory.worst_calls_by_day(partner, look.measured.at)
    share = look.memory.well_calls_share(partner)
    return {
        **_shown(calls.state, language),
        "name": partner.name,
        "stock": STOCKS[stock].said(language),
        "stock_tone": _STOCK_TONES[stock],
        "reason": None if calls.reason is None else REASONS[calls.reason].said(language),
        "failed": None if failed is None else f"{failed:.0%}".replace("%", "\N{NO-BREAK SPACE}%"),
        "days": days,
        "lines": list(_lines(days)),
        "share": None if share is None else _per_cent(share, language),
    }


def _stock(partner: Partner, measured: Measured) -> Stock | None:
    """None: not measured."""
    return None if measured.stocks is None else measured.stocks.get(partner.slot)


def _failed_share(partner: Partner, measured: Measured) -> float | None:
    """Of its calls, in whole hundredths, where they can be judged; how many there were is not told."""
    calls = measured.calls
    if calls is None or judge_calls(partner, measured).reason not in {None, Reason.ERRORS}:
        return None
    return round(calls[partner.slot].failed_share, 2)


def _lines(days: Sequence[State | None]) -> Iterator[tuple[str, str]]:
    """A ground, and one path a tone: a bar of three units for each day that somebody looked, a unit apart."""
    yield "none", f"M0 0h{4 * len(days)}v20H0z"
    tones = [None if day is None else _TONES[day] for day in days]
    for tone in sorted({tone for tone in tones if tone is not None}):
        bars = (f"M{4 * place} 0h3v20h-3z" for place, its in enumerate(tones) if its == tone)
        yield tone, "".join(bars)


def _per_cent(share: float, language: Language) -> str:
    """Rounded down: 99,99 % is never told of less."""
    text = f"{int(share * 10_000) / 100:.2f}\N{NO-BREAK SPACE}%"
    return text.replace(".", ",") if language is Language.ID else text


def _numbers(measured: Measured, language: Language) -> Iterator[tuple[str, str]]:
    unknown = STATES[State.UNKNOWN].said(language)
    books = measured.books
    queue = measured.queue
    queued: list[tuple[str, int | None]] = []
    if measured.has_gate:
        queued.append(("queued", None if queue is None else queue.waiting))
    if queue is not None and queue.is_open:
        queued.append(("queue_wait", None if queue.wait_s is None else round(queue.wait_s)))
    for name, value in (
        *queued,
        ("level", measured.level),
        ("affixed", measured.affixed),
        ("waiting", None if books is None else round(books.waiting_s)),
        ("unmatched", None if books is None else books.unmatched),
        ("difference", None if books is None else books.whole_days),
    ):
        unit = f"\N{NO-BREAK SPACE}{PAGE['seconds'].said(language)}" if name in _IN_SECONDS else ""
        yield PAGE[name].said(language), unknown if value is None else f"{value}{unit}"


def _outage(outage: Outage, language: Language, now: datetime, *, signed: bool) -> dict[str, object]:
    promised = None if outage.is_over else outage.updates[-1].said.next_update_at
    return {
        "id": show_id("out", outage.id),
        "functions": [FUNCTIONS[function].said(language) for function in sorted(outage.functions)],
        "began_at": outage.began_at,
        "ended_at": outage.ended_at,
        "is_over": outage.is_over,
        "is_overdue": outage.is_overdue(now),
        "is_signed": signed,
        "promised": promised,
        "updates": [
            {
                "at": update.written_at,
                "text": update.said.indonesian if language is Language.ID else update.said.english,
            }
            for update in reversed(outage.updates)
        ],
    }


def _facts(look: Look) -> dict[str, object]:
    """The page, for programs."""
    measured = look.measured
    return {
        "at": measured.at,
        "state": worst(look.healths).name.lower(),
        "functions": {
            function: {
                "state": health.state.name.lower(),
                "reason": health.reason,
                "asked": measured.traffic[function].asked if function in measured.traffic else 0,
                "failed": measured.traffic[function].failed if function in measured.traffic else 0,
                "p99_s": measured.traffic[function].p99_s if function in measured.traffic else None,
                "well_share": look.memory.well_share(function),
            }
            for function, health in look.healths.items()
        },
        "gateways": {name: "failing" if spared else "ok" for name, spared in measured.gateways.items()},
        "partners": [
            {
                "name": partner.name,
                "stock": _stock(partner, measured),
                "state": (calls := judge_calls(partner, measured)).state.name.lower(),
                "reason": calls.reason,
                "failed_share": _failed_share(partner, measured),
                "well_share": look.memory.well_calls_share(partner),
            }
            for partner in look.memory.partners
        ],
        "queue": measured.queue,
        "level": measured.level,
        "affixed": measured.affixed,
        "stamp_p99_s": measured.stamp_p99_s,
        "books": measured.books,
        "kept_days": KEPT_DAYS,
        "outages": [facts_of(outage) for outage in look.outages],
    }


def _feed(look: Look) -> str:
    items = [
        {
            "outage": show_id("out", outage.id),
            "no": update.no,
            "title": ", ".join(
                FUNCTIONS[function].said(Language.ID) for function in sorted(outage.functions)
            ),
            "at": format_datetime(update.written_at),
            "text": f"{update.said.indonesian} / {update.said.english}",
            "written_at": update.written_at,
        }
        for outage in look.outages
        for update in outage.updates
    ]
    items.sort(key=lambda item: item["written_at"], reverse=True)  # type: ignore[arg-type,return-value]
    return _TEMPLATES[Language.ID].get_template("feed.xml").render(page=look.page, items=items)


def _templates(language: Language) -> Environment:
    environment = Environment(
        loader=PackageLoader("bubuh.status"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )

    def moment(at: datetime) -> str:
        here = at.astimezone(WIB)
        return f"{here.day} {_MONTHS[language][here.month - 1]} {here.year} {here:%H.%M.%S} WIB"

    environment.filters["moment"] = moment
    return environment


_TEMPLATES: Final[Mapping[Language, Environment]] = {language: _templates(language) for language in Language}
