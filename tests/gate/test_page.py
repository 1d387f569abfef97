"""The waiting page in a browser, over a gate process of its own."""

from __future__ import annotations

import itertools
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, expect, sync_playwright

from bubuh.core.privileges import Uids
from bubuh.drill.gate import GateProcess
from bubuh.gate.now import sign
from bubuh.waitingroom.draw import DrawPlan, Order, commitment, draw_key, revealed
from bubuh.waitingroom.estimate import POLL, Verdict, verdict
from bubuh.waitingroom.lanes import LaneKind, LaneRule, RoomRules
from bubuh.waitingroom.possession import challenge, check_key
from bubuh.waitingroom.room_file import RoomFile, write_room_file
from bubuh.waitingroom.turn import Holder, read_bytes, read_turn, show_bytes
from bubuh.wiring.folder import DataFolder
from bubuh.wiring.room import PASS_RING, TURN_RING, read_now_key, read_ring
from tests.waitingroom.make import ALICE


@dataclass(frozen=True)
class Hall:
    """A gate, and a lane that is this test's own; its room is closed until the test decides otherwise."""

    gate: GateProcess
    data: DataFolder
    rule: LaneRule

    @property
    def address(self) -> str:
        """Of the waiting page."""
        return f"http://127.0.0.1:{self.gate.port}/antre"

    def decide(self, *, draw: DrawPlan | None = None, is_open: bool = False, **rules: Any) -> None:
        """As an operator would; the gate follows within a second."""
        wanted = RoomRules(lanes=(self.rule,), **rules)
        write_room_file(
            self.data.room, RoomFile(is_open=is_open, rules=wanted, draw=draw), uid=Uids.here().app
        )

    def join(self, times: int) -> list[httpx.Response]:
        """As a program does."""
        with httpx.Client() as line:
            return [line.post(f"{self.address}/{self.rule.name}") for _ in range(times)]

    def until(self, holds: Callable[[Any], bool]) -> None:
        """Wait until `holds` of what the gate says."""
        give_up = time.monotonic() + 30
        with httpx.Client() as line:
            while not holds(line.get(f"http://127.0.0.1:{self.gate.port}/now.json").json()["now"]):
                assert time.monotonic() < give_up, "the gate does not follow"
                time.sleep(0.1)

    def until_called(self, number: int) -> None:
        """Wait until the gate has called so many of the lane."""
        self.until(lambda now: now["lanes"][self.rule.name][1] >= number)


@pytest.fixture(scope="module")
def gate() -> Iterator[tuple[GateProcess, DataFolder]]:
    """A gate of all tests here, and its data folder."""
    with tempfile.TemporaryDirectory(prefix="bubuh-page-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        gate = GateProcess.prepare(folder / "data", RoomFile())
        gate.start()
        yield gate, DataFolder(folder / "data")
        gate.stop()


@pytest.fixture(scope="module")
def chromium(gate: object, oracle: Callable[[str], str]) -> Iterator[Browser]:
    """After the gate was started, which runs a loop of its own."""
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=oracle("chromium"), args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def phone(chromium: Browser) -> Iterator[BrowserContext]:
    """Small, and of this test alone."""
    context = chromium.new_context(viewport={"width": 320, "height": 640})
    yield context
    context.close()


LANES = itertools.count(20)


@pytest.fixture
def hall(gate: tuple[GateProcess, DataFolder]) -> Hall:
    lane_id = next(LANES)
    rule = LaneRule(id=lane_id, name=f"umum-{lane_id}", kind=LaneKind.RETAIL, title="Umum")
    made = Hall(*gate, rule)
    made.decide()
    made.until(lambda now: list(now["lanes"]) == [rule.name])
    return made


def without_cache(page: Page) -> CDPSession:
    """Each question of the page goes to the gate; what this gives steers the browser further."""
    tools = page.context.new_cdp_session(page)
    tools.send("Network.enable")
    tools.send("Network.setCacheDisabled", {"cacheDisabled": True})
    return tools


@pytest.mark.oracle
def test_a_place_survives_closed_tabs_lost_network_and_another_device(
    hall: Hall, chromium: Browser, phone: BrowserContext
) -> None:
    asked: list[str] = []
    errors: list[str] = []
    phone.on("request", lambda request: asked.append(request.url.partition("/antre")[2] or request.url))
    page = phone.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(hall.address)
    page.get_by_role("button", name="Umum").click()
    expect(page.locator("#place")).to_have_text("1 nomor di depan")
    expect(page.locator("#go")).to_be_hidden()
    wish = page.get_by_role("link", name="Kabari saya saat dipanggil")
    expect(wish).to_have_attribute(
        "href", re.compile(r"^http://127\.0\.0\.1:1/antre/kabari\?nomor=[\w-]{54}$")
    )
    assert [one.rpartition("/")[2] for one in asked] == [
        *("antre", "now.json", hall.rule.name, "antre", "now.json"),
        "hadir",  # of so few everybody says that they are there
    ]
    code = page.locator("#code").inner_text()
    page.close()

    other = chromium.new_context(java_script_enabled=False).new_page()
    other.goto(hall.address)
    other.wait_for_url("**/antre/tempat")
    other.locator("[name=nomor]").fill(code)
    other.get_by_role("button", name="Lihat tempat saya").click()
    expect(other.locator("body")).to_contain_text("1 nomor di depan")
    expect(other.locator("body")).to_contain_text(code)

    page = phone.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    without_cache(page)
    page.goto(hall.address)
    expect(page.locator("#age")).to_contain_text("Terakhir diperbarui")
    phone.set_offline(True)
    page.evaluate("poll()")
    expect(page.locator("#age")).to_contain_text("tempat Anda aman")
    hall.decide(is_open=True)
    hall.until_called(1)
    phone.set_offline(False)
    page.evaluate("poll()")
    expect(page.locator("#place")).to_have_text("Giliran Anda!")
    expect(page.locator("#go")).to_be_visible()
    assert errors == []


@pytest.mark.oracle
def test_a_slow_phone_keeps_its_place_through_sleep_and_a_lost_network(
    hall: Hall, phone: BrowserContext
) -> None:
    """Six times slower than this machine, on a second-generation network."""
    page = phone.new_page()
    tools = without_cache(page)
    slow = {"offline": False, "latency": 600, "downloadThroughput": 12_500, "uploadThroughput": 6_250}
    tools.send("Network.emulateNetworkConditions", slow)
    tools.send("Emulation.setCPUThrottlingRate", {"rate": 6})
    page.goto(hall.address)
    page.get_by_role("button", name="Umum").click()
    expect(page.locator("#place")).to_have_text("1 nomor di depan", timeout=30_000)
    code = page.locator("#code").inner_text()

    tools.send("Page.setWebLifecycleState", {"state": "frozen"})
    hall.decide(is_open=True)
    hall.until_called(1)  # while it is asleep
    tools.send("Network.emulateNetworkConditions", slow | {"offline": True})
    tools.send("Page.setWebLifecycleState", {"state": "active"})
    page.evaluate("poll()")
    expect(page.locator("#age")).to_contain_text("tempat Anda aman", timeout=30_000)
    expect(page.locator("#code")).to_have_text(code)
    tools.send("Network.emulateNetworkConditions", slow)
    page.evaluate("poll()")
    expect(page.locator("#place")).to_have_text("Giliran Anda!", timeout=30_000)
    expect(page.locator("#proof")).to_have_attribute("href", re.compile(r"/bukti-antre\?nomor=[\w-]{54}$"))


@pytest.mark.oracle
def test_the_page_computes_the_drawn_place_as_the_gate_does(
    hall: Hall, chromium: Browser, phone: BrowserContext
) -> None:
    umum, before = hall.rule.id, 30
    secret, value = bytes(range(32)), "7.412,55"
    plan = DrawPlan(lanes=(umum,), commit=commitment(secret), says="IHSG", closes_at=int(time.time()) + 3600)
    hall.decide(draw=plan)
    page = phone.new_page()
    without_cache(page)
    page.goto(hall.address)
    hall.until(lambda now: "draw" in now)
    assert {answer.status_code for answer in hall.join(before)} == {200}
    page.get_by_role("button", name="Umum").click()
    expect(page.locator("#place")).to_have_text("Urutan belum diundi")
    code = page.locator("#code").inner_text()
    cut = msgspec.structs.replace(plan, closes_at=0)
    hall.decide(draw=revealed(cut, secret, value))
    hall.until(lambda now: now["draw"][1][str(umum)] == [0, before + 1])
    page.evaluate("poll()")
    place = Order(draw_key(secret, value), lane=umum, size=before + 1).place(before)
    expect(page.locator("#place")).to_have_text(f"{place + 1} nomor di depan")
    plain = chromium.new_context(java_script_enabled=False).new_page()
    plain.goto(f"{hall.address}/tempat?nomor={code}")
    expect(plain.locator("body")).to_contain_text(f"{place + 1} nomor di depan")


@pytest.mark.oracle
def test_the_page_does_the_work_and_shows_whose_the_turn_is(hall: Hall, chromium: Browser) -> None:
    """While many join; then the site asks this browser, and another that was given the turn."""
    hall.decide(calm_per_s=0.001, most_work=3_000)
    hall.join(5)
    hall.until(lambda now: "work" in now)
    assert hall.join(1)[0].json()["code"] == "work_needed"
    owner, thief = chromium.new_context(), chromium.new_context()
    page = owner.new_page()
    page.goto(hall.address)
    page.get_by_role("button", name="Umum").click()
    expect(page.locator("#mine")).to_be_visible()
    asked = challenge(ALICE, read_ring(hall.data, PASS_RING), now_s=int(time.time()))
    raw = read_bytes(next(one["value"] for one in owner.cookies() if one["name"] == "giliran"))
    thief.add_cookies(
        [{"name": one["name"], "value": one["value"], "url": hall.address} for one in owner.cookies()]
    )

    def shown(browser: BrowserContext) -> str:
        browser.route("http://127.0.0.1:1/**", lambda route: route.fulfill(body="the site"))
        tab = browser.new_page()
        tab.goto(f"{hall.address}#tantang={show_bytes(asked)}")
        tab.wait_for_url("**/antre/masuk?**")
        return parse_qs(urlsplit(tab.url).query)["bukti"][0]

    turn = read_turn(raw, read_ring(hall.data, TURN_RING), now_s=int(time.time()))
    assert turn.holder is Holder.KEY
    ring = read_ring(hall.data, PASS_RING)
    proof = read_bytes(shown(owner))
    check_key(proof, raw, bind=turn.bind, account_id=ALICE, ring=ring, now_s=int(time.time()))
    assert shown(thief) == "-"


@pytest.mark.oracle
def test_a_place_never_gets_worse_and_the_page_says_why_it_is_slow(hall: Hall, phone: BrowserContext) -> None:
    """The gate's word is told as it might be: also one that a mirror brings late, and one nobody signed."""
    key, said = read_now_key(hall.data), b""
    page = phone.new_page()
    page.goto(hall.address)
    page.get_by_role("button", name="Umum").click()
    expect(page.locator("#place")).to_have_text("1 nomor di depan")
    page.evaluate("me.n=500;me.best=me.first=null")
    page.route("**/now.json", lambda route: route.fulfill(body=said, content_type="application/json"))

    def told(
        serving: int, pace: float, *, at: int, signed_by: Ed25519PrivateKey = key, why: str = ""
    ) -> None:
        nonlocal said
        lane = [hall.rule.id, serving, 900, pace, 0.7]
        now = {"t": at, "open": True, "poll": POLL, "lanes": {hall.rule.name: lane}, "why": why}
        said = sign(msgspec.json.encode(now), signed_by)
        page.evaluate("poll()")

    place, eta, reason = (page.locator(f"#{name}") for name in ("place", "eta", "reason"))
    start = int(time.time()) + 10
    told(100, 2.0, at=start)
    expect(place).to_have_text("400 nomor di depan")
    expect(eta).to_contain_text("antara")
    expect(eta).to_contain_text("3 menit sampai 5 menit")
    expect(reason).to_have_text("")
    told(80, 1.0, at=start + 1)
    expect(reason).to_contain_text("lebih lambat daripada tadi; tempat Anda tetap")
    expect(place).to_have_text("400 nomor di depan")
    told(90, 1.0, at=start + 2, why="bayar")
    expect(reason).to_contain_text("Pembayaran terganggu: jalur untuk membeli melambat")
    told(300, 2.0, at=start - 5)
    expect(page.locator("#age")).to_contain_text("tempat Anda aman")
    told(499, 2.0, at=start + 3, signed_by=Ed25519PrivateKey.generate())
    expect(place).to_have_text("400 nomor di depan")
    told(150, 2.0, at=start + 4)
    expect(place).to_have_text("350 nomor di depan")


@pytest.mark.oracle
def test_the_page_says_whether_its_deadline_is_met_as_the_gate_does_and_what_else_there_is(
    hall: Hall, phone: BrowserContext
) -> None:
    """One number before a deadline, as it comes nearer, is reached, passes or rests."""
    key, said, at = read_now_key(hall.data), b"", int(time.time()) + 10
    page = phone.new_page()
    page.goto(hall.address)
    page.get_by_role("button", name="Umum").click()
    expect(page.locator("#place")).to_have_text("1 nomor di depan")
    page.evaluate("me.n=500;me.best=me.first=null")
    page.route("**/now.json", lambda route: route.fulfill(body=said, content_type="application/json"))
    words: dict[Verdict, str | re.Pattern[str]] = {
        Verdict.YES: re.compile(r"WIB: terkejar\.$"),
        Verdict.LIKELY: "mungkin terkejar, belum pasti",
        Verdict.NO: "jalur umum tetap terbuka sesudahnya",
    }
    for serving, pace, left_s, within in (
        *((100, 1.0, 3_600, 3_000), (100, 1.0, 3_600, 450), (100, 1.0, 3_600, 300)),
        *((100, 0.0, 3_600, 3_000), (499, 0.5, 3_600, 10), (450, 0.01, 900, 60), (450, 0.01, 900, 49)),
    ):
        at += 1
        told = [hall.rule.id, serving, 900, pace, 0.7, int(time.time()) + left_s, "likely", serving + within]
        now = {"t": at, "open": True, "poll": POLL, "lanes": {hall.rule.name: told}}
        said = sign(msgspec.json.encode(now), key)
        page.evaluate("me.best=null;poll()")
        expect(page.locator("#place")).to_have_text(f"{500 - serving} nomor di depan")
        found = verdict(500 - serving, within, left_s, rests=pace == 0)
        expect(page.locator("#deadline")).to_contain_text(words[found])
        if found is Verdict.NO:
            expect(page.locator("#deadline")).to_contain_text(
                f"nomor terakhir yang terkejar {serving + within}."
            )
            expect(page.locator("#deadline")).to_contain_text("Minta bukti antrean di bawah")
    told[5] = int(time.time()) - 1
    said = sign(msgspec.json.encode(now | {"t": at + 1}), key)
    page.evaluate("poll()")
    expect(page.locator("#deadline")).to_contain_text("sudah lewat. Minta bukti antrean di bawah")
    others = page.get_by_role("region", name="Yang perlu Anda tahu")
    expect(others).to_contain_text("Kuota yang sudah dibayar tidak akan hilang.")
    expect(others).to_contain_text("Tanpa antre: periksa meterai, riwayat dan unduhan.")
    expect(others).to_contain_text("Jalur “Sudah punya kuota” lebih cepat")
