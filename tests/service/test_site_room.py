"""The waiting room before the site, with real processes: sent away, joined, called, entered, bought."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import httpx
import msgspec
import pytest
from playwright.sync_api import Browser, Page, expect

from bubuh.waitingroom.lanes import REPAIR_ID, LaneKind, LaneRule, RoomRules
from bubuh.waitingroom.turn import read_bytes, show_bytes
from tests.service.conftest import LETTER, Citizen, Running, open_citizen, until
from tests.service.test_site import (  # noqa: F401 -- a fixture
    buy,
    chromium,
    looked_at,
    register,
    submit,
)

pytestmark = [pytest.mark.service, pytest.mark.shared]

PASS, UMUM = "pas", 3
RULES = RoomRules(
    lanes=(
        LaneRule(id=REPAIR_ID, name="perbaikan", kind=LaneKind.REPAIR, title="Perbaikan"),
        LaneRule(id=UMUM, name="umum", kind=LaneKind.RETAIL, title="Umum"),
    ),
    per_s=100.0,
)


@pytest.fixture
def open_room(service: Running, tmp_path: Path) -> Callable[[int], None]:
    """Opens a room with so many places."""
    rules = tmp_path / "rules.json"

    def act(slots: int) -> None:
        wanted = msgspec.structs.replace(RULES, slots=slots)
        rules.write_text(json.dumps(msgspec.to_builtins(wanted)))
        assert service.json("room", "open", "--rules", str(rules))["is_open"]
        until(lambda: json.loads(now(service))["now"]["open"])

    return act


def now(service: Running) -> str:
    return httpx.get(f"{service.run.gate}/now.json").text


def citizen(chromium: Browser, service: Running) -> Page:  # noqa: F811
    page = chromium.new_context(locale="id-ID", bypass_csp=True).new_page()
    register(page, service)
    return page


def pass_of(page: Page) -> str | None:
    return next((c["value"] for c in page.context.cookies() if c["name"] == PASS), None)


def lane_of(page: Page) -> int:
    shown = pass_of(page)
    assert shown is not None
    return read_bytes(shown)[1]


def join(page: Page, service: Running) -> None:
    """From the refusal to the waiting page, and a turn in the lane for everybody."""
    page.get_by_role("link", name="Ambil nomor antrean").click()
    page.wait_for_url(f"{service.run.gate}/antre")
    page.get_by_role("button", name="Umum").click()
    expect(page.locator("#mine")).to_be_visible()


def sent_to_queue(page: Page, service: Running, path: str) -> bool:
    page.goto(service.url + path)
    return page.locator("h1").inner_text() == "Sedang ada antrean"


def test_a_deadline_night(
    service: Running,
    chromium: Browser,  # noqa: F811
    open_room: Callable[[int], None],
) -> None:
    sari, budi, tini = (citizen(chromium, service) for _ in range(3))
    assert not sent_to_queue(sari, service, "/beli")  # closed: nothing changes
    assert pass_of(sari) is None
    order(tini, service)
    open_room(1)
    until(lambda: sent_to_queue(sari, service, "/beli"))
    looked_at(sari)
    assert sent_to_queue(sari, service, "/bubuhkan")
    assert not sent_to_queue(sari, service, "/riwayat")
    assert sent_to_queue(sari, service, "/beli")
    join(sari, service)
    expect(sari.locator("#go")).to_be_visible(timeout=30_000)
    sari.locator("#go").click()
    sari.wait_for_url("**/antre/masuk?**bukti=**")  # it was asked whether the turn is its own
    looked_at(sari)
    submit(sari)
    expect(sari).to_have_url(f"{service.url}/beli")  # back where she was
    buy(sari, service)
    _the_second_waits(budi, service)
    _foreign_and_forged_are_refused(sari, budi, service)
    _a_lost_pass_is_given_again(sari, service)
    _an_open_order_needs_no_turn_and_is_the_only_one(tini, service)
    assert not service.json("room", "close")["is_open"]
    until(lambda: not sent_to_queue(budi, service, "/beli"))
    _audited(service)


@pytest.mark.long  # in the gate its parts: web/test_remind.py, gate/test_page.py, reminders/
def test_who_asked_is_told_when_called_and_exactly_once(
    service: Running,
    chromium: Browser,  # noqa: F811
    open_room: Callable[[int], None],
) -> None:
    """From the waiting page on a small phone to the message; the workers die just when the room opens."""
    small = {"width": 320, "height": 640}
    page = chromium.new_context(locale="id-ID", viewport=small, bypass_csp=True).new_page()  # type: ignore[arg-type]
    address = register(page, service)
    page.goto(f"{service.run.gate}/antre")
    page.get_by_role("button", name="Umum").click()
    expect(page.locator("#mine")).to_be_visible()
    page.get_by_role("link", name="Kabari saya saat dipanggil").click()
    page.wait_for_url("**/antre/kabari?nomor=*")
    looked_at(page)
    submit(page)
    expect(page.get_by_role("status")).to_contain_text("Anda akan dikabari")
    looked_at(page)
    assert told(service, address) == []
    service.kill("worker-1")
    open_room(100)
    until(lambda: lives(service, "worker-1"))
    service.kill("worker-1")
    until(lambda: len(told(service, address)) == 1)
    page.reload()
    expect(page.get_by_role("status")).to_contain_text("Sudah dipanggil")
    looked_at(page)
    page.goto(str(re.search(r"http://\S+/antre", told(service, address)[0]).group()))  # type: ignore[union-attr]
    page.locator("#go").click()
    page.wait_for_url("**/antre/masuk?**bukti=**")
    submit(page)
    assert pass_of(page) is not None
    assert len(told(service, address)) == 1
    assert not service.json("room", "close")["is_open"]


def lives(service: Running, name: str) -> bool:
    try:
        return service.pid(name) > 0
    except LookupError:
        return False


def told(service: Running, address: str) -> list[str]:
    """What the development sender has for `address` about a turn."""
    kept = [json.loads(path.read_bytes()) for path in (service.data / "letters").glob("*.json")]
    return [one["text"] for one in kept if one["to"] == address and "Giliran Anda" in one["text"]]


def _the_second_waits(budi: Page, service: Running) -> None:
    """The one place is taken."""
    assert sent_to_queue(budi, service, "/beli")
    join(budi, service)
    turn = json.loads(budi.evaluate("localStorage.getItem('giliran')"))["turn"]
    budi.goto(f"{service.url}/antre/masuk?nomor={turn}")
    budi.wait_for_url("**/antre/masuk?**bukti=**")
    submit(budi)
    expect(budi.get_by_role("alert")).to_contain_text("nomor")
    assert pass_of(budi) is None


def _foreign_and_forged_are_refused(sari: Page, budi: Page, service: Running) -> None:
    mine = pass_of(sari)
    assert mine is not None
    raw = read_bytes(mine)
    forged = show_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    for shown in (mine, forged, "x" * 54, "\N{LATIN SMALL LETTER E WITH ACUTE}"):
        budi.context.add_cookies([{"name": PASS, "value": shown, "url": service.url}])
        assert sent_to_queue(budi, service, "/beli"), shown
    budi.goto(f"{service.url}/antre/masuk?nomor=0000-0000-0000-0000")
    submit(budi)
    expect(budi.get_by_role("alert")).to_contain_text("bukan dari layanan ini")


def order(page: Page, service: Running) -> None:
    page.goto(f"{service.url}/beli")
    submit(page)
    assert re.search(r"/pesanan/ord_", page.url)


def _a_lost_pass_is_given_again(sari: Page, service: Running) -> None:
    """She is inside, with an order open."""
    order(sari, service)
    sari.context.clear_cookies(name=PASS)
    assert not sent_to_queue(sari, service, "/beli")
    assert lane_of(sari) == UMUM


def _an_open_order_needs_no_turn_and_is_the_only_one(tini: Page, service: Running) -> None:
    """She ordered before, comes by the repair lane to that order, and to nothing else."""
    assert not sent_to_queue(tini, service, "/beli")
    assert lane_of(tini) == REPAIR_ID
    submit(tini)
    expect(tini.locator("h1")).to_have_text("Masih ada pesanan yang belum dibayar")
    assert sent_to_queue(tini, service, "/bubuhkan")


def _audited(service: Running) -> None:
    shown = service.json("room", "show")
    assert not shown["is_open"]
    assert shown["rules"]["slots"] == 1
    assert service.bubuh("audit", "verify").returncode == 0


def test_programs_queue_while_a_lane_of_partners_is_open(
    service: Running, citizen: Citizen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator's commands, the gate, the header: as an integrator meets them."""

    assert service.json("room", "open", "--per-s", "100", "--slots", "100")["is_open"]
    until(lambda: json.loads(now(service))["now"]["open"])
    assert order_of(citizen).status_code == 201, "no lane of partners is open"
    service.json("room", "lane", "open", "mitra", "--kind", "partner", "--title", "Mitra")
    assert service.json("room", "lane", "name", "mitra", citizen.account)["accounts"] == [citizen.account]
    until(lambda: "mitra" in json.loads(now(service))["now"]["lanes"])
    with open_citizen(service, stamps=1) as stranger:
        until(lambda: order_of(stranger).status_code == 429)
        refused = stranger.http.post("/v1/turns", json={"lane": "mitra"})
        assert (refused.status_code, refused.json()["code"]) == (403, "not_named")
    taken = citizen.http.post("/v1/turns", json={}).json()
    assert taken["lane"] == "mitra"
    until(lambda: citizen.http.get("/v1/turns/mitra").json()["state"] == "called")
    given = citizen.http.post("/v1/passes", json={"turn": taken["code"]}).json()["pass"]
    citizen.http.headers["Bubuh-Pass"] = given
    assert citizen.ask_for_stamp(citizen.upload()).status_code == 202
    with open_citizen(service, stamps=1) as stranger:
        secret = stranger.http.headers["Authorization"].removeprefix("Bearer ")
        monkeypatch.setenv("BUBUH_API_KEY", secret)
        done = service.bubuh("affix", str(LETTER), "-o", str(tmp_path / "a.pdf"), "--url", service.url)
        assert done.returncode == 0, done.stderr
        assert "queueing: number" in done.stderr
        assert (tmp_path / "a.pdf").read_bytes().startswith(LETTER.read_bytes())
    assert service.json("room", "lane", "close", "mitra")["state"] == "closed"
    until(lambda: "mitra" not in json.loads(now(service))["now"]["lanes"])
    with open_citizen(service, stamps=1) as stranger:
        until(lambda: order_of(stranger).status_code == 201)
    assert not service.json("room", "close")["is_open"]
    assert service.bubuh("audit", "verify").returncode == 0


def order_of(someone: Citizen) -> httpx.Response:
    headers = {"Idempotency-Key": str(uuid4())}
    return someone.http.post("/v1/orders", json={"stamps": 1, "method": "va"}, headers=headers)
