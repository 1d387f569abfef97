"""An organisation in Debian's Chromium: two people, one quota, and an end to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.service.conftest import Running
from tests.service.test_site import ARGUMENTS, PIN, buy, code_for, looked_at, register, stamp, submit

pytestmark = [pytest.mark.service, pytest.mark.shared, pytest.mark.long]

FIRM = "Yayasan Pendidikan Anak Bangsa Nusantara Kabupaten Tapanuli Selatan"  # wider than a small screen
SCREEN = {"width": 320, "height": 640}


@pytest.fixture(scope="module")
def chromium(oracle: Callable[[str], str]) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=oracle("chromium"), args=ARGUMENTS)
        yield browser
        browser.close()


def somebody(chromium: Browser) -> Page:
    context = chromium.new_context(viewport=SCREEN, locale="id-ID", bypass_csp=True)  # type: ignore[arg-type]
    return context.new_page()


def expect_acting_for(page: Page, name: str) -> None:
    """The line at the top names them."""
    expect(page.locator(".acting strong")).to_have_text(name)


def invited(page: Page, service: Running, address: str) -> None:
    """Found an organisation and have a code sent to `address`; each page looked at on the way."""
    page.goto(f"{service.url}/akun/ganti")
    looked_at(page)
    page.get_by_role("link", name="Buat akun organisasi").click()
    submit(page)
    expect(page.get_by_role("alert")).to_be_focused()
    looked_at(page)
    page.locator("#name").fill(FIRM)
    submit(page)
    expect_acting_for(page, FIRM)
    looked_at(page)
    page.get_by_role("link", name="Undang anggota").click()
    page.locator("#contact").fill("bukan alamat")
    page.locator("#pin").fill("000000")
    submit(page)
    expect(page.get_by_role("alert")).to_be_focused()
    looked_at(page)
    page.locator("#contact").fill(address)
    page.locator("#pin").fill(PIN)
    submit(page)
    expect(page.locator(".panel h1")).to_have_text("Undangan dibuat")
    looked_at(page)


def accepted(page: Page, service: Running, code: str) -> None:
    """Join by the code, and act for the organisation."""
    page.goto(f"{service.url}/undangan")
    page.locator("#code").fill("AAAA-AAAA-AAAA")
    submit(page)
    expect(page.get_by_role("alert")).to_be_focused()
    looked_at(page)
    page.locator("#code").fill(code)
    submit(page)
    expect(page.locator("h1")).to_have_text(f"Bergabung dengan {FIRM}?")
    looked_at(page)
    submit(page)
    expect(page.locator(".panel h1")).to_have_text(f"Anda bergabung dengan {FIRM}")
    expect_acting_for(page, "Sari Uji")
    looked_at(page)
    submit(page)
    expect_acting_for(page, FIRM)


def test_a_colleague_is_invited_stamps_on_the_common_quota_leaves_and_is_refused(
    service: Running, chromium: Browser
) -> None:
    sari, budi = somebody(chromium), somebody(chromium)
    register(sari, service)
    address = register(budi, service)
    invited(sari, service, address)
    buy(sari, service)  # two stamps, of the organisation
    letter = code_for(budi, service, address, form=r"\w{4}-\w{4}-\w{4}")
    accepted(budi, service, letter)
    stamp(budi, service)
    expect_acting_for(budi, FIRM)
    stamped = budi.url
    sari.goto(f"{service.url}/akun")
    expect(sari.locator("#free")).to_have_text(re.compile("^1 "))
    sari.goto(stamped)
    expect(sari.locator(".panel .serial")).to_be_visible()  # the organisation's, whoever asked
    sari.goto(f"{service.url}/organisasi")
    looked_at(sari)
    sari.get_by_role("link", name="Atur Sari Uji").click()
    looked_at(sari)
    sari.get_by_role("link", name="Keluarkan dari organisasi").click()
    looked_at(sari)
    budi.goto(f"{service.url}/organisasi/keluar")
    looked_at(budi)
    submit(budi)
    expect_acting_for(budi, "Sari Uji")
    expect(budi.locator("#free")).to_have_text(re.compile("^0 "))
    budi.goto(stamped)
    expect(budi.locator("h1")).to_have_text("Tidak ditemukan")
    sari.goto(f"{service.url}/organisasi/keluar")
    looked_at(sari)  # alone, and the quota is not used up
    sari.locator("#pin").fill(PIN)
    submit(sari)
    expect(sari.locator("main")).to_contain_text("Masih ada 1 meterai")
    for page in (sari, budi):
        page.context.close()
