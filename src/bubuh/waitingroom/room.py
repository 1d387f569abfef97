"""The room: joins, calls, entries and passes of all lanes. Each decision is a record, and is applied from it.

The caller keeps records before anybody is told: those of `tick` before `apply`, those of `enter` before its
answer. After a crash `apply` over the kept records builds a room in which nobody is called out of order, no
number is given twice, and nobody who was let in can enter again.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bubuh.core.ids import AccountId
from bubuh.waitingroom.allocator import Allocator
from bubuh.waitingroom.ceiling import Ceiling
from bubuh.waitingroom.draw import Draw, DrawPlan
from bubuh.waitingroom.draw_records import apply_draw, give_up, next_step, records_of
from bubuh.waitingroom.lanes import ERRANDS, REPAIR_ID, Errand, LaneKind, LaneRule, RoomRules
from bubuh.waitingroom.minutes import Minute, Minutes
from bubuh.waitingroom.passes import PASS_LIFE_S
from bubuh.waitingroom.presence import Presence, step_of
from bubuh.waitingroom.records import Kind, Record
from bubuh.waitingroom.refusals import LaneUnknown, NotDrawn, NotYet, RepairFull, TurnOver, TurnUsed
from bubuh.waitingroom.scheduler import Demand, Moment, hold_back, share_out
from bubuh.waitingroom.turn import Turn
from bubuh.waitingroom.window import Cell, Standing, Window

LEAST_SHOW: Final = 0.02  #: fewer than one in 50 of those called is never assumed
LATE_SHARE: Final = 0.1  #: of a lane's people, who missed their window and come in a late one
QUIET_S: Final = 60.0  #: without a word of anybody, after which silence says nothing
RETRY_S: Final = 8  #: whoever was called and finds no place

_FIRST_SHOW: Final = 0.7
_FIRST_SHOW_WEIGHT: Final = 10.0  # calls that the first guess counts for
_SHOW_MEMORY: Final = math.exp(-1 / 60)
_PACE_MEMORY_S: Final = 60.0
_PACE_CALLS: Final = 8  #: that a slow lane's pace is learnt from, where a minute has fewer
_SAVED_S: Final = 3.0  #: seconds' worth of people that a lane may save up, or let in too early
_LEAST_SAVED: Final = 5.0
_LONGEST_TICK_S: Final = 5.0
_MOST_SHORT_S: Final = 60.0  #: of its floor, made up at most: where nobody comes of those who are called
_HASTE: Final = 1.25  #: what the door lets in at most, in what is called for: fewer came before


@dataclass(slots=True)
class Inside:
    """A pass that is out."""

    lane: int
    number: int
    expires_at: int  #: seconds since 1970


class Door:
    """The pace at which people enter, however many were called: the next to be called may all come."""

    def __init__(self) -> None:
        """With a few places."""
        self.has_turned_away = False  #: anybody, lately
        self._places = _LEAST_SAVED

    def pass_time(self, per_s: float, elapsed_s: float) -> None:
        """Places for so many people more; what nobody takes is saved for a moment only."""
        most = max(_LEAST_SAVED, _SAVED_S * per_s)
        self._places = min(most, self._places + _HASTE * per_s * elapsed_s)
        self.has_turned_away = False

    def has_place(self) -> bool:
        """Whether the next may enter, or waits a moment."""
        if self._places >= 1:
            return True
        self.has_turned_away = True
        return False

    def enter(self) -> None:
        """Somebody does."""
        self._places -= 1


class Lane:
    """What is known of one lane."""

    def __init__(self, rule: LaneRule, door: Door) -> None:
        """Empty; its people come in by `door`."""
        self.rule = rule
        self._door = door
        self.numbers = Allocator()
        self.window = Window()
        self.minutes = Minutes()
        self.draws: list[Draw] = []  #: all of them: whoever asks later is told of the place they had
        self.pace = 0.0  #: numbers called a second, lately
        self.rests = False  #: it lets nobody in, and its window stands still
        self.entered = 0
        self.late = 0
        self._learning_s = 0.0  # for which its pace has been learnt
        self._credit = 0.0  # people who may enter, those expected among them
        self._late_credit = 0.0
        self._short = 0.0  # people who were to come by its floor, and have not
        self._per_s = 0.0
        self.presence = Presence()
        self._there = _FIRST_SHOW_WEIGHT
        self._came = _FIRST_SHOW_WEIGHT * _FIRST_SHOW

    @property
    def show(self) -> float:
        """The part of the next to be called who come, as lately seen of those who were there."""
        _, part = next(self.presence.parts(self.window.serving))
        return self._show(part)

    @property
    def _rate(self) -> float:
        """How many come of those who are there."""
        return max(LEAST_SHOW, self._came / self._there)

    def _show(self, part: float) -> float:
        """How many of those come of whom a `part` is there."""
        return min(1.0, max(LEAST_SHOW, self._rate * part))

    @property
    def told_pace(self) -> float:
        """Numbers called a second, as people are told: nobody knows when a lane that rests goes on."""
        return 0.0 if self.rests else self.pace

    @property
    def waiting(self) -> int:
        """Numbers not called yet."""
        return self.numbers.issued - self.window.serving

    @property
    def callable(self) -> int:
        """Of these, how many do not wait for a draw."""
        if self.draws and self.draws[-1].is_pending:
            return max(0, self.draws[-1].base - self.window.serving)
        return self.waiting

    def place(self, number: int) -> int | None:
        """Where `number` stands; None: it takes part in a draw that is still to come."""
        for draw in self.draws:
            if draw.takes(number):
                return draw.place(number)
        return number

    def is_full(self) -> bool:
        """Whether more have come than were expected, so that the next wait a moment."""
        return self._credit <= -self._saved()

    def pass_time(self, elapsed_s: float, *, counts: bool, window_s: float) -> None:
        """Move the lane's clock when `counts` and nobody found it full, and learn who came."""
        counts = counts and not self.rests and not self.is_full() and not self._door.has_turned_away
        open_s = self.window.open_s + (elapsed_s if counts else 0.0)
        for cell in self.window.pass_time(open_s, window_s=window_s):
            there = max(cell.there, cell.entered)  # whoever came was
            memory = _SHOW_MEMORY ** (there / cell.called)  # nothing is learnt of those who went home
            self._there = self._there * memory + there
            self._came = self._came * memory + cell.entered

    def demand(self, *, window_s: float) -> Demand:
        """What it could use."""
        show = self._show(self.presence.mean)
        expected = self._expected(window_s)
        people = max(0.0, self.callable * show + expected - self._credit)
        arriving = max(0, self.rule.expected - self.numbers.issued) * show
        return Demand(rule=self.rule, people=people, arriving=arriving, short=self._short)

    def owe(self, floor: float, elapsed_s: float) -> None:
        """So many were to come by its floor in `elapsed_s`, while anybody waits.

        Who comes beyond it is not held against the lane later, so that in any time in which somebody waits it
        has had its floor, less what it is short of at the end.
        """
        most = max(1.0, _MOST_SHORT_S * floor / elapsed_s)
        more = max(self._short, min(self._short + floor, most))
        self._short = more if self.callable else 0.0

    def to_call(self, granted: float, elapsed_s: float, *, window_s: float) -> int:
        """How many numbers to call so that `granted` more people come within `elapsed_s`."""
        self._per_s = granted / elapsed_s
        expected = self._expected(window_s)
        self._credit = min(self._credit + granted, expected + max(self._saved(), granted))
        late = self._late_credit + LATE_SHARE * max(granted, elapsed_s)
        self._late_credit = min(late, max(1.0, LATE_SHARE * self._saved()))
        most = math.ceil(max(granted, 1.0) / LEAST_SHOW)
        called = 0 if self.rests else min(self.callable, self._numbers(self._credit - expected), most)
        if self.callable and not self.rests:  # else it could not be otherwise, and tells nothing
            self._learn_pace(called / elapsed_s, elapsed_s)
        return called

    def is_spent(self, number: int) -> bool:
        """Whether nobody can enter with `number` any more: it was used, or called and missed."""
        place = self.place(number)
        if place is None:
            return False
        standing = self.window.standing(place)
        return standing is Standing.OVER or (standing is not Standing.WAITING and self.window.is_used(place))

    def enter(self, number: int) -> None:
        """Look whether `number` may enter now; raises `NotDrawn`, `NotYet`, `TurnOver`, `TurnUsed`."""
        place = self.place(number)
        if place is None:
            raise NotDrawn
        standing = self.window.standing(place)
        if standing is Standing.WAITING:
            raise NotYet(ahead=place - self.window.serving, retry_after_s=RETRY_S)
        if standing is Standing.OVER:
            raise TurnOver
        if self.window.is_used(place):
            raise TurnUsed
        if self.rests or self.is_full() or not self._door.has_place():
            raise NotYet(ahead=0, retry_after_s=RETRY_S)
        if standing is Standing.LATE and self._late_credit < 1 and self.callable:  # others wait for the place
            raise NotYet(ahead=0, retry_after_s=RETRY_S)

    def entered_with(self, number: int, *, restoring: bool) -> None:
        """Somebody has."""
        place = self.place(number)
        assert place is not None, "nobody enters before the draw"
        if restoring:
            self.window.use(place)
            self.entered += 1
            return
        if self.window.standing(place) is Standing.LATE:
            self.late += 1
            self._late_credit = max(0.0, self._late_credit - 1)
        self.window.use(place)
        self.entered += 1
        self._credit -= 1
        self._short = max(0.0, self._short - 1)
        self._door.enter()

    def call(self, upto: int, *, open_s: float) -> None:
        """Call all up to `upto`."""
        there = self.presence.people(self.window.serving, upto)
        self.window.call(upto, open_s=open_s, there=there)

    def _learn_pace(self, per_s: float, elapsed_s: float) -> None:
        """Over a minute; of a lane that calls seldom over some calls, or else for as long as it was seen."""
        self._learning_s += elapsed_s
        wanted_s = _PACE_CALLS / self.pace if self.pace > 0 else math.inf
        memory_s = max(_PACE_MEMORY_S, min(wanted_s, self._learning_s))
        self.pace += (per_s - self.pace) * (1 - math.exp(-elapsed_s / memory_s))

    def _expected(self, window_s: float) -> float:
        return self.window.outstanding(self._rate, window_s=window_s)

    def _numbers(self, people: float) -> int:
        """How many numbers to call for so many people to come."""
        found = 0
        for size, part in self.presence.parts(self.window.serving):
            show = self._show(part)
            if people <= size * show:
                break
            found, people = found + int(size), people - size * show
        return found + max(0, math.floor(people / show + 1e-6))

    def _saved(self) -> float:
        return max(_LEAST_SAVED, _SAVED_S * self._per_s)


class Room:
    """All lanes, and who is inside."""

    def __init__(self, rules: RoomRules) -> None:
        """Empty, under `rules`."""
        self.rules = rules
        self._door = Door()
        self.lanes = {rule.id: Lane(rule, self._door) for rule in rules.lanes}
        self.inside: dict[AccountId, Inside] = {}  #: the least lately active first
        self.repairs = Ceiling()
        self.buying_per_s = rules.per_s  #: people a second that lanes good for buying may let in, of late
        self._listened_s, self._quiet_s = 0.0, 0.0

    def follow(self, rules: RoomRules) -> None:
        """Other rules from now on. Lanes that are left out are kept, and call nobody."""
        self.buying_per_s *= rules.per_s / self.rules.per_s
        self.rules = rules
        for rule in rules.lanes:
            self.lanes.setdefault(rule.id, Lane(rule, self._door)).rule = rule

    def join(self, lane_id: int) -> int:
        """A new number at the end of a lane; raises `LaneUnknown`, `NumbersNotKept`."""
        lane = self.lanes.get(lane_id)
        if lane is None or lane.rule.kind is LaneKind.REPAIR:
            raise LaneUnknown
        return lane.numbers.take()

    def hear(self, lane_id: int, number: int) -> bool:
        """Whoever holds the number is there; whether this was one of those who may tell."""
        lane = self.lanes.get(lane_id)
        place = None if lane is None else lane.place(number)
        if lane is None or place is None or not lane.window.serving < place <= lane.numbers.issued:
            return False
        self._quiet_s = 0.0
        return lane.presence.hear(place, step=step_of(lane.waiting), now_s=self._listened_s)

    def wanted_marks(self) -> list[Record]:
        """Marks to keep, each once; `apply` them when they are kept."""
        found = ((lane_id, lane.numbers.wanted_mark()) for lane_id, lane in self.lanes.items())
        return [Record(Kind.MARK, lane_id, mark) for lane_id, mark in found if mark is not None]

    def wanted_minutes(self, now_s: float, *, is_open: bool) -> list[Record]:
        """Where each lane stands, once a minute: to keep and then to `apply`."""
        kind = Kind.STOOD if is_open else Kind.RESTED
        due = ((rule.id, self.lanes[rule.id]) for rule in self.rules.lanes)
        return [
            Record(kind, lane_id, lane.numbers.issued, lane.window.serving, int(now_s))
            for lane_id, lane in due
            if lane.numbers.issued and lane.minutes.is_due(now_s)
        ]

    def tick(
        self,
        now_s: float,
        elapsed_s: float,
        *,
        is_open: bool = True,
        health: float = 1.0,
        buys: float = 1.0,
    ) -> list[Record]:
        """Decide whom to call: records to keep and then to `apply`.

        `health`, at most 1, is the part of what the operator allows that the application can take now, and
        `buys` the part of that by lanes that are good for buying: at nought they rest.
        """
        elapsed_s = min(max(elapsed_s, 1e-3), _LONGEST_TICK_S)
        ended = self._end_passes(now_s)
        per_s, window_s = self.rules.per_s * health, self.rules.window_s
        came = self.repairs.pass_time(self.rules.repair_ceiling * per_s, elapsed_s)
        self._listen(elapsed_s)
        self._follow_pace(per_s * buys, elapsed_s)
        free = max(0, self.rules.slots - len(self.inside) + len(ended))
        for lane_id, lane in self.lanes.items():
            lane.rests = per_s <= 0 or (buys <= 0 and Errand.BUY in self.rules.errands(lane_id))
            lane.pass_time(elapsed_s, counts=is_open and free > 0, window_s=window_s)
        self._door.pass_time(per_s, elapsed_s)
        if not is_open:
            return ended
        lanes = [self.lanes[rule.id] for rule in self.rules.lanes if rule.kind is not LaneKind.REPAIR]
        demands = [lane.demand(window_s=window_s) for lane in lanes]
        amount = min(max(0.0, per_s * elapsed_s - came), free)
        when = Moment(now_s=now_s, elapsed_s=elapsed_s, safety_s=self.rules.safety_s)
        share_out(demands, amount, when)
        if buys < 1:
            hold_back(demands, amount, buys, when, is_held=lambda rule: Errand.BUY in ERRANDS[rule.kind])
        for lane, demand in zip(lanes, demands, strict=True):
            lane.owe(min(demand.granted, demand.rule.floor * amount), elapsed_s)
        return ended + self._call(lanes, demands, now_s, elapsed_s)

    def _follow_pace(self, per_s: float, elapsed_s: float) -> None:
        """The pace that is really on; while buying rests, the one that was, for it will go on."""
        if per_s > 0:
            self.buying_per_s += (per_s - self.buying_per_s) * (1 - math.exp(-elapsed_s / _PACE_MEMORY_S))

    def _listen(self, elapsed_s: float) -> None:
        """While nobody of any lane is heard, it is the way here that is silent: nobody has gone by that."""
        self._quiet_s += elapsed_s
        if self._quiet_s > QUIET_S:
            return
        self._listened_s += elapsed_s
        for lane in self.lanes.values():
            serving, issued = lane.window.serving, lane.numbers.issued
            lane.presence.look(self._listened_s, serving=serving, issued=issued, pace=lane.pace)

    def draw(self, plan: DrawPlan | None, now_s: float) -> list[Record]:
        """The next step of the announced draw in each of its lanes: records to keep and then to `apply`.

        A lane that loses its draw with the file gives it up: all stand as they joined.
        """
        found = []
        for lane_id, lane in self.lanes.items():
            if plan is not None and lane_id in plan.lanes:
                found += next_step(lane.draws, plan, lane=lane_id, issued=lane.numbers.issued, now_s=now_s)
            elif lane.draws and lane.draws[-1].is_pending:
                found += give_up(lane.draws[-1], issued=lane.numbers.issued)
        return found

    def enter(self, turn: Turn, account_id: AccountId, *, now_s: int) -> Record:
        """Let `account_id` in with `turn`: a record to `apply` at once, and to keep before the answer.

        Who is inside already keeps the pass they have, and their turn, unless its lane is good for more.

        Raises:
            NotDrawn, NotYet: not called, or no place just now.
            TurnForeign, TurnOver, TurnUsed, LaneUnknown: not with this turn.
        """
        lane = self.lanes.get(turn.lane)
        if lane is None:
            raise LaneUnknown
        turn.check_owner(account_id)
        expires_at = now_s + PASS_LIFE_S
        inside = self._inside(account_id, now_s)
        if inside is not None and self.rules.errands(turn.lane) <= self.rules.errands(inside.lane):
            return Record(Kind.INSIDE, inside.lane, inside.number, account_id, expires_at)
        lane.enter(turn.number)
        if inside is None and len(self.inside) >= self.rules.slots:
            raise NotYet(ahead=0, retry_after_s=RETRY_S)
        return Record(Kind.ENTERED, turn.lane, turn.number, account_id, expires_at)

    def repair(self, account_id: AccountId, *, now_s: int) -> Record:
        """Let `account_id`, with a matter under way, in without a turn: a record, as of `enter`.

        They need no free place, so that whoever paid is not kept out by those who have not.

        Raises:
            RepairFull: the lane's ceiling is reached.
        """
        expires_at = now_s + PASS_LIFE_S
        inside = self._inside(account_id, now_s)
        if inside is not None:
            return Record(Kind.INSIDE, inside.lane, inside.number, account_id, expires_at)
        if self.repairs.is_reached:
            raise RepairFull(retry_after_s=RETRY_S)
        return Record(Kind.REPAIRED, REPAIR_ID, 0, account_id, expires_at)

    def apply(self, records: Iterable[Record], *, restoring: bool = False) -> None:
        """Make true what `records` say; `restoring`: from a log, after a crash."""
        for record in records:
            self._apply(record, restoring=restoring)

    def snapshot(self) -> list[Record]:
        """The records that a new log begins with: they build this room again."""
        found = []
        for lane_id, lane in self.lanes.items():
            window = lane.window
            found += [
                Record(Kind.STARTED, lane_id, window.over),
                *(_of_cell(lane_id, cell) for cell in window.cells()),
                *(Record(Kind.USED, lane_id, first, bits) for first, bits in window.used()),
                *(record for draw in lane.draws for record in records_of(draw)),
                Record(Kind.MARK, lane_id, lane.numbers.mark),
                *(_of_minute(lane_id, minute) for minute in lane.minutes),
            ]
        for account_id, inside in self.inside.items():
            found.append(Record(Kind.INSIDE, inside.lane, inside.number, account_id, inside.expires_at))
        return found

    def _call(self, lanes: list[Lane], demands: list[Demand], now_s: float, elapsed_s: float) -> list[Record]:
        calls = []
        for lane, demand in zip(lanes, demands, strict=True):
            count = lane.to_call(demand.granted, elapsed_s, window_s=self.rules.window_s)
            if count:
                upto, at_ms = lane.window.serving + count, round(lane.window.open_s * 1000)
                calls.append(Record(Kind.CALLED, lane.rule.id, upto, at_ms, round(now_s * 1000)))
        return calls

    def _end_passes(self, now_s: float) -> list[Record]:
        ended = []
        for account_id, inside in self.inside.items():
            if inside.expires_at > now_s:
                break
            ended.append(Record(Kind.LEFT, inside.lane, 0, account_id, inside.expires_at))
        return ended

    def _inside(self, account_id: AccountId, now_s: int) -> Inside | None:
        """The pass that an account has now."""
        inside = self.inside.get(account_id)
        return inside if inside is not None and inside.expires_at > now_s else None

    def _apply(self, record: Record, *, restoring: bool) -> None:
        kind, lane_id, a, b, c = record
        if kind is Kind.LEFT:
            inside = self.inside.get(AccountId(b))
            if inside is not None and inside.expires_at <= c:  # not renewed meanwhile
                del self.inside[AccountId(b)]
        elif kind is Kind.INSIDE or kind is Kind.REPAIRED:
            self._let_in(AccountId(b), Inside(lane_id, a, c))
            if kind is Kind.REPAIRED and not restoring:
                self.repairs.take()
                self._door.enter()
        elif kind is not Kind.BEGUN:
            if lane_id not in self.lanes:  # an operator has taken it out of the rules: it calls nobody
                self.lanes[lane_id] = Lane(_left_out(lane_id), self._door)
            _apply_to(self.lanes[lane_id], record, restoring=restoring)
            if kind is Kind.ENTERED:
                self._let_in(AccountId(b), Inside(lane_id, a, c))

    def _let_in(self, account_id: AccountId, inside: Inside) -> None:
        """The newest stands last, so that the oldest are found first."""
        self.inside.pop(account_id, None)
        self.inside[account_id] = inside


def _left_out(lane_id: int) -> LaneRule:
    return LaneRule(id=lane_id, name=f"lane-{lane_id}", kind=LaneKind.GROUP, title=f"{lane_id}")


def _of_minute(lane_id: int, minute: Minute) -> Record:
    kind = Kind.STOOD if minute.was_open else Kind.RESTED
    return Record(kind, lane_id, minute.issued, minute.serving, minute.at_s)


def _of_cell(lane_id: int, cell: Cell) -> Record:
    return Record(Kind.CELL, lane_id, cell.upto, round(cell.open_s * 1000), cell.entered)


def _apply_to(lane: Lane, record: Record, *, restoring: bool) -> None:
    _, _, a, b, c = record
    match record.kind:
        case Kind.MARK if restoring:
            lane.numbers.restored(a)
        case Kind.MARK:
            lane.numbers.kept(a)
        case Kind.STARTED:
            lane.window.start_at(a)
        case Kind.CALLED:
            lane.call(a, open_s=b / 1000)
        case Kind.CELL:
            lane.window.restore_cell(a, open_s=b / 1000, entered=c)
        case Kind.USED:
            lane.window.restore_used(a, b)
        case Kind.ENTERED:
            lane.entered_with(a, restoring=restoring)
        case Kind.STOOD | Kind.RESTED:
            lane.minutes.keep(Minute(c, a, b, record.kind is Kind.STOOD))
        case Kind.ANNOUNCED | Kind.CUT | Kind.DRAWN | Kind.DROPPED:
            apply_draw(lane.draws, record)
        case _:
            pass
