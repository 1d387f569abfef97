"""The surge: calm and surge in turn over one service of its own, then its books."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from bubuh.core.privileges import Uids
from bubuh.db.pool import Database
from bubuh.db.roles import APP
from bubuh.drill.chaos import Says
from bubuh.drill.exchange import Line
from bubuh.drill.ledger import reconciled
from bubuh.drill.letter import letter
from bubuh.drill.service import DrillImpossible, Service, running
from bubuh.drill.surge.devices import LANE, Device, Devices
from bubuh.drill.surge.folk import Person, make_people
from bubuh.drill.surge.probes import Asker, Prober
from bubuh.drill.surge.profile import Profile
from bubuh.drill.surge.report import Report, Round, Second
from bubuh.drill.surge.spent import since, spent_s
from bubuh.drill.surge.visit import Visit, Visits
from bubuh.waitingroom.lanes import REPAIR_ID, LaneKind, LaneRule, RoomRules
from bubuh.waitingroom.room_file import RoomFile, write_room_file
from bubuh.wiring.folder import DataFolder

_SETTLE_S: Final = 60.0  #: after a round, for those inside to finish
_EMPTY_S: Final = 300.0  #: after a surge, for the gate to call those who went home
_TICK_S: Final = 1.0
_SLOTS: Final = 100_000
_NO_WORK: Final = 1e9  #: joins a second that cost no work: the drill measures what is behind the door


async def run_surge(*, seed: int, profile: Profile, folder: Path, says: Says) -> Report:
    """Start a service in `folder`, have people come as `profile` says, and compare.

    The same seed gives the same people and moods; how they meet is the machine's affair.
    """
    says(0.0, "starting")
    async with running(folder / "data") as service:
        async with await Database.open(service.run.databases[APP], size=2) as db:
            says(0.0, f"registering {profile.people} people")
            people = await make_people(db, profile.people)
        _open_room(service, profile)
        surge = Surge(service, profile, people, seed=seed)
        async with surge.ready(await _a_stamp(service)):
            rounds = await surge.rounds(says)
        says(0.95, "comparing")
        async with await Database.open(service.run.databases[APP], size=2) as db:
            findings = await reconciled(db, DataFolder(service.data))
    says(1.0, "done")
    return Report(
        seed=seed,
        profile=profile,
        cores=len(os.sched_getaffinity(0)),
        begun_s=rounds[0].began_s,
        devices=surge.devices.seen,
        visits=surge.visits,
        rounds=rounds,
        seconds=surge.seconds,
        cpu_s=surge.cpu_s,
        findings=findings,
    )


class Surge:
    """One service, its people, and what is seen of both."""

    def __init__(self, service: Service, profile: Profile, people: list[Person], *, seed: int) -> None:
        self.visits, self.seconds, self.cpu_s = Visits(), list[Second](), dict[str, float]()
        self._service, self._profile, self._seed = service, profile, seed
        gate = service.run.gate
        assert gate is not None, "a service under drill has a gate"
        self.devices = Devices(gate, profile, random.Random(f"{seed} devices"), self._called)
        self._rng = random.Random(f"{seed} visits")
        self._people = people
        self._inside: set[asyncio.Task[None]] = set()
        self._is_surge = False
        self._begun_s = 0.0

    @asynccontextmanager
    async def ready(self, stamp: tuple[str, str]) -> AsyncIterator[None]:
        """Connected; `stamp` is a serial number and the key of its account."""
        serial_no, key = stamp
        self._prober = await Prober.start(
            Asker(
                url=self._service.url,
                serial_no=serial_no,
                session=self._people.pop().secret,
                key=key,
                seed=f"{self._seed} probes",
            )
        )
        self._begun_s, before = time.monotonic(), self._spent_s()
        watching = asyncio.create_task(self._watch(), name="watching")
        try:
            yield
        finally:
            self.cpu_s = since(before, self._spent_s())
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
            await self._prober.close()
            self.devices.close()

    async def rounds(self, says: Says) -> list[Round]:
        """Calm and surge in turn."""
        profile, found = self._profile, list[Round]()
        whole_s = profile.rounds * (profile.calm_s + profile.surge_s)
        for number in range(profile.rounds * 2):
            self._is_surge = number % 2 == 1
            seconds = profile.surge_s if self._is_surge else profile.calm_s
            done_s = (number // 2) * (profile.calm_s + profile.surge_s) + (number % 2) * profile.calm_s
            word = "surge" if self._is_surge else "calm"
            says(0.9 * done_s / whole_s, f"{word} {number // 2 + 1} of {profile.rounds}")
            found.append(await self._one_round(seconds))
            await self._settled()
            if self._is_surge and number + 1 < profile.rounds * 2:
                self._is_surge = False
                await self._emptied()
        return found

    async def _one_round(self, seconds: float) -> Round:
        profile, began_s, before = self._profile, time.monotonic(), len(self.visits.entered)
        per_s = profile.admitted_per_s * profile.times if self._is_surge else profile.calm_per_s
        if per_s:
            self.devices.plan(per_s=per_s, seconds=seconds, junk=profile.junk)
        rates = {
            "verify": profile.verify_per_s,
            "history": profile.history_per_s,
            "partner": profile.partner_per_s,
        }
        probing = asyncio.create_task(self._prober.ask(rates, until_s=began_s + seconds))
        await self.devices.run(began_s + seconds)
        ended_s, entered = time.monotonic(), len(self.visits.entered) - before
        return Round(
            is_surge=self._is_surge,
            began_s=began_s,
            ended_s=ended_s,
            entered=entered,
            probed=await probing,
        )

    async def _emptied(self) -> None:
        """The gate has called all who went home: while it does, nobody is let in, and that is no calm."""
        if not await self.devices.until_called(_EMPTY_S):
            raise DrillImpossible(f"the gate has not called all who joined within {_EMPTY_S:.0f} s")

    async def _settled(self) -> None:
        """Those before the gate go home, those inside finish; who does not is told among the stopped."""
        self.devices.forget()
        if not self._inside:
            return
        _, late = await asyncio.wait(self._inside, timeout=_SETTLE_S)
        for visit in late:
            visit.cancel()
            self.visits.stopped["never ended"] += 1
        await asyncio.gather(*late, return_exceptions=True)

    def _called(self, device: Device) -> None:
        if not self._people:
            raise DrillImpossible("more people were called than were registered")
        is_hostile = self._is_surge and self._rng.random() < self._profile.hostile
        visit = Visit(
            self._service.url,
            self._people.pop(),
            self.visits,
            random.Random(self._rng.getrandbits(64)),
            is_hostile=is_hostile,
        )
        task = asyncio.create_task(visit.make(device.turn))
        self._inside.add(task)
        task.add_done_callback(self._left)

    def _left(self, visit: asyncio.Task[None]) -> None:
        self._inside.discard(visit)
        if not visit.cancelled():
            visit.result()  # our own mistake, if there is one

    def _spent_s(self) -> dict[str, float]:
        return spent_s(self._service, helpers=[self._prober.pid])

    async def _watch(self) -> None:
        """One line a second."""
        before, last_s = self._spent_s(), time.monotonic()
        while True:
            await asyncio.sleep(_TICK_S)
            now, now_s = self._spent_s(), time.monotonic()
            seen = self.devices.seen
            self.seconds.append(
                Second(
                    at_s=round(now_s - self._begun_s, 1),
                    is_surge=self._is_surge,
                    issued=seen.issued,
                    serving=seen.serving,
                    entered=len(self.visits.entered),
                    refused=len(self.visits.refused),
                    cpu={role: used / (now_s - last_s) for role, used in since(before, now).items()},
                )
            )
            before, last_s = now, now_s


def _open_room(service: Service, profile: Profile) -> None:
    """The room as an operator would open it, with one lane for everybody."""
    rules = RoomRules(
        most_work=0,  # callers join as programs do: what a join costs would be theirs
        lanes=(
            LaneRule(id=REPAIR_ID, name="perbaikan", kind=LaneKind.REPAIR, title="Perbaikan", ceiling=0.2),
            LaneRule(id=3, name=LANE, kind=LaneKind.RETAIL, title="Umum"),
        ),
        per_s=profile.admitted_per_s,
        slots=_SLOTS,
        window_s=profile.window_s,
        calm_per_s=_NO_WORK,
    )
    write_room_file(DataFolder(service.data).room, RoomFile(is_open=True, rules=rules), uid=Uids.here().app)


async def _a_stamp(service: Service) -> tuple[str, str]:
    """A serial number to look up, and the key of the account whose stamp it is."""
    line = Line()
    try:
        key = (await line.call("POST", f"{service.url}/dev/accounts")).json()["key"]
        own = {"Authorization": f"Bearer {key}"}

        async def ask(
            path: str, body: bytes, kind: str = "application/json", **more: str
        ) -> dict[str, object]:
            headers = (
                own | {"Idempotency-Key": path.strip("/").replace("/", "-"), "Content-Type": kind} | more
            )
            reply = await line.call("POST", f"{service.url}{path}", headers=headers, body=body)
            if not reply.is_success:
                raise DrillImpossible(f"{path}: {reply.status} {reply.body[:200]!r}")
            return reply.json()

        order = await ask("/v1/orders", msgspec.json.encode({"stamps": 1, "method": "qris"}))
        path = f"{service.url}/v1/orders/{order['id']}"
        paid = False
        while order["state"] != "filled":
            payment = order["payment"]
            if payment is not None and not paid:
                assert isinstance(payment, dict)
                paid = (await line.call("POST", payment["pay_url"])).status < 500
            await asyncio.sleep(0.2)
            order = (await line.call("GET", path, headers=own)).json()
        document = await ask("/v1/documents", letter("surge"), "application/pdf")
        wanted = {
            "document_id": document["id"],
            "page": 1,
            "x": 400.0,
            "y": 60.0,
            "width": 70.0,
            "document_type": "surat",
            "document_no": "1",
            "document_date": "2026-11-23",
        }
        stamp = await ask("/v1/stamps", msgspec.json.encode(wanted), Prefer="wait=20")
        return str(stamp["serial"]), key
    finally:
        line.close()
