"""From buying to verifying in Chromium: by finger, mouse, keys, without scripts; and when it fails."""

from __future__ import annotations

import asyncio
import io
import os
import random
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pikepdf
import pytest
from playwright.sync_api import Browser, Page, Route, StorageState, expect, sync_playwright

from bubuh.core.ids import read_id, show_account
from bubuh.pdf.geometry import as_seen, seen_size
from bubuh.pdf.intake.inspection import inspect
from bubuh.pdf.model import Place, Rect
from bubuh.pdf.preview import covered
from tests.service.conftest import LETTER, Running
from tests.service.test_site import ARGUMENTS, PASSWORD, PIN, code_for, looked_at, pay

pytestmark = [pytest.mark.service, pytest.mark.shared]

NEAR_PT = 0.5
PHONE: dict[str, Any] = {"viewport": {"width": 320, "height": 640}, "has_touch": True, "is_mobile": True}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}


@pytest.fixture(scope="module")
def chromium(oracle: Callable[[str], str]) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=oracle("chromium"), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def signed_in(service: Running, chromium: Browser) -> StorageState:
    """The cookies of somebody who registered, has a PIN and 50 stamps."""
    context, address = chromium.new_context(locale="id-ID"), f"{uuid4().hex[:12]}@contoh.id"
    page = context.new_page()
    page.goto(f"{service.url}/daftar")
    for filled in (
        {"contact": address},
        {"code": ""},
        {"name": "Sari Uji", "password": PASSWORD},
        {"pin": PIN, "again": PIN, "password": PASSWORD},
    ):
        for name, text in filled.items():
            page.locator(f"#{name}").fill(text or code_for(page, service, address))
        with page.expect_navigation():
            page.locator("main form button").first.click()
    expect(page).to_have_url(f"{service.url}/akun")
    account = asked(service, "SELECT account_id FROM memberships ORDER BY created_at DESC LIMIT 1")
    service.json("quota", "allot", show_account(account), "50")
    state = context.storage_state()
    context.close()
    return state


def asked(service: Running, statement: str, *arguments: object) -> Any:
    """One value, as the database's owner reads it."""

    async def ask() -> Any:
        owner: asyncpg.Connection = await service.owner()
        try:
            return await owner.fetchval(statement, *arguments)
        finally:
            await owner.close()

    with ThreadPoolExecutor(1) as elsewhere:  # the browser's loop runs in this thread
        return elsewhere.submit(asyncio.run, ask()).result()


@contextmanager
def opened(chromium: Browser, state: StorageState, **options: Any) -> Iterator[Page]:
    """A page of the signed-in person's, that says nothing on its console and asks nobody else."""
    context = chromium.new_context(
        **{"locale": "id-ID", "storage_state": state, "bypass_csp": True, **options}
    )
    context.set_default_timeout(15_000)
    page, said, hosts = context.new_page(), list[str](), set[str]()
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    yield page
    assert said == []
    assert len(hosts) == 1
    context.close()


def turned(rotate: int) -> bytes:
    """Two empty pages, the second turned and cut."""
    written = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        pdf.add_blank_page(page_size=(500, 700))
        pdf.pages[1].obj.Rotate = rotate
        pdf.pages[1].obj.CropBox = pikepdf.Array([20, 30, 480, 620])
        pdf.save(written)
    return written.getvalue()


@dataclass(frozen=True)
class Hand:
    """What somebody uses a page with: each takes the page and what a thing is called."""

    press: Callable[[Page, str], None]
    tick: Callable[[Page, str], None]


def buy(page: Page, service: Running, hand: Hand, *, scripts: bool = True) -> None:
    """One stamp more, paid at the pretended gateway in another window."""
    page.goto(f"{service.url}/beli")
    hand.press(page, "Lanjut ke pembayaran")
    expect(page.get_by_role("heading", level=1)).to_have_text("Bayar Rp10.000")
    pay(page)
    if not scripts:
        hand.press(page, "Periksa pembayaran sekarang")
    expect(page.get_by_role("heading", name="Kuota sudah bertambah")).to_be_visible(timeout=20_000)


def verify(page: Page, service: Running, hand: Hand, document: bytes) -> None:
    """Have the whole document judged."""
    page.goto(f"{service.url}/periksa")
    file = {"name": "surat kuasa-bermeterai.pdf", "mimeType": "application/pdf", "buffer": document}
    page.get_by_label("Berkas PDF").set_input_files(file)  # type: ignore[arg-type]
    hand.tick(page, "Saya setuju berkas ini dikirim untuk diperiksa.")
    hand.press(page, "Kirim dan periksa")
    expect(page.get_by_role("heading", level=1)).to_have_text("Asli")


def send(page: Page, service: Running, document: bytes) -> None:
    page.goto(f"{service.url}/bubuhkan")
    file = {"name": "surat kuasa.pdf", "mimeType": "application/pdf", "buffer": document}
    page.locator("#file").set_input_files(file)  # type: ignore[arg-type]
    page.get_by_role("button", name="Kirim dan lanjut").click()
    page.wait_for_url("**/bubuhkan/doc_*")


def tell_about_it(page: Page) -> None:
    page.get_by_role("textbox", name="Jenis dokumen").fill("Surat kuasa")
    page.get_by_role("textbox", name="Nomor dokumen").fill("-")
    page.get_by_label("Tanggal dokumen").fill("2026-11-22")


def placed(page: Page) -> tuple[float, float, float]:
    """What the form says: x, y and side."""
    x, y, side = (float(page.locator(f"#{name}").input_value()) for name in ("x", "y", "side"))
    return x, y, side


def affix(page: Page) -> bytes:
    """From the page of places to the stamped document."""
    page.get_by_role("button", name="Periksa dahulu").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Periksa sebelum dibubuhkan")
    page.get_by_label("PIN").fill(PIN)
    page.get_by_label("PIN").press("Enter")
    expect(page.get_by_role("heading", name="Meterai sudah dibubuhkan")).to_be_visible(timeout=20_000)
    with page.expect_download() as download:
        page.get_by_role("link", name="Unduh dokumen bermeterai").click()
    assert download.value.suggested_filename == "surat kuasa-bermeterai.pdf"
    return download.value.path().read_bytes()


def rects(document: bytes, number: int) -> list[Rect]:
    """The stamps on a page as its reader sees them, in points from the top left."""
    box = inspect(document).box(number)
    with pikepdf.open(io.BytesIO(document)) as pdf:
        marks = [
            [float(value) for value in mark.Rect] for mark in pdf.pages[number - 1].obj.get("/Annots", [])
        ]
    return [as_seen(Rect(*mark), box) for mark in marks]


def near(rect: Rect, place: tuple[float, float, float]) -> bool:
    x, y, side = place
    wanted = (x, y, x + side, y + side)
    return all(
        abs(one - other) <= NEAR_PT
        for one, other in zip((rect.x0, rect.y0, rect.x1, rect.y1), wanted, strict=True)
    )


def middle(page: Page) -> tuple[float, float]:
    """Of the face on the screen."""
    shown = page.locator("#sheet-face").bounding_box()
    assert shown is not None
    return shown["x"] + shown["width"] / 2, shown["y"] + shown["height"] / 2


def on_sheet(page: Page, across: float, down: float) -> tuple[float, float]:
    """A point of the screen by its share of the page."""
    page.locator("#sheet").evaluate("sheet => sheet.scrollIntoView({block: 'center'})")
    shown = page.locator("#sheet").bounding_box()
    assert shown is not None
    return shown["x"] + across * shown["width"], shown["y"] + down * shown["height"]


def is_at(page: Page, across: float, down: float) -> bool:
    """Whether the face's middle, as the form says it, is there on the page, to a pixel of the screen."""
    wide, high = seen_of(page)
    shown = page.locator("#sheet").bounding_box()
    assert shown is not None
    x, y, side = placed(page)
    off = abs(x + side / 2 - across * wide), abs(y + side / 2 - down * high)
    return max(off) <= wide / shown["width"]


def seen_of(page: Page) -> tuple[float, float]:
    box = page.locator("#sheet").get_attribute("viewBox")
    assert box is not None
    wide, high = box.split()[2:]
    return float(wide), float(high)


def click(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def tap(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).tap()


MOUSE = Hand(click, lambda page, name: page.get_by_label(name).check())
FINGER = Hand(tap, lambda page, name: page.get_by_label(name).tap())


def test_with_a_finger_on_a_link_that_breaks(
    service: Running, chromium: Browser, signed_in: StorageState
) -> None:
    with opened(chromium, signed_in, **PHONE) as page:
        broken: list[str] = []

        def break_once(route: Route) -> None:
            if route.request.method == "PATCH" and not broken:
                broken.append(route.request.url)
                route.abort()
            else:
                route.continue_()

        page.route("**/unggahan/**", break_once)
        buy(page, service, FINGER)
        send(page, service, turned(90))
        assert len(broken) == 1
        looked_at(page)
        page.touchscreen.tap(*on_sheet(page, 0.3, 0.4))
        assert is_at(page, 0.3, 0.4)
        expect(page.get_by_role("status")).to_contain_text("Meterai di kiri tengah")
        first = placed(page)
        page.get_by_role("button", name="Tambah satu meterai lagi").click()
        page.get_by_role("button", name="Halaman berikutnya").click()
        page.wait_for_load_state("networkidle")
        assert seen_of(page) == (590, 460)
        goal = on_sheet(page, 0.7, 0.6)
        drag_with_a_finger(page, middle(page), goal)
        assert is_at(page, 0.7, 0.6)
        looked_at(page)
        second = placed(page)
        tell_about_it(page)
        page.get_by_role("button", name="Periksa dahulu").last.tap()
        expect(page.locator(".note").last).to_contain_text("2 keping akan dipakai")
        looked_at(page)
        page.get_by_role("button", name="Ubah").tap()
        page.wait_for_load_state("networkidle")
        assert placed(page) == second  # the way back forgets nothing
        document = affix(page)
        verify(page, service, FINGER, document)
    assert [len(rects(document, number)) for number in (1, 2)] == [1, 1]
    assert near(rects(document, 1)[0], first)
    assert near(rects(document, 2)[0], second)


def drag_with_a_finger(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    cdp = page.context.new_cdp_session(page)
    steps = [
        (start[0] + (end[0] - start[0]) * part / 8, start[1] + (end[1] - start[1]) * part / 8)
        for part in range(9)
    ]
    for number, (x, y) in enumerate(steps):
        kind = "touchMove" if number else "touchStart"
        cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    cdp.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    cdp.detach()


def drag_with_a_pen(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.evaluate(
        "document.getElementById('sheet-face').addEventListener('pointerdown', e => pen = e.pointerType)"
    )
    cdp = page.context.new_cdp_session(page)
    for kind, (x, y), buttons in (
        ("mouseMoved", start, 0),
        ("mousePressed", start, 1),
        ("mouseMoved", end, 1),
        ("mouseReleased", end, 0),
    ):
        facts = {"type": kind, "x": x, "y": y, "button": "left", "buttons": buttons, "pointerType": "pen"}
        cdp.send("Input.dispatchMouseEvent", {**facts, "clickCount": 1})
    cdp.detach()
    assert page.evaluate("pen") == "pen"


@pytest.mark.parametrize(
    "rotate", [0, *(pytest.param(turn, marks=pytest.mark.long) for turn in (90, 180, 270))]
)
def test_tap_drag_keys_and_presets_lead_to_one_place(
    rotate: int, service: Running, chromium: Browser, signed_in: StorageState
) -> None:
    with opened(chromium, signed_in, **DESKTOP) as page:
        buy(page, service, MOUSE)
        send(page, service, turned(rotate))
        page.get_by_role("button", name="Halaman berikutnya").click()
        page.wait_for_load_state("networkidle")
        wide, high = seen_of(page)
        page.get_by_role("radio", name="Tengah").check()
        named = placed(page)
        assert named == pytest.approx(((wide - 80) / 2, (high - 80) / 2, 80))
        page.mouse.click(*on_sheet(page, 0.1, 0.9))
        assert is_at(page, 0.1, 0.9)
        page.mouse.click(*on_sheet(page, 0.5, 0.5))
        assert is_at(page, 0.5, 0.5)
        page.mouse.move(*middle(page))
        page.mouse.down()
        page.mouse.move(*on_sheet(page, 0.8, 0.2), steps=8)
        page.mouse.up()
        assert is_at(page, 0.8, 0.2)
        drag_with_a_pen(page, middle(page), on_sheet(page, 0.3, 0.6))
        assert is_at(page, 0.3, 0.6)
        page.mouse.move(*middle(page))
        page.mouse.down()
        page.mouse.move(*on_sheet(page, 2, 2), steps=4)
        page.mouse.up()
        assert placed(page) == pytest.approx((wide - 80, high - 80, 80))
        face = page.get_by_role("application", name="Meterai, geser dengan tombol panah")
        face.focus()
        before = placed(page)
        for key in ("ArrowLeft", "Shift+ArrowUp"):
            page.keyboard.press(key)
        after = placed(page)
        assert before[0] - after[0] == pytest.approx(72 / 25.4, abs=0.02)
        assert before[1] - after[1] == pytest.approx(5 * 72 / 25.4, abs=0.02)
        page.locator("summary").click()
        page.locator("#x").fill(f"{named[0]}")
        page.locator("#y").fill(f"{named[1]}".replace(".", ","))
        shown = [page.locator("#sheet-face").get_attribute(name) for name in ("x", "y")]
        assert [float(length or "nan") for length in shown] == pytest.approx(named[:2], abs=0.01)
        tell_about_it(page)
        document = affix(page)
        verify(page, service, MOUSE, document)
    assert near(rects(document, 2)[0], named)
    assert seen_size(inspect(document).box(2)) == (wide, high)


#: Puts the face at each of `places` by the page's fields, as typing does; tells what the page says of each.
JUDGED = """places => places.map(place => {
  const { elements } = document.getElementById("sheet").closest("form");
  ["side", "x", "y"].forEach((name, at) => {
    elements[name].value = place[at];
    elements[name].dispatchEvent(new Event("input"));
  });
  return document.getElementById("sheet-face").classList.contains("over");
})"""
SAID = """() => {
  window.said = [];
  const covers = document.getElementById("covers");
  new MutationObserver(() => said.push(covers.textContent)).observe(covers, { childList: true });
}"""
INKED = "Meterai menutupi tulisan atau tanda lain di halaman 1"


def test_what_a_face_covers_is_said_while_it_moves(
    service: Running, chromium: Browser, signed_in: StorageState
) -> None:
    with opened(chromium, signed_in, **DESKTOP) as page:
        fetched: list[str] = []
        page.on("request", lambda request: fetched.append(request.url.rpartition("/")[2]))
        send(page, service, LETTER.read_bytes())
        covers = page.locator("#covers")
        expect(covers).to_be_empty()
        page.evaluate(SAID)
        page.evaluate("document.getElementById('sheet').scrollIntoView()")
        page.mouse.move(*middle(page))
        page.mouse.down()
        page.mouse.move(*on_sheet(page, 0.3, 0.3), steps=40)  # over lines and the room between them
        expect(covers).to_contain_text(INKED)
        expect(page.locator("#sheet-face")).to_have_class("over")
        page.mouse.move(*on_sheet(page, 0.8, 0.9), steps=40)
        expect(covers).to_be_empty()
        page.mouse.up()
        assert page.evaluate("said.length") <= 4  # not once a line
        looked_at(page)
        page.mouse.click(*on_sheet(page, 0.3, 0.3))
        expect(covers).to_contain_text(INKED)
        looked_at(page)
        page.get_by_role("button", name="Tambah satu meterai lagi").click()
        expect(page.get_by_text(INKED)).to_have_count(1)  # the first still does; said once, by the script
        page.locator("#sheet-face").focus()
        page.mouse.click(*on_sheet(page, 0.35, 0.3))
        expect(covers).to_contain_text("Dua meterai bertumpuk di halaman 1")
    assert fetched.count("1") == 2  # once for each time the page was shown


def test_the_page_judges_as_the_server_does(
    service: Running, chromium: Browser, signed_in: StorageState
) -> None:
    chosen, box = random.Random(5), inspect(LETTER.read_bytes()).box(1)
    wide, high = seen_size(box)
    sides = [round(chosen.uniform(40, 120), 2) for _ in range(300)]
    places = [
        [side, round(chosen.uniform(0, wide - side), 2), round(chosen.uniform(0, high - side), 2)]
        for side in sides
    ]
    with opened(chromium, signed_in, **DESKTOP) as page:
        send(page, service, LETTER.read_bytes())
        page.mouse.click(*on_sheet(page, 0.3, 0.3))
        expect(page.locator("#covers")).to_contain_text(INKED)
        told = page.evaluate(JUDGED, places)
    wanted = [(Place(page=1, x_pt=x, y_pt=y, side_pt=side), box) for side, x, y in places]
    assert told == list(covered(LETTER.read_bytes(), wanted))
    assert 0.1 < sum(told) / len(told) < 0.9  # both were met


def test_by_keyboard_and_names_alone(service: Running, chromium: Browser, signed_in: StorageState) -> None:
    """Nothing is pointed at: what has a name is reached with Tab and used with keys."""
    with opened(chromium, signed_in, **DESKTOP) as page:
        buy(page, service, KEYS)
        page.goto(f"{service.url}/bubuhkan")
        page.get_by_label("Berkas PDF").set_input_files(LETTER)  # the dialog is the system's own
        reach(page, "Kirim dan lanjut")
        page.keyboard.press("Enter")
        page.wait_for_url("**/bubuhkan/doc_*")
        reach(page, "Meterai, geser dengan tombol panah")
        page.keyboard.press("Shift+ArrowLeft")
        expect(page.get_by_role("status")).to_contain_text("164 mm dari kiri")
        reach(page, "Ke atas")
        page.keyboard.press("Space")
        place = placed(page)
        reach(page, "Jenis dokumen")
        page.keyboard.type("Surat lamaran")
        reach(page, "Nomor dokumen")
        page.keyboard.type("-")
        reach(page, "Tanggal dokumen")
        page.keyboard.type("11222026")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Periksa sebelum dibubuhkan")
        reach(page, "PIN")
        page.keyboard.type(PIN)
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Meterai sudah dibubuhkan")).to_be_visible(timeout=20_000)
        reach(page, "Unduh dokumen bermeterai")
        with page.expect_download() as download:
            page.keyboard.press("Enter")
        document = download.value.path().read_bytes()
        verify(page, service, KEYS, document)
    assert near(rects(document, 1)[0], place)


def test_the_way_back_leads_to_the_page_as_it_was_left(
    service: Running, chromium: Browser, signed_in: StorageState
) -> None:
    """From the check page, by the browser's own button: moves that no server saw are not lost."""
    with opened(chromium, signed_in) as page:
        send(page, service, LETTER.read_bytes())
        tell_about_it(page)
        page.locator("details summary").click()
        page.locator("#side").fill("60")
        page.locator("#sheet-face").press("Shift+ArrowLeft")
        page.locator("#sheet-face").press("ArrowUp")
        left = placed(page), page.locator("#type").input_value(), page.locator("#where").inner_text()
        for _ in range(2):
            page.get_by_role("button", name="Periksa dahulu").click()
            page.wait_for_url("**/periksa")
            page.go_back()
            page.wait_for_function("document.querySelector('#type').value")
            told = placed(page), page.locator("#type").input_value(), page.locator("#where").inner_text()
            assert told == left
            face = [page.locator("#sheet-face").get_attribute(name) for name in ("x", "y", "width")]
            assert tuple(float(length or "nan") for length in face) == left[0]


def reach(page: Page, name: str) -> None:
    """Press Tab until what has the focus is called `name`."""
    called = """() => {
        const on = document.activeElement;
        return on.getAttribute("aria-label") || on.labels?.[0]?.innerText || on.innerText || "";
    }"""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate(called).strip() == name:
            return
    raise AssertionError(f"Tab does not lead to {name}")


def enter(page: Page, name: str) -> None:
    reach(page, name)
    page.keyboard.press("Enter")


def space(page: Page, name: str) -> None:
    reach(page, name)
    page.keyboard.press("Space")


KEYS = Hand(enter, space)


def test_without_scripts(service: Running, chromium: Browser, signed_in: StorageState) -> None:
    with opened(chromium, signed_in, **PHONE, java_script_enabled=False) as page:
        buy(page, service, MOUSE, scripts=False)
        send(page, service, turned(270))
        page.get_by_role("button", name="Halaman berikutnya").click()
        picture = page.get_by_role("button", name="Ketuk untuk menaruh meterai di halaman ini")
        shown = picture.bounding_box()
        assert shown is not None
        assert shown["width"] == 280
        picture.click(position={"x": 100, "y": 80})
        wide, _ = seen_of(page)
        x, y, side = placed(page)
        assert (x + side / 2, y + side / 2) == pytest.approx((100.5 * wide / 280, 80.5 * wide / 280), abs=3)
        tell_about_it(page)
        document = affix(page)
        verify(page, service, MOUSE, document)
    assert near(rects(document, 2)[0], (x, y, side))


def test_a_stamp_that_fails_gives_its_quota_back_before_the_watchers_eyes(
    service: Running, chromium: Browser, signed_in: StorageState
) -> None:
    """The worker is held still, so that what the sweeper does to work that died can be watched."""
    with opened(chromium, signed_in, **PHONE) as page, held_still(service):
        page.goto(f"{service.url}/akun")
        before = page.locator("#free").inner_text()
        send(page, service, turned(0))
        tell_about_it(page)
        page.get_by_role("button", name="Periksa dahulu").last.click()
        page.get_by_label("PIN").fill(PIN)
        page.get_by_label("PIN").press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Diterima")
        expect(page.locator("#state")).to_contain_text("Ini yang berikutnya dalam antreannya", timeout=20_000)
        looked_at(page)
        gave_back(service, read_id("stm", page.url.rpartition("/")[2]))
        expect(page.get_by_role("heading", level=1)).to_have_text(
            "Refund: kuota dikembalikan", timeout=20_000
        )
        expect(page.locator(".panel")).to_contain_text("Kuota Anda sekarang")
        looked_at(page)
        page.goto(f"{service.url}/akun")
        assert page.locator("#free").inner_text() == before


@contextmanager
def held_still(service: Running) -> Iterator[None]:
    workers = [service.pid(name) for name in service.run.pids if name.startswith("worker")]
    assert workers
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)


def gave_back(service: Running, stamp_id: UUID) -> None:
    outcome = asked(
        service,
        "SELECT r.outcome FROM stamps s, LATERAL stamping_return_n(s.shard, ARRAY[s.id], "
        "ARRAY[s.account_id], ARRAY[NULL::int], ARRAY['waited_too_long'], "
        "ARRAY['sweeper']) r WHERE s.id = $1",
        stamp_id,
    )
    assert outcome == "done"


@pytest.mark.long
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["id", "en"])
def test_each_page_in_both_languages_and_themes(
    language: str, theme: str, service: Running, chromium: Browser, signed_in: StorageState
) -> None:
    options: dict[str, Any] = {"locale": language, "color_scheme": theme}
    with opened(chromium, signed_in, **PHONE, **options) as page:
        page.goto(f"{service.url}/bubuhkan")
        looked_at(page)
        page.locator("#file").set_input_files(LETTER)
        page.locator("#send button").click()
        page.wait_for_url("**/bubuhkan/doc_*")
        page.locator("button[value=add]").click()
        page.wait_for_load_state("networkidle")
        assert page.locator("html").get_attribute("lang") == language
        looked_at(page)
        page.locator(".bar button").click()
        expect(page.get_by_role("alert")).to_be_focused()
        looked_at(page)
        for name, text in (("type", "Surat"), ("number", "-"), ("date", "2026-11-22")):
            page.locator(f"#{name}").fill(text)
        page.locator(".bar button").click()
        expect(page.locator("#pin")).to_be_visible()
        looked_at(page)
        page.locator("#pin").fill(PIN)
        page.locator("#pin").press("Enter")
        expect(page.locator("h1 + p .serial")).to_be_visible(timeout=20_000)
        looked_at(page)
