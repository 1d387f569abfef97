"""Three days before a deadline with millions of people: the room's own scheduler under a clock of our own.

The same people come under three rules: one queue for all, two halves that lend each other nothing, and the
room as it is. Beside them an oracle that knows who will come is told apart: what it serves in time, giving
the others their floor only, is what could be done at all.
"""

from __future__ import annotations

import math
import random
import statistics
from array import array
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any, Final

from bubuh.core.errors import Refusal
from bubuh.waitingroom.estimate import SPREAD, SPREAD_S, arrival
from bubuh.waitingroom.lanes import LaneKind, LaneRule, RoomRules
from bubuh.waitingroom.presence import step_of
from bubuh.waitingroom.refusals import NotYet
from bubuh.waitingroom.room import Room

RETAIL: Final = 3
DEADLINE: Final = 9
DAYS: Final = 3
FLOOR: Final = 0.1
GOAL: Final = 0.95  #: of what is feasible, in time

_BEGIN_S: Final = 1_795_305_600  # midnight
_DAY_S: Final = 86_400
_END_S: Final = DAYS * _DAY_S
_SLOTS: Final = 10_000_000
_BUCKET_S: Final = 1_800
_MANY: Final = 50.0
_COARSE_S: Final = 3  #: between the calls of the rules that ours is held against
_SAMPLE_EVERY: Final = 400
_TELL_S: Final = 60  #: between two words of a device that may tell that it waits …
_TELL_FAR_S: Final = 300  #: … and of one that is called later than in _NEAR_S
_NEAR_S: Final = 400
_SHORTEST_S: Final = 120.0  #: waits that an error is told of in parts of

Says = Callable[[float, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Who comes."""

    people: int = 4_000_000
    in_deadline: float = 0.45  #: the part that stands in the deadline's lane
    false: float = 0.0  #: of these, who only say that they are eligible
    junk: float = 0.2  #: turns that nobody will use
    patience_s: float = 6 * 3600.0  #: mean; after that people give up
    capacity: float = 0.8  #: people who can be served in three days, as a part of those who want to be


@dataclass(slots=True)
class Tally:
    """What became of one lane."""

    served: list[int] = field(default_factory=lambda: [0] * (_END_S // _BUCKET_S + 1))
    waiting: list[int] = field(default_factory=lambda: [0] * (_END_S // _BUCKET_S + 1))
    in_time: int = 0
    eligible_in_time: int = 0
    leanest: float = 1.0  #: the least part of the pace that came in, in half an hour with a queue throughout

    def facts(self) -> dict[str, Any]:
        """For the report."""
        return {
            "served": sum(self.served),
            "in_time": self.in_time,
            "eligible_in_time": self.eligible_in_time,
            "leanest_share": math.floor(self.leanest * 10_000) / 10_000,
            "served_by_half_hour": self.served,
            "waiting_by_half_hour": self.waiting,
        }


def arrivals(crowd: Crowd, seed: int) -> dict[int, array[int]]:
    """For each lane how many join in each second: by day and night, and ever more towards the deadline."""
    rng = random.Random(seed)
    wanted = {RETAIL: 1 - crowd.in_deadline, DEADLINE: crowd.in_deadline}
    found = {}
    for lane, part in wanted.items():
        weights = [_weight(lane, minute * 60) for minute in range(_END_S // 60)]
        unit = crowd.people * part / sum(weights) / 60
        found[lane] = array("I", (_about(rng, unit * weight) for weight in weights for _ in range(60)))
    return found


def simulate(crowd: Crowd, *, seed: int, says: Says = lambda _share, _words: None) -> dict[str, Any]:
    """All rules over the same crowd; shares, ETA errors and what was feasible."""
    joins = arrivals(crowd, seed)
    wanting = crowd.people * (1 - crowd.junk)
    per_s = wanting * crowd.capacity / _END_S
    report: dict[str, Any] = {"seed": seed, "per_s": round(per_s, 2), "people": sum(map(sum, joins.values()))}
    feasible, eligible = _oracle(crowd, joins, per_s, random.Random(seed + 1))
    alone = {DEADLINE: array("I", (_part(random.Random(seed + 3), joins[DEADLINE], 1 - crowd.false)))}
    eligible_alone, _ = _oracle(crowd, alone, per_s, random.Random(seed + 4))
    for at, (name, rules) in enumerate(_rules(per_s).items()):
        says(at / 4 + 0.1, name)
        run = _Run(crowd, joins, rules, random.Random(seed + 2))
        report[name] = run.go(step_s=1 if name == "ours" else _COARSE_S)
    ours = report["ours"]
    report["feasible_in_time"] = feasible
    report["of_feasible"] = {
        name: round(report[name][str(DEADLINE)]["in_time"] / feasible, 4) for name in _rules(per_s)
    }
    report["eligible_feasible"], report["eligible_feasible_alone"] = eligible, eligible_alone
    in_time = ours[str(DEADLINE)]["eligible_in_time"]
    report["eligible_of_feasible"] = round(in_time / max(1, eligible), 4)
    report["eligible_of_feasible_alone"] = round(in_time / max(1, eligible_alone), 4)
    report["retail_leanest_share"] = ours[str(RETAIL)]["leanest_share"]
    reached = min(report["of_feasible"]["ours"], report["eligible_of_feasible"]) >= GOAL
    report["reached"] = bool(reached and report["retail_leanest_share"] >= FLOOR)
    return report


def _rules(per_s: float) -> Mapping[str, RoomRules]:
    end_s = _BEGIN_S + _END_S
    retail = LaneRule(id=RETAIL, name="umum", kind=LaneKind.RETAIL, title="Umum", floor=FLOOR)
    deadline = LaneRule(id=DEADLINE, name="tenggat", kind=LaneKind.GROUP, title="Tenggat")
    halves = tuple(
        LaneRule(id=one.id, name=one.name, kind=one.kind, title=one.title, floor=0.5, ceiling=0.5)
        for one in (retail, deadline)
    )
    paced = LaneRule(id=DEADLINE, name="tenggat", kind=LaneKind.DEADLINE, title="Tenggat", deadline_at=end_s)
    common = {"per_s": per_s, "slots": _SLOTS, "safety_s": 60}
    return {
        "fifo": RoomRules(lanes=(retail,), **common),  # type: ignore[arg-type]
        "halves": RoomRules(lanes=halves, **common),  # type: ignore[arg-type]
        "ours": RoomRules(lanes=(retail, paced), **common),  # type: ignore[arg-type]
    }


def _weight(lane: int, second: int) -> float:
    """How busy a lane is, relative to its other hours."""
    hour = second % _DAY_S / 3600
    by_day = 0.25 + max(0.0, math.sin((hour - 5) / 18 * math.pi)) if hour >= 5 else 0.15
    if lane == RETAIL:
        return by_day
    left_h = (_END_S - second) / 3600
    return by_day * (0.15 + 2.5 * math.exp(-left_h / 10))


def _about(rng: random.Random, mean: float) -> int:
    """How many of those who come independently come at once. Source: Knuth, TAOCP 2, 3.4.1."""
    if mean > _MANY:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    least, product, count = math.exp(-mean), rng.random(), 0
    while product > least:
        product *= rng.random()
        count += 1
    return count


def _part(rng: random.Random, counts: array[int], part: float) -> list[int]:
    """Of those who join in each second, so many as are of a `part` of them."""
    return list(counts) if part >= 1 else [sum(rng.random() < part for _ in range(n)) for n in counts]


def _oracle(
    crowd: Crowd, joins: Mapping[int, array[int]], per_s: float, rng: random.Random
) -> tuple[int, int]:
    """How many of the deadline's lane are served in time by who knows which of them will come; and how many
    of these are eligible, which it does not know either.
    """
    queue: deque[list[int]] = deque()  # [second of joining, how many]
    served, eligible, credit = 0, 0, 0.0
    for second, count in enumerate(joins[DEADLINE]):
        if count:
            queue.append([second, count])
        credit += per_s * (1 - FLOOR)
        while queue and credit >= 1:
            joined, left = queue[0]
            comes = (1 - crowd.junk) * math.exp((joined - second) / crowd.patience_s)
            if rng.random() < comes:
                served, credit = served + 1, credit - 1
                eligible += crowd.false == 0 or rng.random() >= crowd.false
            if left == 1:
                queue.popleft()
            else:
                queue[0][1] = left - 1
        if not queue:
            credit = min(credit, per_s)
    return served, eligible


class _Run:
    """One rule over the crowd."""

    def __init__(
        self, crowd: Crowd, joins: Mapping[int, array[int]], rules: RoomRules, rng: random.Random
    ) -> None:
        self._crowd, self._joins, self._rng = crowd, joins, rng
        self._room = Room(rules)
        self._two = len(rules.lanes) > 1
        self._joined = {lane: array("I", [0]) for lane in self._room.lanes}  # number to second
        self._wants = {
            lane: bytearray(1) for lane in self._room.lanes
        }  # number to who: 1 deadline, 2 eligible
        self._coming: list[list[tuple[int, int]]] = [[] for _ in range(32)]  # by second
        self._tallies = {RETAIL: Tally(), DEADLINE: Tally()}
        self._told: dict[int, deque[tuple[int, float]]] = {lane: deque() for lane in self._room.lanes}
        self._errors: list[float] = []
        self._late = 0
        self._stays = array("d", (math.exp(-s / crowd.patience_s) for s in range(_END_S + 1)))
        self._leaves: dict[tuple[int, int], float] = {}  # the second in which whoever tells goes home
        #: Of the last half hour, since the lane has had a queue.
        self._entered: dict[int, deque[int]] = {lane: deque() for lane in self._room.lanes}

    def go(self, *, step_s: int) -> dict[str, Any]:
        """All three days, people called every `step_s`."""
        for second in range(0, _END_S, step_s):
            for lane, counts in self._joins.items():
                self._join(lane, sum(counts[second : second + step_s]), second)
            if step_s == 1 and second % _TELL_S == 0:
                self._tell(second)
            self._call(second, step_s)
            for due in range(second, second + step_s):
                self._enter(due)
            self._look(second, step_s)
        errors = sorted(self._errors)
        told = {str(lane): tally.facts() for lane, tally in self._tallies.items()}
        return told | {
            "eta_samples": len(errors),
            "eta_error_p50": round(statistics.median(errors), 3) if errors else None,
            "eta_kept": round(1 - self._late / max(1, len(errors)), 3),
        }

    def _join(self, who: int, count: int, second: int) -> None:
        lane_id = who if self._two else RETAIL
        lane, rng = self._room.lanes[lane_id], self._rng
        while lane.numbers.mark < lane.numbers.issued + count:
            mark = lane.numbers.wanted_mark()
            assert mark is not None, "marks are kept at once here"
            lane.numbers.kept(mark)
        if not count:
            return
        last, false = lane.numbers.take_many(count), self._crowd.false
        self._joined[lane_id].extend(repeat(second, count))
        if who == RETAIL or false == 0:
            self._wants[lane_id] += bytes((0 if who == RETAIL else 2,)) * count
        else:
            self._wants[lane_id] += bytes(1 if rng.random() < false else 2 for _ in range(count))
        for number in range(last - last % _SAMPLE_EVERY, last - count, -_SAMPLE_EVERY):
            if lane.pace > 0:
                found = arrival(number - lane.window.serving, lane.pace)
                assert found is not None
                self._told[lane_id].append((number, found.likely_s))

    def _tell(self, second: int) -> None:
        """Devices say that they wait, those of turns that nobody will use among them."""
        for lane_id, lane in self._room.lanes.items():
            serving, upto, step = lane.window.serving, lane.numbers.issued, step_of(lane.waiting)
            if second % _TELL_FAR_S:
                upto = min(upto, serving + int(_NEAR_S * lane.pace))
            for number in range(serving // step * step + step, upto + 1, step):
                at = (lane_id, number)
                if at not in self._leaves:
                    joined = self._joined[lane_id][number]
                    self._leaves[at] = joined + self._rng.expovariate(1 / self._crowd.patience_s)
                if second < self._leaves[at]:
                    self._room.hear(lane_id, number)

    def _call(self, second: int, step_s: int) -> None:
        before = {lane_id: lane.window.serving for lane_id, lane in self._room.lanes.items()}
        self._room.apply(self._room.tick(_BEGIN_S + second, float(step_s)))
        draw, comes, stays = self._rng.random, 1 - self._crowd.junk, self._stays
        for lane_id, lane in self._room.lanes.items():
            joined = self._joined[lane_id]
            for number in range(before[lane_id] + 1, lane.window.serving + 1):
                if draw() < comes * stays[second - joined[number]]:
                    self._coming[(second + 3 + int(12 * draw())) % 32].append((lane_id, number))
            self._judge_estimates(lane_id, second)

    def _judge_estimates(self, lane_id: int, second: int) -> None:
        told, window = self._told[lane_id], self._room.lanes[lane_id].window
        while told and told[0][0] <= window.serving:
            number, likely_s = told.popleft()
            took_s = second - self._joined[lane_id][number]
            if took_s >= _SHORTEST_S:
                self._errors.append(abs(likely_s - took_s) / took_s)
                self._late += took_s > likely_s * SPREAD + SPREAD_S

    def _enter(self, second: int) -> None:
        due, self._coming[second % 32] = self._coming[second % 32], []
        for lane_id, number in due:
            lane = self._room.lanes[lane_id]
            try:
                lane.enter(number)
            except NotYet:
                self._coming[(second + 8) % 32].append((lane_id, number))
                continue
            except Refusal:
                continue  # its windows are over
            lane.entered_with(number, restoring=False)
            kind = self._wants[lane_id][number]
            tally = self._tallies[DEADLINE if kind else RETAIL]
            tally.served[second // _BUCKET_S] += 1
            tally.in_time += 1
            tally.eligible_in_time += kind == 2

    def _look(self, second: int, step_s: int) -> None:
        """What each lane had of the half hour that ends now, whichever second that is."""
        for lane_id, lane in self._room.lanes.items():
            tally, entered = self._tallies[lane_id], self._entered[lane_id]
            if (second + step_s) % _BUCKET_S == 0:
                tally.waiting[second // _BUCKET_S] = lane.waiting
            if not lane.waiting:
                entered.clear()
                continue
            entered.append(lane.entered)
            if len(entered) * step_s > _BUCKET_S:
                came = lane.entered - entered.popleft()
                tally.leanest = min(tally.leanest, came / (self._room.rules.per_s * _BUCKET_S))
