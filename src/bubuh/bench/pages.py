"""The site on a slow phone, and what a page of the history costs, on this machine, load and all.

A page is usable once it is loaded with all it needs. The network is 400 kbit/s with 400 ms, the processor
is slowed six times, the screen is 320 px wide; a first visit brings an empty cache. The cost of a history
page is CPU time of web and database, what they use while nobody asks taken off: asked for once the browser
has ended, in rounds, of which the middle one counts. Who asks is told apart.
"""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser, BrowserContext, Page

from bubuh.bench import walk
from bubuh.bench.files import text_page
from bubuh.db.home import SUPERUSER
from bubuh.db.pool import Database, connect
from bubuh.db.roles import APP, OWNER
from bubuh.drill.exchange import Line
from bubuh.drill.service import Service, running
from bubuh.identity.model import AccountKind
from bubuh.identity.open_account import open_account
from bubuh.identity.people.sessions import open_session

BYTES_PER_S: Final = 50_000.0  #: 400 kbit/s
LATENCY_MS: Final = 400.0
SLOWED: Final = 6
WIDE: Final = 320
ROWS: Final = 30  #: in each history that is asked for: more than a page
PEOPLE: Final = 20  #: whose histories they are: one alone may not ask so often
AT_ONCE: Final = 8
WARM_UP: Final = 400
ROUNDS: Final = 5
ASKED: Final = 800  #: pages a round
IDLE_S: Final = 3.0
CALM_S: Final = 3.0  #: after the browser has ended and the history was filled

PUBLIC: Final = ("/", "/daftar", "/masuk", "/sandi", "/periksa", "/pengaduan")
OWN: Final = ("/akun", "/beli", "/bubuhkan", "/riwayat", "/riwayat/kuota", "/akun/pin", "/akun/data")

Told = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Loaded:
    """One page, as the phone saw it."""

    path: str
    usable_ms: int
    bytes: int  #: that travelled, headers and all


@dataclass(frozen=True, slots=True, order=True)
class Cost:
    """CPU milliseconds of a page."""

    whole_ms: float  #: of web and database
    web_ms: float
    asker_ms: float  #: of this process, in neither


@dataclass(frozen=True, slots=True)
class Report:
    """What the phone saw, and what the history costs."""

    first: list[Loaded]
    later: list[Loaded]
    journey_s: float
    journey_steps_s: dict[str, float]
    history: list[Cost]  #: round by round, the cheapest first

    @property
    def usual(self) -> Cost:
        """Of the middle round."""
        return self.history[len(self.history) // 2]

    def facts(self) -> dict[str, Any]:
        """As one JSON object."""
        return {
            "first_visit": {one.path: [one.usable_ms, one.bytes] for one in self.first},
            "later_visit": {one.path: [one.usable_ms, one.bytes] for one in self.later},
            "slowest_ms": max(one.usable_ms for one in (*self.first, *self.later)),
            "journey_s": round(self.journey_s, 1),
            "journey_steps_s": {name: round(spent, 1) for name, spent in self.journey_steps_s.items()},
            "history_cpu_ms": round(self.usual.whole_ms, 3),
            "history_web_cpu_ms": round(self.usual.web_ms, 3),
            "history_asker_cpu_ms": round(self.usual.asker_ms, 3),
            "history_rounds_cpu_ms": [round(cost.whole_ms, 3) for cost in self.history],
            "history_pages_per_core_s": round(1e3 / self.usual.whole_ms),
        }


def measure_pages(*, told: Told = lambda _share: None) -> Report:
    """Every main page and the whole journey on a slow phone, over a service of its own."""
    with tempfile.TemporaryDirectory(prefix="bubuh-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        return asyncio.run(_measured(Path(folder), told=told))


async def _measured(folder: Path, *, told: Told) -> Report:
    document = folder / "surat.pdf"
    document.write_bytes(text_page())
    async with running(folder / "data") as service:
        async with walk.chromium() as browser:
            address, cookie = await _citizen(browser, service.url)
            told(0.2)
            first = [await _visit(browser, service.url, path, cookie="") for path in PUBLIC]
            first += [await _visit(browser, service.url, path, cookie=cookie) for path in OWN]
            told(0.5)
            later = await _later(browser, service.url, cookie)
            steps = await _journey(browser, service.url, address, document)
            told(0.8)
        cookies = [cookie, *await _people(service, PEOPLE - 1)]
        await _fill_history(service)
        await asyncio.sleep(CALM_S)
        history = await _costs(service, cookies)
        told(1.0)
    return Report(first, later, sum(steps.values()), steps, history)


async def _citizen(browser: Browser, url: str) -> tuple[str, str]:
    """Somebody with stamps: their address, and their session."""
    context = await browser.new_context(locale="id-ID")
    page = await context.new_page()
    address = await walk.register(page, url)
    await walk.order(page, url, stamps=5)
    await walk.pay(page)
    cookie = next(one["value"] for one in await context.cookies() if one.get("name") == "bubuh")
    await context.close()
    return address, cookie


async def _phone(browser: Browser, url: str, cookie: str) -> tuple[BrowserContext, Page]:
    """A fresh browser on a small screen; not slow yet."""
    context = await browser.new_context(viewport={"width": WIDE, "height": 640}, locale="id-ID")
    if cookie:
        await context.add_cookies([{"name": "bubuh", "value": cookie, "url": url}])
    return context, await context.new_page()


async def _slow(page: Page) -> None:
    """Slow its network and processor from here on."""
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    await session.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": LATENCY_MS,
            "downloadThroughput": BYTES_PER_S,
            "uploadThroughput": BYTES_PER_S,
        },
    )
    await session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})


async def _visit(browser: Browser, url: str, path: str, *, cookie: str) -> Loaded:
    context, page = await _phone(browser, url, cookie)
    await _slow(page)
    seen = await _load(page, url, path)
    await context.close()
    return seen


async def _later(browser: Browser, url: str, cookie: str) -> list[Loaded]:
    """Each page once its files are in the browser."""
    context, page = await _phone(browser, url, cookie)
    for path in OWN:
        await page.goto(url + path)
    await _slow(page)
    seen = [await _load(page, url, path) for path in OWN]
    await context.close()
    return seen


async def _load(page: Page, url: str, path: str) -> Loaded:
    await page.goto(url + path, wait_until="load")
    told = await page.evaluate(
        """() => {
            const [page] = performance.getEntriesByType("navigation");
            const files = performance.getEntriesByType("resource");
            const bytes = files.reduce((sum, one) => sum + one.transferSize, page.transferSize);
            return [page.loadEventStart, bytes];
        }"""
    )
    return Loaded(path, round(told[0]), int(told[1]))


async def _journey(browser: Browser, url: str, address: str, document: Path) -> dict[str, float]:
    """From the sign-in page to the document in hand, a machine's time for each step."""
    context, page = await _phone(browser, url, "")
    await _slow(page)
    steps: dict[str, float] = {}

    async def timed(name: str, act: Awaitable[Any]) -> None:
        began = time.monotonic()
        await act
        steps[name] = time.monotonic() - began

    await timed("sign_in", walk.sign_in(page, url, address))
    await timed("send", walk.send(page, url, document))
    await timed("place", walk.describe(page))
    await timed("affix", walk.affix(page))
    await timed("download", walk.download(page))
    await context.close()
    return steps


async def _people(service: Service, count: int) -> list[str]:
    """The sessions of so many who have registered and are signed in."""
    async with await Database.open(service.run.databases[APP], size=1) as db:
        opened = []
        for no in range(count):
            async with db.transaction() as conn:
                opened.append(
                    await open_account(conn, kind=AccountKind.PERSON, name=f"Sari {no}", actor="bench")
                )
        return [await open_session(db, one.user_id, agent="bench") for one in opened]


async def _fill_history(service: Service) -> None:
    """A page and more of stamps that came back, and of orders, for everybody."""
    admin = await connect(service.run.databases[OWNER].replace(OWNER, SUPERUSER), role_checks=False)
    filled = await admin.execute(files("bubuh.bench").joinpath("history.sql").read_text("utf-8"))
    await admin.close()
    assert filled != "INSERT 0 0", "the rows are like a stamp that was affixed: there has to be one"


async def _costs(service: Service, cookies: Sequence[str]) -> list[Cost]:
    """What a history page costs, `ROUNDS` times, the cheapest first; those of the sessions in turn.

    Several are asked for at once, as they are where a core is busy: a process that is woken for each word of
    one reader pays for the waking.
    """
    lines = [Line() for _ in range(AT_ONCE)]
    address = f"{service.url}/riwayat"
    turns = itertools.cycle(cookies)

    async def ask(pages: int) -> None:
        await asyncio.gather(*(ask_on(line, pages // AT_ONCE) for line in lines))

    async def ask_on(line: Line, pages: int) -> None:
        for _ in range(pages):
            told = {"cookie": f"bubuh={next(turns)}", "accept": "text/html", "accept-encoding": "gzip"}
            answer = await line.call("GET", address, headers=told)
            assert answer.is_success, answer.status

    await ask(WARM_UP)
    began, before = time.monotonic(), _cpu_s(service)
    await asyncio.sleep(IDLE_S)
    idle_s = time.monotonic() - began
    resting = [(after - now) / idle_s for now, after in zip(before, _cpu_s(service), strict=True)]
    found = [await _round(service, ask, resting) for _ in range(ROUNDS)]
    for line in lines:
        line.close()
    return sorted(found)


async def _round(service: Service, ask: Callable[[int], Awaitable[None]], resting: Sequence[float]) -> Cost:
    began, before, own_s = time.monotonic(), _cpu_s(service), time.process_time()
    await ask(ASKED)
    own_s, spent_s = time.process_time() - own_s, time.monotonic() - began
    web_s, base_s = (
        after - now - rest * spent_s
        for now, after, rest in zip(before, _cpu_s(service), resting, strict=True)
    )
    return Cost(*(seconds / ASKED * 1e3 for seconds in (web_s + base_s, web_s, own_s)))


def _cpu_s(service: Service) -> tuple[float, float]:
    """CPU seconds so far: of the web process, and of the database's with its backends."""
    base = [*service.children("postgres"), *service.below("postgres")]
    return _spent_s(service.children("web")), _spent_s(base)


def _spent_s(pids: list[int]) -> float:
    """Of processes that live, all their threads. Source: Linux, Documentation/scheduler/sched-stats.rst."""
    spent_ns = 0
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            spent_ns += int(thread.read_text().split()[0])
    return spent_ns / 1e9
