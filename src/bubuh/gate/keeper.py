"""The room in a process: what it decides is kept before anybody is told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bubuh.core.ids import AccountId
from bubuh.gate.log import Log
from bubuh.gate.metrics import tell
from bubuh.gate.now import compose, parts_of, sign
from bubuh.gate.why import why_of
from bubuh.waitingroom.keyring import KeyRing
from bubuh.waitingroom.lanes import RoomRules
from bubuh.waitingroom.passes import Pass, give
from bubuh.waitingroom.proof import Shown
from bubuh.waitingroom.records import Kind, Record
from bubuh.waitingroom.refusals import LaneUnknown
from bubuh.waitingroom.report import Health, Report, worst
from bubuh.waitingroom.room import Room
from bubuh.waitingroom.room_file import RoomFile, Watched, Why, read_room_file
from bubuh.waitingroom.turn import ANYONE, Holder, Turn
from bubuh.waitingroom.work import CHALLENGE_BYTES, Toll

NOW_FILE: Final = "now.json"
_TICK_S: Final = 1.0
_SUBJECT: Final = b"proof"
_HEALTH_LIFE_S: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GateKeys:
    """What the gate marks and signs with."""

    turns: KeyRing
    passes: KeyRing
    now: Ed25519PrivateKey


class Keeper:
    """One room, its log, and the file that everybody reads."""

    def __init__(self, folder: Path, keys: GateKeys, book: Log, room: Room, watched: Watched) -> None:
        """See `open`."""
        self.keys, self.room, self._watched = keys, room, watched
        self._folder, self._log = folder, book
        self.toll = Toll()
        self.look_at_keys: Callable[[], GateKeys] | None = None  #: the rings as of now, once they are rotated
        self.followed: Callable[[RoomRules], None] = lambda _: None  #: told of other rules
        self._reports: dict[str, tuple[float, Report]] = {}  # each good until
        self._was_told = False
        self.health = Health()  #: of the site, as of the last second
        self.now_file = b""

    @classmethod
    def open(cls, folder: Path, keys: GateKeys) -> Self:
        """The room as its log in `folder` has it; its first numbers are kept when this returns."""
        file = read_room_file(folder)
        book, room = Log.open(folder), Room(file.rules)
        room.apply(book.records, restoring=True)
        room.apply(room.wanted_marks())
        book.begin(room.snapshot())
        keeper = cls(folder, keys, book, room, Watched(folder, file))
        keeper._publish(int(time.time()))
        return keeper

    @property
    def file(self) -> RoomFile:
        """What the operator has decided."""
        return self._watched.file

    @property
    def is_open(self) -> bool:
        """Whether people are called: the operator says so, or a web process has buying queue by itself."""
        return self.file.is_open or any(report.health.queues for _, report in self._reports.values())

    @property
    def why(self) -> Why | None:
        """Why it is slow: what the operator says, or else what the site tells of itself."""
        if self.file.why or not self.is_open:
            return self.file.why
        return why_of(self.health)

    def join(self, lane_id: int, *, bind: int, now_s: int, holder: Holder = Holder.ACCOUNT) -> Turn:
        """A new turn at the end of a lane; raises `LaneUnknown`, `NumbersNotKept`."""
        self.toll.count()
        ring = self.keys.turns
        number = self.room.join(lane_id)
        mark = self.room.lanes[lane_id].numbers.wanted_mark()
        if mark is not None:
            record = Record(Kind.MARK, lane_id, mark)
            self._log.append([record], then=lambda: self.room.apply([record]))
        return Turn(
            lane=lane_id, gen=ring.generation, number=number, issued_at=now_s, bind=bind, holder=holder
        )

    async def enter(self, turn: Turn, account_id: AccountId, *, now_s: int) -> bytes:
        """A pass for `account_id`; raises as `Room.enter` does."""
        return await self._let_in(self.room.enter(turn, account_id, now_s=now_s), account_id)

    async def repair(self, account_id: AccountId, *, now_s: int) -> bytes:
        """A pass for `account_id` without a turn; raises as `Room.repair` does."""
        return await self._let_in(self.room.repair(account_id, now_s=now_s), account_id)

    async def _let_in(self, record: Record, account_id: AccountId) -> bytes:
        """What `record` decides is true at once, so that nobody gets it twice, and told once it is kept."""
        self.room.apply([record])
        await self._log.keep([record])
        ring = self.keys.passes
        return give(
            Pass(
                lane=record.lane,
                gen=ring.generation,
                number=record.a,
                expires_at=record.c,
                account_id=account_id,
            ),
            ring,
        )

    def show(self, turn: Turn, *, deadline_s: int | None) -> Shown:
        """What is known of `turn`, whose holder shows it; raises `LaneUnknown`."""
        lane = self.room.lanes.get(turn.lane)
        if lane is None:
            raise LaneUnknown
        drawn = lane.place(turn.number)
        place = drawn or lane.numbers.issued  # not drawn yet: behind all others at worst
        subject = self.keys.turns.mark(turn.gen, _SUBJECT + turn.lane.to_bytes(1) + turn.number.to_bytes(8))
        assert subject is not None, "the turn was marked with a key of the ring"
        return Shown(
            lane=turn.lane,
            number=turn.number,
            subject=subject.hex(),
            place=drawn,
            issued_at=turn.issued_at,
            holder="" if turn.bind == ANYONE else f"{turn.bind:016x}",
            is_browsers=turn.holder is not Holder.ACCOUNT,
            is_spent=lane.is_spent(turn.number),
            seen=lane.minutes.seen(turn.number, place, deadline_s=deadline_s),
            ahead=None if drawn is None else max(0, drawn - lane.window.serving),
        )

    def hear(self, report: Report, *, now_s: float) -> None:
        """A web process's word: passes in use keep their slots."""
        self._was_told = True
        self._reports[report.process] = (now_s + _HEALTH_LIFE_S, report)
        seen = [
            Record(Kind.INSIDE, one.lane, one.number, one.account_id, one.expires_at) for one in report.seen
        ]
        self.room.apply(seen)
        self._log.append(seen)

    async def run(self, stop: asyncio.Event) -> None:
        """Call people once a second until `stop`."""
        last_s = time.monotonic()
        while not stop.is_set():
            try:
                await asyncio.wait_for(stop.wait(), _TICK_S)
            except TimeoutError:
                now_s = time.monotonic()
                await self.tick(time.time(), now_s - last_s)
                last_s = now_s
        await self._log.close()

    async def tick(self, now_s: float, elapsed_s: float) -> None:
        """Call people, keep that, and only then tell everybody."""
        if self.look_at_keys is not None:
            self.keys = self.look_at_keys()
        if self._watched.look():
            self.room.follow(self.file.rules)
            self.followed(self.file.rules)
        health = self.health = self._present_health(now_s)
        is_open, buys = self.is_open, health.pays * health.sells
        records = self.room.tick(now_s, elapsed_s, is_open=is_open, health=health.able, buys=buys)
        records += self.room.wanted_marks() + self.room.draw(self.file.draw, now_s)
        records += self.room.wanted_minutes(now_s, is_open=is_open)
        await self._log.keep(records)
        self.room.apply(records)
        if self._log.may_begin:
            self._log.begin(self.room.snapshot())
        rules = self.room.rules
        self.toll.tick(now_s, elapsed_s, calm_per_s=rules.calm_per_s, most=rules.most_work)
        self._publish(int(now_s))
        tell(self.room)

    def _publish(self, now_s: int) -> None:
        file = self.file
        said = compose(
            self.room, now_s=now_s, is_open=self.is_open, why=self.why, plan=file.draw, work=self.toll.work
        )
        self.now_file = sign(said, self.keys.now)
        self.toll.ask(parts_of(self.now_file)[1][:CHALLENGE_BYTES], now_s=now_s)
        path = self._folder / "public" / NOW_FILE
        unfinished = path.with_suffix(".unfinished")
        unfinished.write_bytes(self.now_file)
        unfinished.chmod(0o644)
        unfinished.replace(path)

    def _present_health(self, now_s: float) -> Health:
        """Once any process has told, silence means that the site is away: nobody is called into that."""
        self._reports = {name: told for name, told in self._reports.items() if told[0] > now_s}
        if self._was_told and not self._reports:
            return Health(able=0.0)
        return worst(report.health for _, report in self._reports.values())
