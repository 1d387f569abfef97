"""The waiting page in a browser, over a gate process of its own."""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from bubuh.core.privileges import Uids
from bubuh.drill.gate import GateProcess
from bubuh.gate.now import sign
from bubuh.waitingroom.draw import DrawPlan, Order, commitment, draw_key, revealed
from bubuh.waitingroom.lanes import DEFAULT_RULES
from bubuh.waitingroom.possession import challenge, check_key
from bubuh.waitingroom.room_file import RoomFile, write_room_file
from bubuh.waitingroom.turn import Holder, read_bytes, read_turn, show_bytes
from bubuh.wiring.folder import DataFolder
from bubuh.wiring.room import PASS_RING, TURN_RING, read_now_key, read_ring
from tests.waitingroom.make import ALICE


@pytest.fixture
def chromium(closed_gate: object, oracle: Callable[[str], str]) -> Iterator[Browser]:
    """After the gate was started, which runs a loop of its own."""
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=oracle("chromium"), args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def closed_gate() -> Iterator[tuple[GateProcess, Path, str]]:
    """A gate whose room is not open yet, the room's folder, and the page's address."""
    with tempfile.TemporaryDirectory(prefix="bubuh-page-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        gate = GateProcess.prepare(folder / "data", RoomFile())
        gate.start()
        yield gate, folder / "data" / "room", f"http://127.0.0.1:{gate.port}/antre"
        gate.stop()


@pytest.mark.oracle
def test_a_place_survives_closed_tabs_lost_network_and_another_device(
    closed_gate: tuple[GateProcess, Path, str], chromium: Browser
) -> None:
    _, folder, address = closed_gate
    phone = chromium.new_context(viewport={"width": 320, "height": 640})
    asked: list[str] = []
    errors: list[str] = []
    phone.on("request", lambda request: asked.append(request.url.partition("/antre")[2] or request.url))
    page = phone.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    page.get_by_role("button", name="Umum").click()
    expect(page.locator("#place")).to_have_text("1 nomor di depan")
    expect(page.locator("#go")).to_be_hidden()
    assert [one.rpartition("/")[2] for one in asked] == [
        *("antre", "now.json", "umum", "antre", "now.json"),
        "hadir",  # of so few everybody says that they are there
    ]
    code = page.locator("#code").inner_text()
    page.close()

    other = chromium.new_context(java_script_enabled=False).new_page()
    other.goto(address)
    other.wait_for_url("**/antre/tempat")
    other.locator("[name=nomor]").fill(code)
    other.get_by_role("button", name="Lihat tempat saya").click()
    expect(other.locator("body")).to_contain_text("1 nomor di depan")
    expect(other.locator("body")).to_contain_text(code)

    write_room_file(folder, RoomFile(is_open=True), uid=Uids.here().app)
    page = phone.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    expect(page.locator("#age")).to_contain_text("Terakhir diperbarui")
    page.wait_for_timeout(2_500)  # what the browser may keep is past its time
    phone.set_offline(True)
    page.evaluate("poll()")
    expect(page.locator("#age")).to_contain_text("tempat Anda aman")
    phone.set_offline(False)
    page.wait_for_timeout(2_500)  # two ticks of the gate
    page.evaluate("poll()")
    expect(page.locator("#place")).to_have_text("Giliran Anda!")
    expect(page.locator("#go")).to_be_visible()
    assert errors == []


@pytest.mark.oracle
def test_a_slow_phone_keeps_its_place_through_sleep_and_a_lost_network(
    closed_gate: tuple[GateProcess, Path, str], chromium: Browser
) -> None:
    """Six times slower than this machine, on a second-generation network."""
    _, folder, address = closed_gate
    phone = chromium.new_context(viewport={"width": 320, "height": 640})
    page = phone.new_page()
    tools = phone.new_cdp_session(page)
    slow = {"offline": False, "latency": 600, "downloadThroughput": 12_500, "uploadThroughput": 6_250}
    tools.send("Network.enable")
    tools.send("Network.emulateNetworkConditions", slow)
    tools.send("Emulation.setCPUThrottlingRate", {"rate": 6})
    page.goto(address)
    page.get_by_role("button", name="Umum").click()
    expect(page.locator("#place")).to_have_text("1 nomor di depan", timeout=30_000)
    code = page.locator("#code").inner_text()

    tools.send("Page.setWebLifecycleState", {"state": "frozen"})
    write_room_file(folder, RoomFile(is_open=True), uid=Uids.here().app)
    page.wait_for_timeout(2_500)  # asleep while the gate calls
    tools.send("Network.emulateNetworkConditions", slow | {"offline": True})
    tools.send("Page.setWebLifecycleState", {"state": "active"})
    page.evaluate("poll()")
    expect(page.locator("#age")).to_contain_text("tempat Anda aman", timeout=30_000)
    expect(page.locator("#code")).to_have_text(code)
    tools.send("Network.emulateNetworkConditions", slow)
    page.evaluate("poll()")
    expect(page.locator("#place")).to_have_text("Giliran Anda!", timeout=30_000)
    expect(page.locator("#proof")).to_have_attribute("href", re.compile(rf"/bukti-antre\?nomor={code}$"))


@pytest.mark.oracle
def test_the_page_computes_the_drawn_place_as_the_gate_does(
    closed_gate: tuple[GateProcess, Path, str], chromium: Browser
) -> None:
    gate, folder, address = closed_gate
    umum, before = DEFAULT_RULES.by_name("umum").id, 30
    secret, value = bytes(range(32)), "7.412,55"
    plan = DrawPlan(lanes=(umum,), commit=commitment(secret), says="IHSG", closes_at=int(time.time()) + 3600)

    def decide(wanted: DrawPlan) -> None:
        write_room_file(folder, RoomFile(draw=wanted), uid=Uids.here().app)

    decide(plan)
    page = chromium.new_context().new_page()
    page.goto(address)
    _until(gate, lambda now: "draw" in now)
    for _ in range(before):
        assert httpx.post(f"http://127.0.0.1:{gate.port}/antre/umum").status_code == 200
    page.get_by_role("button", name="Umum").click()
    expect(page.locator("#place")).to_have_text("Urutan belum diundi")
    code = page.locator("#code").inner_text()
    cut = msgspec.structs.replace(plan, closes_at=0)
    decide(revealed(cut, secret, value))
    _until(gate, lambda now: now["draw"][1][str(umum)] == [0, before + 1])
    page.wait_for_timeout(2_100)  # what the browser may keep is past its time
    page.evaluate("poll()")
    place = Order(draw_key(secret, value), lane=umum, size=before + 1).place(before)
    expect(page.locator("#place")).to_have_text(f"{place + 1} nomor di depan")
    plain = chromium.new_context(java_script_enabled=False).new_page()
    plain.goto(f"{address}/tempat?nomor={code}")
    expect(plain.locator("body")).to_contain_text(f"{place + 1} nomor di depan")


@pytest.mark.oracle
def test_the_page_does_the_work_and_shows_whose_the_turn_is(
    closed_gate: tuple[GateProcess, Path, str], chromium: Browser
) -> None:
    """While many join; then the site asks this browser, and another that was given the turn."""
    gate, folder, address = closed_gate
    rules = msgspec.structs.replace(DEFAULT_RULES, calm_per_s=0.001, most_work=3_000)
    write_room_file(folder, RoomFile(rules=rules), uid=Uids.here().app)
    for _ in range(5):
        httpx.post(f"http://127.0.0.1:{gate.port}/antre/umum")
    _until(gate, lambda now: "work" in now)
    assert httpx.post(f"http://127.0.0.1:{gate.port}/antre/umum").json()["code"] == "work_needed"
    owner, thief = chromium.new_context(), chromium.new_context()
    page = owner.new_page()
    page.goto(address)
    page.get_by_role("button", name="Umum").click()
    expect(page.locator("#mine")).to_be_visible()
    asked = challenge(ALICE, read_ring(DataFolder(folder.parent), PASS_RING), now_s=int(time.time()))
    raw = read_bytes(next(one["value"] for one in owner.cookies() if one["name"] == "giliran"))
    thief.add_cookies(
        [{"name": one["name"], "value": one["value"], "url": address} for one in owner.cookies()]
    )

    def shown(browser: BrowserContext) -> str:
        browser.route("http://127.0.0.1:1/**", lambda route: route.fulfill(body="the site"))
        tab = browser.new_page()
        tab.goto(f"{address}#tantang={show_bytes(asked)}")
        tab.wait_for_url("**/antre/masuk?**")
        return parse_qs(urlsplit(tab.url).query)["bukti"][0]

    turn = read_turn(raw, read_ring(DataFolder(folder.parent), TURN_RING), now_s=int(time.time()))
    assert turn.holder is Holder.KEY
    ring = read_ring(DataFolder(folder.parent), PASS_RING)
    proof = read_bytes(shown(owner))
    check_key(proof, raw, bind=turn.bind, account_id=ALICE, ring=ring, now_s=int(time.time()))
    assert shown(thief) == "-"


@pytest.mark.oracle
def test_a_place_never_gets_worse_and_the_page_says_why_it_is_slow(
    closed_gate: tuple[GateProcess, Path, str], chromium: Browser
) -> None:
    """The gate's word is told as it might be: also one that a mirror brings late, and one nobody signed."""
    _, folder, address = closed_gate
    key, said = read_now_key(DataFolder(folder.parent)), b""
    phone = chromium.new_context(viewport={"width": 320, "height": 640})
    page = phone.new_page()
    page.goto(address)
    page.get_by_role("button", name="Umum").click()
    expect(page.locator("#place")).to_have_text("1 nomor di depan")
    page.evaluate("me.n=500;me.best=me.first=null")
    page.route("**/now.json", lambda route: route.fulfill(body=said, content_type="application/json"))

    def told(
        serving: int, pace: float, *, at: int, signed_by: Ed25519PrivateKey = key, why: str = ""
    ) -> None:
        nonlocal said
        lane = [DEFAULT_RULES.by_name("umum").id, serving, 900, pace, 0.7]
        now = {"t": at, "open": True, "poll": [0.25, 10, 300], "lanes": {"umum": lane}, "why": why}
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


def _until(gate: GateProcess, holds: Callable[[Any], bool]) -> None:
    """Wait until `holds` of what the gate says."""
    give_up = time.monotonic() + 30
    while not holds(httpx.get(f"http://127.0.0.1:{gate.port}/now.json").json()["now"]):
        assert time.monotonic() < give_up, "the gate does not follow"
        time.sleep(0.2)
