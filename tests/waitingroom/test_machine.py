"""Any interleaving of joins, ticks, entries and crashes: called in order, no number or entry twice."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bubuh.core.errors import Refusal
from bubuh.core.ids import AccountId
from bubuh.gate.now import compose
from bubuh.waitingroom.allocator import AHEAD, NumbersNotKept
from bubuh.waitingroom.estimate import SPREAD
from bubuh.waitingroom.lanes import REPAIR_ID, LaneKind
from bubuh.waitingroom.presence import step_of
from bubuh.waitingroom.records import Kind, Record, decode
from bubuh.waitingroom.refusals import LaneUnknown, NotYet, RepairFull, TurnForeign, TurnOver, TurnUsed
from bubuh.waitingroom.room import RETRY_S, Room
from bubuh.waitingroom.turn import bind_of
from tests.waitingroom.make import ALICE, BOB, NOW_S, TENGGAT, UMUM, deadline_lane, lane, room, rules, turn

STAMP = 2
RULES = rules(
    lane(floor=0.1),
    deadline_lane(),
    lane(id=STAMP, name="bubuhkan", kind=LaneKind.STAMP),
    per_s=6.0,
    window_s=12,
    slots=40,
)
LANES = (UMUM, TENGGAT, STAMP)
BUYING = (UMUM, TENGGAT)


class Crashes(RuleBasedStateMachine):
    """A room, its log, and what people have been told."""

    def __init__(self) -> None:
        super().__init__()
        self.room, self.log = Room(RULES), list[Record]()
        self.unkept: list[Record] = []  # decided, and not on the disk yet
        self.pending_marks: list[Record] = []
        self.now_s = float(NOW_S)
        self.told: dict[int, list[int]] = {lane_id: [] for lane_id in LANES}  # numbers people hold
        self.seen_serving = dict.fromkeys(LANES, 0)  # what was published
        self.let_in: dict[tuple[int, int], AccountId] = {}  # whoever has been given a pass
        self.accounts = 100
        self.repaired, self.repairable = 0, 0.0  # let in by the repair lane, and its share of the pace so far

    @rule(lane_id=st.sampled_from(LANES), count=st.integers(1, 40))
    def join(self, lane_id: int, count: int) -> None:
        for _ in range(count):
            try:
                number = self.room.join(lane_id)
            except NumbersNotKept:
                return
            assert not self.told[lane_id] or number > self.told[lane_id][-1]
            self.told[lane_id].append(number)

    @rule()
    def ask_for_marks(self) -> None:
        self.pending_marks += self.room.wanted_marks()

    @rule()
    def keep_marks(self) -> None:
        self.log += self.pending_marks
        self.room.apply(self.pending_marks)
        self.pending_marks.clear()

    @rule(
        elapsed_s=st.floats(0.5, 3),
        is_open=st.booleans(),
        dies=st.booleans(),
        buys=st.sampled_from([1.0, 1.0, 0.4, 0.0]),
    )
    def tick(self, elapsed_s: float, is_open: bool, dies: bool, buys: float) -> None:  # noqa: FBT001
        self.now_s += elapsed_s
        self.repairable += RULES.repair_ceiling * RULES.per_s * elapsed_s
        windows = {lane_id: self.room.lanes[lane_id].window.open_s for lane_id in BUYING}
        records = self.room.tick(self.now_s, elapsed_s, is_open=is_open, buys=buys)
        if buys == 0:
            assert not [one for one in records if one.kind is Kind.CALLED and one.lane in BUYING]
            assert windows == {lane_id: self.room.lanes[lane_id].window.open_s for lane_id in BUYING}
        self.keep()
        self.log += records  # kept …
        if dies:
            self.crash(kept=0.0)
            return
        self.room.apply(records)  # … then true …
        for lane_id in LANES:  # … then published
            assert self.room.lanes[lane_id].window.serving >= self.seen_serving[lane_id]
            self.seen_serving[lane_id] = self.room.lanes[lane_id].window.serving

    @precondition(lambda self: any(self.told.values()))
    @rule(data=st.data(), same=st.booleans())
    def enter(self, data: st.DataObject, same: bool) -> None:  # noqa: FBT001
        lane_id = data.draw(st.sampled_from([one for one in LANES if self.told[one]]))
        number = data.draw(st.sampled_from(self.told[lane_id]))
        before = self.let_in.get((lane_id, number))
        self.accounts += 1
        account_id = before if before is not None and same else AccountId(self.accounts)
        window = self.room.lanes[lane_id].window
        try:
            record = self.room.enter(turn(lane=lane_id, number=number), account_id, now_s=int(self.now_s))
        except NotYet as refusal:
            ahead = refusal.details["ahead"]
            assert (number <= window.serving) is (ahead == 0)
            return
        except (TurnOver, TurnUsed):
            assert number <= window.serving
            return
        self.room.apply([record])
        self.unkept.append(record)
        if record.kind is Kind.ENTERED:
            assert not self.room.lanes[lane_id].rests
            assert number <= window.serving
            assert before is None, "a number that was let in came in again"

    @precondition(lambda self: any(self.told.values()))
    @rule(data=st.data())
    def say_that_one_waits(self, data: st.DataObject) -> None:
        """Anybody may, of any number; it changes nothing of what must hold."""
        lane_id = data.draw(st.sampled_from([one for one in LANES if self.told[one]]))
        for number in data.draw(st.lists(st.sampled_from(self.told[lane_id]), max_size=40)):
            lane_now = self.room.lanes[lane_id]
            may = number > lane_now.window.serving and number % step_of(lane_now.waiting) == 0
            assert self.room.hear(lane_id, number) is may

    @rule(minutes=st.integers(1, 8))
    def fall_silent(self, minutes: int) -> None:
        """All but one of the stamp lane; nobody is called meanwhile."""
        for _ in range(30 * minutes):
            self.now_s += 2.0
            self.repairable += RULES.repair_ceiling * RULES.per_s * 2.0
            records = self.room.tick(self.now_s, 2.0, is_open=False)
            self.keep()
            self.log += records
            self.room.apply(records)
            self.room.hear(STAMP, self.room.lanes[STAMP].numbers.issued)

    @rule()
    def repair(self) -> None:
        self.accounts += 1
        try:
            record = self.room.repair(AccountId(self.accounts), now_s=int(self.now_s))
        except RepairFull:
            assert self.room.repairs.left < 1
            return
        self.room.apply([record])
        self.unkept.append(record)
        self.repaired += 1

    @rule()
    def keep(self) -> None:
        """The group commit: what is on the disk is answered."""
        self.log += self.unkept
        for record in self.unkept:
            if record.kind is Kind.ENTERED:
                assert (record.lane, record.a) not in self.let_in
                self.let_in[record.lane, record.a] = AccountId(record.b)
        self.unkept.clear()

    @rule(kept=st.floats(0, 1))
    def crash(self, kept: float) -> None:
        """The power fails: a part of what was on its way has reached the disk, the last of it torn."""
        survived = self.unkept[: int(kept * len(self.unkept))]
        raw = b"".join(record.encode() for record in self.log + survived) + b"\x05torn"
        self.log = list(decode(raw))
        for record in survived:
            if record.kind is Kind.ENTERED:
                self.let_in[record.lane, record.a] = AccountId(record.b)
        self.unkept.clear()
        self.pending_marks.clear()
        before, self.room = self.room, Room(RULES)
        self.room.apply(self.log, restoring=True)
        for lane_id in LANES:
            lane_now = self.room.lanes[lane_id]
            assert lane_now.window.serving >= self.seen_serving[lane_id]
            assert lane_now.numbers.issued >= max(self.told[lane_id], default=0)
            assert lane_now.numbers.issued <= before.lanes[lane_id].numbers.issued + AHEAD

    @rule()
    def begin_a_new_log(self) -> None:
        self.keep()
        self.log = self.room.snapshot()
        self.room = Room(RULES)
        self.room.apply(self.log, restoring=True)

    @invariant()
    def nobody_beyond_those_who_joined_is_called(self) -> None:
        for lane_id in LANES:
            lane_now = self.room.lanes[lane_id]
            assert lane_now.window.over <= lane_now.window.floor <= lane_now.window.serving
            assert lane_now.window.serving <= lane_now.numbers.issued
        by_turn = [one for one in self.room.inside.values() if one.lane != REPAIR_ID]
        assert len(by_turn) <= RULES.slots

    @invariant()
    def the_repair_lane_stays_below_its_ceiling(self) -> None:
        assert self.repaired <= self.repairable + 1e-6


Crashes.TestCase.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
TestCrashes = Crashes.TestCase


def pass_time(made: Room, seconds: int, *, now_s: int = NOW_S) -> None:
    for second in range(seconds):
        made.apply(made.tick(now_s + second, 1.0))


def test_people_are_let_in_at_the_operators_pace_whatever_part_of_them_comes() -> None:
    for show in (1.0, 0.5, 0.1):
        made, seed = room(per_s=10.0, window_s=60), random.Random(5)
        came, served, account = [], 0, 0
        for second in range(900):
            made.apply(made.wanted_marks())
            for _ in range(int(14 / show)):
                made.join(UMUM)
            before = made.lanes[UMUM].window.serving
            made.apply(made.tick(NOW_S + second, 1.0))
            called = range(before + 1, made.lanes[UMUM].window.serving + 1)
            came += [(second + seed.randint(1, 15), number) for number in called if seed.random() < show]
            due = [number for at, number in came if at <= second]
            came = [(at, number) for at, number in came if at > second]
            for number in due:
                account += 1
                try:
                    made.apply([made.enter(turn(number=number), AccountId(account), now_s=NOW_S + second)])
                    served += second >= 300
                except NotYet:
                    came.append((second + 8, number))
        assert 0.9 <= served / 6000 <= 1.05, (show, served)


def test_those_behind_thousands_who_went_home_come_in_at_the_pace_and_none_is_late() -> None:
    gone, stay, per_s = 6000, 300, 2.0
    made, seed = room(per_s=per_s, window_s=30), random.Random(7)
    for _ in range(gone + stay):
        made.apply(made.wanted_marks())
        made.join(UMUM)
    due: list[tuple[int, int]] = []
    entered: list[int] = []
    for second in range(900):
        before = made.lanes[UMUM].window.serving
        made.apply(made.tick(NOW_S + second, 1.0))
        called = range(max(gone, before) + 1, made.lanes[UMUM].window.serving + 1)
        due += [(second + seed.randint(1, 15), number) for number in called]
        now, due = [one for one in due if one[0] <= second], [one for one in due if one[0] > second]
        for _, number in now:
            try:
                made.apply([made.enter(turn(number=number), AccountId(number), now_s=NOW_S + second)])
                entered.append(second)
            except NotYet:
                due.append((second + RETRY_S, number))
    assert len(entered) == stay
    ten_s = [sum(first <= second < first + 10 for second in entered) for first in range(900)]
    assert max(ten_s) <= 1.25 * 10 * per_s + 3 * per_s


def test_while_nobody_can_pay_those_go_on_who_only_stamp() -> None:
    made = room(lane(), lane(id=STAMP, name="bubuhkan", kind=LaneKind.STAMP), per_s=10.0)
    for _ in range(3000):
        for lane_id in (UMUM, STAMP):
            made.join(lane_id)
    pass_time(made, 5)
    retail, stamp = made.lanes[UMUM], made.lanes[STAMP]
    called, stamped, open_s = retail.window.serving, stamp.window.serving, retail.window.open_s
    assert called > 0
    for second in range(25):
        made.apply(made.tick(NOW_S + 5 + second, 1.0, buys=0.0))
    assert (retail.window.serving, retail.window.open_s, retail.told_pace) == (called, open_s, 0.0)
    assert stamp.window.serving - stamped > 300, "what the others do not get is theirs"
    with pytest.raises(NotYet):
        made.enter(turn(number=1), ALICE, now_s=NOW_S + 30)
    assert made.enter(turn(lane=STAMP, number=stamp.window.serving), BOB, now_s=NOW_S + 30)
    made.apply(made.tick(NOW_S + 31, 1.0))
    assert made.enter(turn(number=1), ALICE, now_s=NOW_S + 31).kind is Kind.ENTERED, "its turn is still good"


def test_what_can_be_reached_is_reckoned_at_the_pace_that_is_on() -> None:
    made = room(lane(), per_s=10.0)
    for _ in range(300):
        made.apply(made.tick(NOW_S, 1.0, health=0.5, buys=0.5))
    assert made.buying_per_s == pytest.approx(2.5, rel=0.05)
    slow = made.buying_per_s
    for _ in range(600):
        made.apply(made.tick(NOW_S, 1.0, buys=0.0))
    assert made.buying_per_s == slow, "when it goes on nobody knows"
    made.follow(rules(lane(), per_s=20.0))
    assert made.buying_per_s == 2 * slow
    for _ in range(600):
        made.apply(made.tick(NOW_S, 1.0))
    assert made.buying_per_s == pytest.approx(20.0, rel=0.01)


@pytest.mark.parametrize(("per_s", "seconds"), [(0.002, 43_200), (0.03, 14_400), (1.0, 1_800)])
def test_the_pace_that_is_told_is_the_true_one_also_of_a_lane_that_seldom_calls(
    per_s: float, seconds: int
) -> None:
    """Everybody who is called comes; the last is told a time within which nine of ten are called."""
    made, told, due = room(per_s=per_s, slots=100_000), list[float](), list[int]()
    one = made.lanes[UMUM]
    for _ in range(int(seconds * per_s) + 200):
        made.apply(made.wanted_marks())
        made.join(UMUM)
    for second in range(0, seconds, 5):
        before = one.window.serving
        made.apply(made.tick(NOW_S + second, 5.0))
        due, coming = [], [*due, *range(before + 1, one.window.serving + 1)]
        for number in coming:
            try:
                made.apply([made.enter(turn(number=number), AccountId(number), now_s=NOW_S + second)])
            except NotYet:
                due.append(number)
        if second >= seconds / 6:
            said = json.loads(compose(made, now_s=NOW_S + second, is_open=True))
            told.append(said["lanes"]["umum"][3])
    assert min(told) >= per_s / SPREAD
    assert max(told) <= per_s * SPREAD
    resting = made.lanes[UMUM].pace
    made.apply(made.tick(NOW_S + seconds, 5.0, buys=0.0))
    assert (one.told_pace, one.pace) == (0.0, resting), "while it rests nobody knows, and nothing is learnt"


def test_an_outage_ends_no_window() -> None:
    made = room()
    made.join(UMUM)
    pass_time(made, 2)
    for second in range(1800):
        made.apply(made.tick(NOW_S + 10 + second, 1.0, is_open=False))
    assert made.enter(turn(number=1), ALICE, now_s=NOW_S + 2000).kind is Kind.ENTERED


def test_a_full_house_ends_no_window_and_lets_nobody_in() -> None:
    made = room(slots=1)
    for _ in range(2):
        made.join(UMUM)
    pass_time(made, 2)
    made.apply([made.enter(turn(number=1), ALICE, now_s=NOW_S)])
    pass_time(made, 500, now_s=NOW_S + 2)
    with pytest.raises(NotYet):
        made.enter(turn(number=2), BOB, now_s=NOW_S + 500)
    pass_time(made, 30, now_s=NOW_S + 900)  # the pass of the first has ended by now
    assert made.enter(turn(number=2), BOB, now_s=NOW_S + 930).kind is Kind.ENTERED


def test_entering_again_gives_the_same_pass_and_uses_no_other_turn() -> None:
    made = room()
    for _ in range(2):
        made.join(UMUM)
    pass_time(made, 2)
    made.apply([made.enter(turn(number=1), ALICE, now_s=NOW_S)])
    again = made.enter(turn(number=2), ALICE, now_s=NOW_S + 5)
    assert (again.kind, again.a) == (Kind.INSIDE, 1)
    assert not made.lanes[UMUM].window.is_used(2)
    with pytest.raises(TurnUsed):
        made.enter(turn(number=1), BOB, now_s=NOW_S + 5)


def test_who_comes_back_needs_no_free_place_and_is_counted_with_all_others() -> None:
    made = room(lane(), per_s=10.0, slots=1)
    for _ in range(200):
        made.join(UMUM)
    pass_time(made, 1)
    made.apply([made.enter(turn(number=1), ALICE, now_s=NOW_S)])
    made.apply([made.repair(BOB, now_s=NOW_S)])
    assert set(made.inside) == {ALICE, BOB}
    with pytest.raises(NotYet):
        made.enter(turn(number=2), AccountId(9), now_s=NOW_S)


def test_those_who_come_back_are_part_of_the_pace() -> None:
    quiet, busy = room(per_s=10.0), room(per_s=10.0)
    for made in (quiet, busy):
        for _ in range(3000):
            made.join(UMUM)
        pass_time(made, 5)
    for second in range(10):
        for back in range(2):
            busy.apply([busy.repair(AccountId(10_000 + 2 * second + back), now_s=NOW_S + 5 + second)])
        for made in (quiet, busy):
            made.apply(made.tick(NOW_S + 5 + second, 1.0))
    fewer = quiet.lanes[UMUM].window.serving - busy.lanes[UMUM].window.serving
    assert fewer > 10, "what the repair lane lets in the others do not get"


def test_turns_of_others_and_of_no_lane_are_refused() -> None:
    made = room()
    made.join(UMUM)
    pass_time(made, 2)
    with pytest.raises(TurnForeign):
        made.enter(turn(number=1, bind=bind_of(BOB)), ALICE, now_s=NOW_S)
    refusal: Refusal
    for lane_id in (8, 63):
        with pytest.raises(LaneUnknown) as caught:
            made.enter(turn(lane=lane_id, number=1), ALICE, now_s=NOW_S)
        refusal = caught.value
        assert refusal.code == "lane_unknown"


def test_nobody_joins_the_repair_lane() -> None:
    made = room(lane(id=1, name="perbaikan", kind=LaneKind.REPAIR), lane())
    with pytest.raises(LaneUnknown):
        made.join(1)


def test_a_crash_skips_numbers_and_repeats_none() -> None:
    made = Room(rules())
    kept = made.wanted_marks()
    made.apply(kept)
    given = [made.join(UMUM) for _ in range(100)]
    again = Room(rules())
    again.apply(kept, restoring=True)
    again.apply(again.wanted_marks())
    assert again.join(UMUM) == AHEAD + 1 > given[-1]


def test_no_number_is_given_that_is_not_kept() -> None:
    made = Room(rules())
    with pytest.raises(NumbersNotKept):
        made.join(UMUM)
    made.apply(made.wanted_marks())
    assert made.wanted_marks() == []
    assert [made.join(UMUM) for _ in range(AHEAD)] == list(range(1, AHEAD + 1))
    with pytest.raises(NumbersNotKept):
        made.join(UMUM)
