"""Looks at the service: its readiness, the numbers of its processes, and a few questions to the database."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import httpx
import msgspec
import structlog

from bubuh.core.clock import utc_now
from bubuh.core.errors import Fault
from bubuh.core.shards import ALL_SHARDS, shard_of_account
from bubuh.db.pool import Database
from bubuh.db.queries import load_queries
from bubuh.identity.partners import store as partners
from bubuh.outages.kept import Shelf as KeptWords
from bubuh.outages.model import Outage
from bubuh.outages.store import list_since
from bubuh.outages.take_in import take_in
from bubuh.quota.standing import find_standing
from bubuh.settings import RunFile
from bubuh.statements.model import Kind, SignedStatement
from bubuh.statements.store import newest_signed
from bubuh.status import scrape
from bubuh.status.days import KEPT_DAYS
from bubuh.status.model import LOW_STAMPS, WINDOW_S, Books, Measured, Partner, Queue, Stock
from bubuh.waitingroom.estimate import arrival
from bubuh.waitingroom.room_file import Now, read_now
from bubuh.wiring.facts import read_facts

SQL: Any = load_queries(__package__)
_log = structlog.get_logger(__name__)
BOOKS_EVERY_S: Final = 20.0  #: 64 shards, two short statements each; the rest is asked at each look
_PATIENCE_S: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What the database said when it last did."""

    books: Books
    outages: list[Outage]
    records: list[SignedStatement]
    partners: list[Partner]
    stocks: dict[int, Stock]  #: by slot


class Eyes:
    """One process's view of the service whose run file is at hand."""

    def __init__(
        self, run: Callable[[], RunFile], address: str, shelf: KeptWords, *, gate_url: str | None = None
    ) -> None:
        """`run` reads where the parts listen, anew each time; `address` is the database's.

        `shelf` has what operators said while the database was away; `gate_url` finds a gate that `run` does
        not name.
        """
        self._shelf, self._gate_url = shelf, gate_url
        self._run = run
        self._address = address
        self._window = scrape.Window(WINDOW_S)
        self._line = httpx.AsyncClient(timeout=_PATIENCE_S)
        self._db: Database | None = None
        self._booked_at = float("-inf")
        self.answers: Answers | None = None  #: None: the database does not answer

    async def look(self) -> Measured:
        """Measure all that can be measured now; nothing that fails is raised."""
        run = self._run()
        gate = run.gate or self._gate_url
        web = asyncio.create_task(_readiness(self._line, run.web))
        queue = asyncio.create_task(_queue(self._line, gate))
        asked = asyncio.create_task(self._ask())
        told = await asyncio.gather(*(_numbers(self._line, address) for address in run.metrics.values()))
        readiness, queued = await web, await queue
        await asked
        numbers = {name: read for name, read in zip(run.metrics, told, strict=True) if read is not None}
        self._window.read(time.monotonic(), numbers)
        rises = self._window.rises()
        return Measured(
            at=utc_now(),
            has_gate=gate is not None,
            queue=queued,
            web=readiness,
            is_worker_alive=any(name.startswith("worker") for name in numbers),
            is_signer_alive="signer" in numbers,
            traffic=scrape.traffic_of(rises),
            gateways=scrape.gateways(self._window.latest.items()),
            level=scrape.level(self._window.latest.items()),
            affixed=scrape.affixed(rises) if numbers else None,
            stamp_p99_s=scrape.stamp_p99_s(rises),
            books=None if self.answers is None else self.answers.books,
            stocks=None if self.answers is None else self.answers.stocks,
            calls=scrape.calls_of(rises) if numbers else None,
        )

    async def close(self) -> None:
        """Let go of the database and of the lines."""
        await self._line.aclose()
        if self._db is not None:
            await self._db.close()

    async def _ask(self) -> None:
        """Ask the database; for the books, when it is due or there was no answer last time."""
        is_due = time.monotonic() - self._booked_at >= BOOKS_EVERY_S
        known = None if self.answers is None or is_due else self.answers.books
        try:
            async with asyncio.timeout(_PATIENCE_S * 2):
                if self._db is None:
                    self._db = await Database.open(self._address, size=1)
                await _take_in(self._db, self._shelf)
                self.answers = await ask(self._db, books=known)
            if known is None:
                self._booked_at = time.monotonic()
        except (Fault, TimeoutError) as error:
            self.answers = None
            _log.warning("status_database_silent", why=type(error).__name__)


async def _take_in(db: Database, shelf: KeptWords) -> None:
    if shelf.words():
        facts = await read_facts(db)
        await take_in(db, shelf, environment=facts.environment, issuer=facts.public_url)


async def ask(db: Database, *, books: Books | None = None) -> Answers:
    """What only the database knows; `books` are those of a moment ago, None has them asked for."""
    shown = await partners.list_all(db)
    slots = {one.account_id: one.slot for one in shown}
    each_shown = [(shard_of_account(account_id), account_id, LOW_STAMPS) for account_id in slots]
    stocks = await db.fetchmany(SQL.find_stock.sql, each_shown) if each_shown else []
    async with db.connection() as conn:
        outages = await list_since(conn, utc_now() - timedelta(days=KEPT_DAYS))
        signed = [await newest_signed(conn, Kind.OUTAGE, outage.id) for outage in outages]
    return Answers(
        books=await _books(db) if books is None else books,
        outages=outages,
        records=[record for record in signed if record is not None],
        partners=[Partner(slot=one.slot, name=one.name, shown_at=one.shown_at) for one in shown],
        stocks=dict.fromkeys(slots.values(), Stock.NONE)  # who never had any has no row
        | {slots[row["account_id"]]: Stock(row["stock"]) for row in stocks},
    )


async def _books(db: Database) -> Books:
    each_shard = [(shard,) for shard in ALL_SHARDS]
    waits = await db.fetchmany(SQL.oldest_waiting_s.sql, each_shard)
    open_lines = await db.fetchmany(SQL.count_unmatched.sql, each_shard)
    return Books(
        waiting_s=max(row[0] for row in waits),
        unmatched=sum(row[0] for row in open_lines),
        whole_days=(await find_standing(db)).days,
    )


async def _readiness(line: httpx.AsyncClient, web: str | None) -> str | None:
    """What the site says of itself; None: nothing."""
    try:
        answer = await line.get(f"{web}/health/ready")
    except httpx.HTTPError:
        return None
    if answer.is_success:
        return "ok"
    try:
        return str(msgspec.json.decode(answer.content, type=dict[str, Any]).get("code"))
    except msgspec.DecodeError:
        return None


async def _numbers(line: httpx.AsyncClient, address: str) -> scrape.Numbers | None:
    """What a process tells; None: it does not answer."""
    try:
        answer = await line.get(f"{address}/metrics")
        return scrape.read_numbers(answer.text)
    except (httpx.HTTPError, ValueError):
        return None


async def _queue(line: httpx.AsyncClient, gate: str | None) -> Queue | None:
    """Where the lanes stand; None: there is no gate, or it says nothing."""
    if gate is None:
        return None
    try:
        answer = await line.get(f"{gate}/now.json")
        return queue_of(read_now(answer.raise_for_status().content), now_s=time.time())
    except (httpx.HTTPError, msgspec.DecodeError):
        return None


def queue_of(now: Now, *, now_s: float) -> Queue:
    """What the lanes come to together."""
    lanes = [(max(0, lane.issued - lane.serving), lane.pace) for lane in now.lanes.values()]
    found = [arrival(waiting, pace) for waiting, pace in lanes if waiting]
    waits = [one.likely_s for one in found if one is not None]
    wait_s = None if len(waits) < len(found) else max(waits, default=0.0)
    return Queue(
        is_open=now.open,
        age_s=now_s - now.t,
        waiting=sum(waiting for waiting, _ in lanes),
        wait_s=wait_s if now.open else None,
    )
