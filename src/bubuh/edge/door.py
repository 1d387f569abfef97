"""The door to what is queued for: a pass leads through it while the waiting room is open."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from typing import Final, Protocol

import msgspec
import structlog

from bubuh.core.errors import Fault
from bubuh.core.ids import THE_SERVICE, AccountId
from bubuh.db.pool import Database
from bubuh.history.show import is_under_way
from bubuh.waitingroom.keyring import KeyRing
from bubuh.waitingroom.lanes import REPAIR_ID, Errand, LaneKind, RoomRules
from bubuh.waitingroom.passes import PASS_LIFE_S, Pass, check_pass, give, vouch
from bubuh.waitingroom.possession import challenge
from bubuh.waitingroom.proof import DEADLINE_BYTES, Joined, Shown
from bubuh.waitingroom.refusals import PassNeeded, TurnRefused
from bubuh.waitingroom.report import Health, Report, Seen, show_report
from bubuh.waitingroom.room_file import Now, Watched
from bubuh.waitingroom.turn import Holder, read_bytes, show_bytes

log: Final = structlog.get_logger("bubuh.web")

PASS_HEADER: Final = "Bubuh-Pass"  # noqa: S105 - a name: in requests and answers of programs

_LOOK_S: Final = 1.0
_REPORT_S: Final = 1.0
_MOST_SEEN: Final = 10_000
_LONGEST_CODE: Final = 40  # a longer text is a whole turn


class GateUnreachable(Fault):
    """The gate did not answer; turns and passes stay good."""

    code = "gate_unreachable"
    retry_after_s = 5


class Gate(Protocol):
    """The gate, as the site talks to it. Raises `GateUnreachable`."""

    async def enter(self, body: bytes) -> bytes:
        """The 40 bytes of a pass for a voucher and a turn or its code; raises as `Room.enter` does."""
        ...

    async def repair(self, body: bytes) -> bytes:
        """The 40 bytes of a pass for a voucher that names the repair lane; raises `RepairFull`."""
        ...

    async def join(self, body: bytes) -> bytes:
        """A turn of the reserved lane that a voucher names, as JSON; raises `LaneUnknown`."""
        ...

    async def turn(self, body: bytes) -> bytes:
        """What became of a turn, as JSON, for a voucher, a deadline and the turn or its code.

        Raises `TurnRefused`, `TurnForeign`, `LaneUnknown`.
        """
        ...

    async def report(self, body: bytes) -> None:
        """Tell whose passes were used."""
        ...


class Door:
    """One web process's. It asks nobody: a pass is checked by itself, the operator's file looked at."""

    def __init__(
        self,
        watched: Watched,
        ring: KeyRing,
        gate: Gate,
        *,
        gate_url: str,
        health: Callable[[], Health] = Health,
        rings: Callable[[], KeyRing] | None = None,
    ) -> None:
        """`gate_url`: where people find the waiting page; `rings`: the ring as of now, once it is rotated.

        `health`: how well this process is.
        """
        self._health = health
        self.gate_url = gate_url.rstrip("/")
        self._watched, self._ring, self._gate = watched, ring, gate
        self._rings = rings
        self._looked_s = float("-inf")
        self._used: dict[AccountId, Pass] = {}

    @property
    def queues_buying(self) -> bool:
        """Whether this process asks for passes to buying, be the room open or not."""
        return self._health().queues

    @property
    def is_open(self) -> bool:
        """Whether the operator has people go in by turn now; true or false at most a second late."""
        self._look()
        return self._watched.file.is_open

    @property
    def asks_programs(self) -> bool:
        """Whether programs need passes too where people do: while a lane of partners is open."""
        self._look()
        return any(rule.kind is LaneKind.PARTNER for rule in self._watched.file.rules.lanes)

    async def admit(
        self, db: Database, account_id: AccountId, shown: str | None, *, errand: Errand | None, now_s: int
    ) -> str | None:
        """Let `account_id` go on; the pass to keep from now on when it is another than the `shown` one.

        `errand` is what is queued for here, None: nothing. It takes a pass of a lane that is good for it, or
        that the ledger shows such an errand of the account under way: an order to be paid, a stamp in work.
        Raises `PassNeeded`, `RepairFull`.
        """
        present = self._check(account_id, shown, now_s=now_s)
        if errand is not None and (present is None or errand not in self.rules.errands(present.lane)):
            if not await is_under_way(db, account_id, errand):
                raise PassNeeded
            if present is None:
                return await self._repair(account_id, now_s=now_s)
        renewed = None if present is None else present.renewed(now_s=now_s)
        return None if renewed is None else self._give(renewed)

    async def _repair(self, account_id: AccountId, *, now_s: int) -> str:
        """A pass of the repair lane, of which the gate gives so many a second.

        While no gate answers the site gives it itself: nobody else comes in meanwhile. Raises `RepairFull`.
        """
        try:
            letter = vouch(account_id, self._ring, now_s=now_s, lane=REPAIR_ID)
            return show_bytes(await self._gate.repair(letter))
        except GateUnreachable as fault:
            log.warning("repaired_without_the_gate", reason=str(fault))
        expires_at, gen = now_s + PASS_LIFE_S, self._ring.generation
        return self._give(
            Pass(lane=REPAIR_ID, gen=gen, number=0, expires_at=expires_at, account_id=account_id)
        )

    def _give(self, wanted: Pass) -> str:
        """The pass, of which the gate is told with the next report."""
        self._used[wanted.account_id] = wanted
        return show_bytes(give(wanted, self._ring))

    def challenge(self, account_id: AccountId, number: str, *, now_s: int) -> str | None:
        """Where the gate has the browser show that `number` is its own; None: that is not asked of it."""
        try:
            holder = read_bytes(number)[0] if len(number) > _LONGEST_CODE else Holder.ACCOUNT
        except (TurnRefused, IndexError):
            return None
        asked = show_bytes(challenge(account_id, self._ring, now_s=now_s))
        ways = {Holder.KEY: f"/antre#tantang={asked}", Holder.COOKIE: f"/antre/milik?tantang={asked}"}
        return self.gate_url + ways[Holder(holder)] if holder in ways else None

    async def enter(self, account_id: AccountId, number: str, *, now_s: int, proof: str = "") -> str:
        """The pass for a turn or code; raises as `Gate.enter` does, and `TurnRefused` for what is neither.

        `proof`: what the browser came back with from `challenge`.
        """
        turn = _plain(number)
        shown = read_bytes(proof) if proof and len(number) > _LONGEST_CODE else b""
        return show_bytes(await self._gate.enter(vouch(account_id, self._ring, now_s=now_s) + turn + shown))

    async def join(self, account_id: AccountId, lane_id: int, *, now_s: int) -> Joined:
        """A turn in a reserved lane that `account_id` may join; raises as `Gate.join` does."""
        letter = vouch(account_id, self._ring, now_s=now_s, lane=lane_id)
        return msgspec.json.decode(await self._gate.join(letter), type=Joined)

    async def show(
        self, number: str, *, account_id: AccountId | None, deadline_s: int | None, now_s: int
    ) -> Shown:
        """What became of a turn or code that `account_id` shows, or nobody known; raises as `Gate.turn`."""
        letter = vouch(account_id or THE_SERVICE, self._ring, now_s=now_s)
        body = letter + (deadline_s or 0).to_bytes(DEADLINE_BYTES) + _plain(number)
        return msgspec.json.decode(await self._gate.turn(body), type=Shown)

    @property
    def rules(self) -> RoomRules:
        """Lanes and limits, as the operator wants them."""
        self._look()
        return self._watched.file.rules

    def now(self) -> Now | None:
        """Where every lane stands, a second old or two; None: the gate has written nothing yet."""
        return self._watched.now()

    @property
    def is_one_order(self) -> bool:
        """Whether people queue to buy, so that nobody has two unpaid orders."""
        return self.is_open or self.queues_buying

    async def run(self) -> None:
        """Tell the gate each second how well we are, and whose passes were used: these keep their places."""
        while True:
            await asyncio.sleep(_REPORT_S)
            await self.report(now_s=int(time.time()))

    async def report(self, *, now_s: int) -> None:
        """Tell it now. What could not be told is told next time, unless its pass has ended."""
        used, self._used = self._used, {}
        told = [one for one in used.values() if one.expires_at > now_s]
        health = self._health()
        for first in range(0, max(len(told), 1), _MOST_SEEN):  # who has nothing to tell is there
            part = told[first : first + _MOST_SEEN]
            seen = [
                Seen(lane=one.lane, number=one.number, account_id=one.account_id, expires_at=one.expires_at)
                for one in part
            ]
            said = Report(process=f"web-{os.getpid()}", said_at=now_s, health=health, seen=seen)
            try:
                await self._gate.report(show_report(said, self._ring))
            except GateUnreachable as fault:
                log.warning("gate_not_told", passes=len(part), reason=str(fault))
                self._used = {one.account_id: one for one in part} | self._used

    def _look(self) -> None:
        now_s = time.monotonic()
        if now_s - self._looked_s >= _LOOK_S:
            self._looked_s = now_s
            self._watched.look()
            if self._rings is not None:
                self._ring = self._rings()

    def _check(self, account_id: AccountId, shown: str | None, *, now_s: int) -> Pass | None:
        if shown is None:
            return None
        try:
            return check_pass(read_bytes(shown), self._ring, account_id, now_s=now_s)
        except (PassNeeded, TurnRefused):
            return None


def _plain(number: str) -> bytes:
    """A whole turn or a code, as the gate reads it; raises `TurnRefused`."""
    if not number.isascii():
        raise TurnRefused
    return read_bytes(number) if len(number) > _LONGEST_CODE else number.encode()
