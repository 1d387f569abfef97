"""The waiting page in a browser, over a gate process of its own."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from bubuh.core.privileges import Uids
from bubuh.drill.gate import GateProcess
from bubuh.waitingroom.room_file import RoomFile, write_room_file


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
    assert [one.rpartition("/")[2] for one in asked] == ["antre", "umum", "antre", "now.json"]
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
