"""Recompute a published log: every draw of what was committed and revealed, every call and entry of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bubuh.waitingroom.draw import Draw, commitment, draw_key
from bubuh.waitingroom.published import (
    Announced,
    Called,
    Cut,
    Drawn,
    Dropped,
    Ends,
    Entered,
    Event,
    NoLog,
    Opens,
    is_signed,
    link_of,
    read,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is not as it was promised."""

    line: int
    code: str
    words: str


@dataclass(slots=True)
class LaneAudit:
    """One lane as its log tells it."""

    lane: int
    draws: list[tuple[Announced, Draw]] = field(default_factory=list)
    serving: int = 0
    entered: set[int] = field(default_factory=set)

    def place(self, number: int) -> int | None:
        """Where `number` stands; None while its draw is to come."""
        for _, draw in self.draws:
            if draw.takes(number):
                return draw.place(number)
        return number

    def order(self, draw: Draw) -> list[int]:
        """The numbers of a draw in the order in which they are called."""
        assert draw.last is not None
        found = [0] * (draw.last - draw.base)
        for number in range(draw.base + 1, draw.last + 1):
            stands = draw.place(number)
            assert stands is not None
            found[stands - draw.base - 1] = number
        return found


class Audit:
    """What a log says, and what is wrong with it."""

    def __init__(self) -> None:
        """Nothing read yet."""
        self.key = ""  #: that signed it, 64 hex digits
        self.lines = 0
        self.is_signed = False
        self.findings: list[Finding] = []
        self.lanes: dict[int, LaneAudit] = {}

    def find(self, code: str, words: str) -> None:
        """Note something wrong with the present line."""
        self.findings.append(Finding(line=self.lines, code=code, words=words))

    def lane(self, lane: int) -> LaneAudit:
        """Lane `lane`, known from its first line on."""
        return self.lanes.setdefault(lane, LaneAudit(lane))


def audit(
    lines: Iterable[bytes], *, key: str | None = None, told: Callable[[int], None] = lambda _: None
) -> Audit:
    """Read a whole log; `key`: whose it must be, as the waiting page has it in hex. Raises `NoLog`.

    The findings: `line_changed`, `line_missing`, `line_added`, `not_signed`, `other_key`; `false_reveal`,
    `false_key`, `reveal_missing`, `draw_reopened`; `called_before_the_draw`, `called_back`, `entered_early`,
    `entered_twice`.
    """
    found = Audit()
    link, before = b"", b""
    given: list[bytes] = []

    def kept() -> Iterable[bytes]:
        for line in lines:
            given[:] = [line]
            yield line

    for line in read(kept()):
        before, link = link, link_of(given[0])
        if line.n != found.lines + 1:
            found.find("line_missing", f"line {line.n} follows line {found.lines}")
        found.lines = line.n
        if not line.is_linked:
            found.find("line_changed", f"line {line.n} or the one before it is not as it was written")
        if found.is_signed:
            found.find("line_added", f"line {line.n} stands after the signature")
        _read_event(found, line.event, before)
        told(line.n)
    if not found.lines:
        raise NoLog
    if not found.is_signed:
        found.find("not_signed", "the log does not end with its signature: lines may be missing")
    if key is not None and key != found.key:
        found.find("other_key", f"the log is signed by {found.key}")
    return found


def digest_of(order: Iterable[int]) -> str:
    """SHA-256 over the numbers, each as eight big-endian bytes: to compare an order with others' results."""
    mixed = hashlib.sha256()
    for number in order:
        mixed.update(number.to_bytes(8))
    return mixed.hexdigest()


def _read_event(found: Audit, event: Event, link: bytes) -> None:
    match event:
        case Opens():
            found.key = event.key
        case Ends():
            found.is_signed = is_signed(event.signature, key=found.key, link=link)
            if not found.is_signed:
                found.find("not_signed", "the signature does not fit")
        case Called():
            _read_call(found, event)
        case Entered():
            _read_entry(found, event)
        case Announced():
            lane = found.lane(event.lane)
            lane.draws.append((event, Draw(event.lane, event.base, b"")))
            if event.base < lane.serving:
                found.find("draw_reopened", f"lane {event.lane}: numbers that were called stand in a draw")
        case _:
            _read_draw(found, event)


def _read_draw(found: Audit, event: Cut | Drawn | Dropped) -> None:
    lane = found.lane(event.lane)
    if not lane.draws or not lane.draws[-1][1].is_pending:
        found.find("draw_reopened", f"lane {event.lane}: no draw is to come")
        return
    announced, draw = lane.draws[-1]
    if isinstance(event, Cut):
        if draw.last is not None:
            found.find("draw_reopened", f"lane {event.lane}: who takes part was decided twice")
        draw.last = event.last
    elif isinstance(event, Dropped):
        draw.is_dropped = True
    elif draw.last is None:
        found.find("draw_reopened", f"lane {event.lane}: drawn before it was decided who takes part")
    else:
        _check_reveal(found, announced, event)
        draw.key = bytes.fromhex(event.key)


def _check_reveal(found: Audit, announced: Announced, drawn: Drawn) -> None:
    if not drawn.secret:
        found.find("reveal_missing", f"lane {drawn.lane}: secret and value are not told")
        return
    secret = bytes.fromhex(drawn.secret)
    if commitment(secret) != announced.commit:
        found.find("false_reveal", f"lane {drawn.lane}: the secret is not the one that was committed to")
    if draw_key(secret, drawn.value).hex() != drawn.key:
        found.find(
            "false_key", f"lane {drawn.lane}: the gate drew with another key than secret and value make"
        )


def _read_call(found: Audit, called: Called) -> None:
    lane = found.lane(called.lane)
    if called.upto <= lane.serving:
        found.find("called_back", f"lane {called.lane}: {called.upto} after {lane.serving}")
    if lane.draws and (draw := lane.draws[-1][1]).is_pending and called.upto > draw.base:
        found.find("called_before_the_draw", f"lane {called.lane}: {called.upto} waits for the draw")
    lane.serving = max(lane.serving, called.upto)


def _read_entry(found: Audit, entered: Entered) -> None:
    lane = found.lane(entered.lane)
    place = lane.place(entered.number)
    if place is None or place > lane.serving:
        found.find(
            "entered_early",
            f"lane {entered.lane}: number {entered.number}, place {place}, when {lane.serving} was called",
        )
    if entered.number in lane.entered:
        found.find("entered_twice", f"lane {entered.lane}: number {entered.number}")
    lane.entered.add(entered.number)
