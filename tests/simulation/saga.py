"""Workers and a sweeper, the real ones, over a store, a signer, a sandbox and clocks that are made up.

Each worker is the real desk with the real saga and the real batches. What they reach is slow, cut before
or after its commit, or dark for a while; a worker stands still past its lease, or is killed between any two
awaits and started anew; the signer goes down; the database's clock jumps. The seed decides all of it.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import Any, Final
from uuid import UUID

import pytest

from bubuh.core.errors import DatabaseUnavailable
from bubuh.core.ids import AccountId, fresh_id
from bubuh.core.shards import Shard, shard_of_account
from bubuh.db import self_clocked
from bubuh.db.batch import Part
from bubuh.db.self_clocked import SelfClocked
from bubuh.documents.ports import ObjectDamaged
from bubuh.pdf.model import Level, Tier
from bubuh.quota.model import Outcome, Source, WantedAllotment
from bubuh.stamping import affix, serial_store, store, sweep
from bubuh.stamping.affix import MOST_DEATHS, Workshop
from bubuh.stamping.model import Lease
from bubuh.stamping.moves import ReturnReason, StampState
from bubuh.stamping.refusals import LeaseLost, SignerUnavailable
from bubuh.stamping.serial import SerialKey
from bubuh.stamping.serials import SerialBlocks
from bubuh.stamping.steps import Steps
from bubuh.stamping.sweep import Sweeper
from bubuh.worker import desk as desks
from bubuh.worker.desk import Desk
from bubuh.worker.watch import Watch
from tests.simulation.stamps import EPOCH, ORIGINAL, Stamps

SHARDS: Final = tuple(Shard(no) for no in range(4))
KEY_ID: Final = "k"
WAIT_S: Final = 86_400.0
CALM_S: Final = 400.0  #: without faults, after which everything has ended


class Killed(BaseException):
    """The process that asks is dead."""


@dataclass
class Process:
    """What one worker process is to the world; stands in for its `Database`."""

    world: World
    name: str
    is_dead: bool = False
    stands_until: float = 0.0


@dataclass(frozen=True)
class Plan:
    """An increment, as far as the saga looks at one."""

    digest: bytes
    tier: Tier = Tier.T1
    pre: bytes = b""

    def sealed(self, signature: bytes) -> bytes:
        return self.digest + signature


class World:
    """One run of one seed."""

    def __init__(self, seed: int, *, workers: int = 3) -> None:
        self.rng = random.Random(seed)
        self.stamps = Stamps()
        self.steps = 0
        self.trace = hashlib.sha256()
        self.objects: dict[UUID, bytes] = {}
        self.jumped_s = 0.0
        self.is_calm = False
        self.signer_dark_until = 0.0
        self._dark_until = 0.0
        self._poison: set[UUID] = set()
        self.kills = 0
        self.widest = 0  #: shards in one batch
        self._workers = [f"worker-{no}" for no in range(workers)]
        self._processes: dict[str, Process] = {}
        self._accounts = [AccountId(64 * no + no % len(SHARDS)) for no in range(1, 9)]
        for account in self._accounts:
            ref = self._id(account)
            self.stamps.books.allot(
                WantedAllotment(ref=ref, account_id=account, stamps=10**6, source=Source.MINTED, actor="s")
            )

    async def live(self, steps: int) -> None:
        """Faults until so many things have happened, then calm until everything has ended."""
        asyncio.get_running_loop().set_exception_handler(_mind)
        stop = asyncio.Event()
        lives = [asyncio.create_task(self._worker_lives(name, stop)) for name in self._workers]
        lives.append(asyncio.create_task(self._sweeper_lives(stop)))
        trouble = asyncio.create_task(self._make_trouble())
        while self.steps < steps:
            await asyncio.sleep(self.rng.expovariate(8))
            account = self.rng.choice(self._accounts)
            stamp_id = self._id(account)
            assert self.stamps.accept(account, stamp_id, self.now(), document_id=stamp_id) is Outcome.DONE
            if self.rng.random() < 0.01:
                self._poison.add(stamp_id)
            self.tell("accepted", stamp_id)
            for life in lives:
                if life.done():
                    life.result()  # a mistake of the real code, or an assertion of the world's
        trouble.cancel()
        self.is_calm = True
        for process in self._processes.values():
            process.stands_until = 0.0
        self.signer_dark_until = self._dark_until = 0.0
        await asyncio.sleep(CALM_S)
        stop.set()
        await asyncio.gather(*lives)

    def check(self) -> None:
        """When all is over: every stamp has ended, once, and nothing is returned but what has a reason."""
        self.stamps.check()
        for row in self.stamps.rows.values():
            assert row.state in {StampState.AFFIXED, StampState.RETURNED}, row
            assert row.path[-1] is row.state
            if row.state is StampState.AFFIXED:
                assert row.digest is not None
                assert self.objects[row.id].startswith(row.digest), "what is kept is what was sealed"
            elif row.id not in self._poison:
                assert row.reason == ReturnReason.WORKER_DIED, row
                assert row.deaths >= MOST_DEATHS, row

    def now(self) -> datetime:
        """The database's clock."""
        return EPOCH + timedelta(seconds=asyncio.get_running_loop().time() + self.jumped_s)

    def tell(self, *words: object) -> None:
        """One thing that happened, in the order and at the time at which it did."""
        self.steps += 1
        now = asyncio.get_running_loop().time()
        self.trace.update(f"{now:.6f} {' '.join(map(str, words))}\n".encode())
        if self.steps % 100 == 0:
            self.stamps.check()

    async def _make_trouble(self) -> None:
        while True:
            await asyncio.sleep(self.rng.expovariate(1 / 3))
            now = asyncio.get_running_loop().time()
            process = self._processes[self.rng.choice(self._workers)]
            match self.rng.randrange(5):
                case 0:
                    self.signer_dark_until = now + self.rng.uniform(0.1, 20)
                case 1:
                    self._dark_until = now + self.rng.uniform(0.1, 8)
                case 2:
                    process.stands_until = now + self.rng.uniform(1, 40)
                case 3:
                    self.jumped_s += self.rng.choice((-300, -5, 5, 300, 90_000))
                case 4:
                    process.is_dead = True
            self.tell("trouble")

    async def _worker_lives(self, name: str, stop: asyncio.Event) -> None:
        """One worker after the other under one name, each killed in its turn."""
        while not stop.is_set():
            process = self._processes[name] = Process(self, name)
            shop = self._shop(process)
            desk = Desk(shop, Silence(), name=name, most_in_hand=8)  # type: ignore[arg-type]
            desk._watch = Watch(process, worker=name, clock=asyncio.get_running_loop().time)  # type: ignore[arg-type]
            at_work = asyncio.create_task(desk.work(stop))
            while not at_work.done() and not process.is_dead:
                await asyncio.wait([at_work], timeout=0.05)
            if process.is_dead:
                self.kills += 1
                self.tell("killed", name)
                for _, task in list(desk._in_hand.values()):
                    task.cancel()
                at_work.cancel()
                await asyncio.gather(at_work, return_exceptions=True)
                await asyncio.sleep(self.rng.uniform(0.1, 20))
            elif (mistake := at_work.exception()) is not None:
                if not isinstance(mistake, DatabaseUnavailable):  # its supervisor starts it anew
                    raise mistake
                await asyncio.sleep(1.0)

    async def _sweeper_lives(self, stop: asyncio.Event) -> None:
        process = Process(self, "sweeper")
        sweeper = Sweeper(process, wait_s=WAIT_S, clock=asyncio.get_running_loop().time)  # type: ignore[arg-type]
        sweeper._bell = SimpleNamespace(call=self._alarm)  # type: ignore[assignment]
        while not stop.is_set():
            try:
                await sweeper.sweep()
            except DatabaseUnavailable:
                self.tell("no sweep")
            await asyncio.sleep(10.0)

    async def _alarm(self, reason: str, _: object) -> None:
        self.tell("alarm", reason)

    def _shop(self, process: Process) -> Workshop:
        def batch(name: str, act: Callable[[Any], object], key: Callable[[Any], object]) -> Any:
            return SelfClocked(
                partial(self._batch, process, name, act),
                name=f"simulated_{name}",
                key=key,
                together=partial(self._together, process, name, act),
                lanes=2,
            )

        rows = self.stamps
        steps = Steps(
            find=batch("find", rows.find_job, lambda lease: lease.stamp_id),
            intend=batch("intend", rows.intend, lambda new: new.lease.stamp_id),
            write_plan=batch("plan", rows.write_plan, lambda new: new.lease.stamp_id),
            affix=batch("affix", rows.affix, lambda done: done.lease.stamp_id),
            give_back=batch("return", rows.give_back, lambda wanted: wanted.stamp_id),
        )
        keyring = SimpleNamespace(current=lambda _: SimpleNamespace(key_id=KEY_ID), chain=lambda _: "chain")
        parts: Any = SimpleNamespace(plan=self._plan, seal=partial(self._seal, process))
        return Workshop(
            db=process,  # type: ignore[arg-type]
            sandbox=parts,
            objects=self,  # type: ignore[arg-type]
            store_key=None,  # type: ignore[arg-type]
            signer=parts,
            serial_key=SerialKey("T1", bytes(32)),
            serials=SerialBlocks(taken_by=process.name, random_bits=self.rng.getrandbits),
            steps=steps,
            keyring=lambda: keyring,  # type: ignore[arg-type, return-value]
            public_url="http://127.0.0.1",
            level=Level.B_B,
            clock=self.now,
        )

    async def commit(self, process: Process, name: str, act: Callable[[], Any]) -> Any:
        """One transaction: there, done at one moment, and back."""
        await self._way(process)
        found = act()
        self.tell(process.name, name, found if isinstance(found, list | str | int) else "")
        await self._way(process)
        return found

    async def _batch(
        self, process: Process, name: str, act: Callable[[Any], object], _: Shard, wanted: Sequence[Any]
    ) -> list[object]:
        found: list[object] = await self.commit(process, name, lambda: [act(one) for one in wanted])
        return found

    async def _together(
        self, process: Process, name: str, act: Callable[[Any], object], parts: Sequence[Part[Any]]
    ) -> list[list[object]]:
        """Requests of several shards, in one commit."""
        assert [shard for shard, _ in parts] == sorted({shard for shard, _ in parts}), "in the shards' order"
        self.widest = max(self.widest, len(parts))
        found: list[list[object]] = await self.commit(
            process, name, lambda: [[act(one) for one in wanted] for _, wanted in parts]
        )
        return found

    async def _plan(self, *_: object) -> Plan:
        """Never the same twice: whoever plans again what was sealed is found."""
        await asyncio.sleep(self.rng.expovariate(100))
        return Plan(digest=self.rng.randbytes(32))

    async def _seal(self, process: Process, lease: Lease) -> bytes:
        await self._signer_answers()
        row = self.stamps.rows[lease.stamp_id]
        digest = row.digest or b""
        signature = self.stamps.seal(lease, digest, b"sealed " + digest, key_id=KEY_ID)
        self.tell("seal", lease.stamp_id, lease.fence, signature is not None)
        await self._signer_answers()
        self._still(process)
        if signature is None:
            raise LeaseLost
        return signature

    async def _signer_answers(self) -> None:
        await asyncio.sleep(self.rng.expovariate(10))
        if asyncio.get_running_loop().time() < self.signer_dark_until:
            raise SignerUnavailable

    async def read(self, stamp_id: UUID) -> tuple[Any, Any]:
        """A document's bytes, unless they are damaged."""
        if stamp_id in self._poison:
            raise ObjectDamaged("made so by the simulation")
        return SimpleNamespace(
            data=b"", content_unseen=False, sha256=lambda sealed: sealed[:32], size_bytes=0
        ), SimpleNamespace(base=None, id=stamp_id)

    async def keep(self, stamp_id: UUID, sealed: bytes) -> str:
        """Create-only: what was kept once is kept again the same, or a seal went backward."""
        await asyncio.sleep(self.rng.expovariate(300))
        assert self.objects.setdefault(stamp_id, sealed) == sealed, "other bytes for one stamp"
        return str(stamp_id)

    async def _way(self, process: Process) -> None:
        """Through the network: slow, now and then cut; and a process may stand still before it."""
        await asyncio.sleep(self.rng.expovariate(300))
        self._still(process)
        now = asyncio.get_running_loop().time()
        if now < process.stands_until:
            await asyncio.sleep(process.stands_until - now)
            self._still(process)
        if not self.is_calm and (self.rng.random() < 0.01 or now < self._dark_until):
            self.tell("cut")
            raise DatabaseUnavailable("cut by the simulation")

    def _still(self, process: Process) -> None:
        if process.is_dead:
            raise Killed

    def _id(self, account: AccountId) -> UUID:
        return fresh_id(account, self.rng.randbytes)


def _mind(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What nobody waited for in a process that was killed is no mistake."""
    if not isinstance(context.get("exception"), Killed):
        loop.default_exception_handler(context)


class Silence:
    """A doorbell that nobody rings."""

    @contextmanager
    def subscribe(self, *_: object) -> Any:
        yield self

    def take(self) -> set[str]:
        return set()

    async def wait(self, timeout_s: float) -> bool:
        await asyncio.sleep(timeout_s)
        return False


def stand_in(patch: pytest.MonkeyPatch, world: World) -> None:
    """Have worker and sweeper reach `world` where they would reach PostgreSQL, disk and C code."""
    rows = world.stamps

    def over(name: str, act: Callable[..., Any], module: ModuleType = store) -> None:
        async def call(process: Process, *arguments: Any, **named: Any) -> Any:
            return await world.commit(process, name, lambda: act(*arguments, **named))

        patch.setattr(module, name, call)

    over("lease_n", lambda shard, **named: rows.lease_n(shard, world.now(), **named))
    over("list_waiting", lambda shards: rows.list_waiting(shards, world.now()))
    over("list_own", rows.list_own)
    over("list_overdue", lambda shard, **named: rows.list_overdue(shard, world.now(), **named))
    over("renew_n", lambda _, leases, **named: rows.renew_n(leases, world.now(), **named))
    over("yield_n", lambda _, leases, **named: rows.yield_n(leases, world.now(), **named))
    over("bury", lambda shard, **named: rows.bury(shard, world.now(), **named))
    over("take_block", lambda _, *, block, taken_by: rows.take_block(block), serial_store)
    over("read_clock", world.now)
    over("list_waited_too_long", lambda shard, **named: rows.waited_too_long(shard, world.now(), **named))
    over("return_n", lambda _, wanted: [rows.give_back(one) for one in wanted])

    async def read_ground(account_id: AccountId, document_id: UUID, *_: object, **__: object) -> Any:
        assert shard_of_account(account_id) in SHARDS
        return await world.read(document_id)

    async def create_increment(document: Any, _: int, sealed: bytes, **__: object) -> str:
        return await world.keep(document.id, sealed)

    quiet = SimpleNamespace(**dict.fromkeys(("info", "warning", "error"), lambda *_, **__: None))
    for module in (affix, desks, self_clocked):
        patch.setattr(module, "_log", quiet)
    for module in (desks, sweep):
        patch.setattr(module, "ALL_SHARDS", SHARDS)
    patch.setattr(desks, "Ringer", lambda _: SimpleNamespace(ring=lambda *_: None))
    patch.setattr(affix, "read_ground", read_ground)
    patch.setattr(affix, "create_increment", create_increment)
    patch.setattr(
        affix, "hashlib", SimpleNamespace(sha256=lambda _: SimpleNamespace(digest=lambda: ORIGINAL))
    )
    patch.setattr(affix, "secrets", SimpleNamespace(token_bytes=world.rng.randbytes))
    patch.setattr(affix, "key_of", lambda *_: None)
    patch.setattr(affix, "fits", lambda *_: True)
    patch.setattr(affix, "signed_attributes", lambda *_: b"")
    patch.setattr(affix, "signed_data", lambda _, signature, __: signature)
    patch.setattr(affix, "seal_plan", lambda increment, *_: increment.digest)
    patch.setattr(affix, "open_plan", lambda sealed, *_: Plan(digest=sealed))
    clock = SimpleNamespace(monotonic=lambda: asyncio.get_running_loop().time())
    patch.setattr(self_clocked, "time", clock)
