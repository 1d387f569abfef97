"""A citizen in a real browser, from nothing to the stamped document: for figures and pictures of pages."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import wraps
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar
from uuid import uuid4

from playwright.async_api import Browser, Page, TimeoutError as BrowserTimeout, async_playwright

from bubuh.core.errors import Fault

ARGUMENTS: Final = (
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
)
PASSWORD: Final = "kucing makan ikan"  # noqa: S105 -- of a citizen who exists for a minute
PIN: Final = "482913"
LIMIT_S: Final = 120.0  #: of one step
_PATIENCE_MS: Final = 60_000
_LETTER_TRIES: Final = 120
_LETTER_EVERY_MS: Final = 250

Walked = ParamSpec("Walked")
Found = TypeVar("Found")


class NoBrowser(Fault):
    """There is no Chromium on this machine (Debian: `apt-get install chromium`)."""

    code = "no_browser"


class WalkStalled(Fault):
    """A step of a walk did not come to its end within `LIMIT_S`; its name is told."""

    code = "walk_stalled"


def _limited(step: Callable[Walked, Awaitable[Found]]) -> Callable[Walked, Coroutine[Any, Any, Found]]:
    """`step`, ended by `WalkStalled` where it would wait for ever: a browser may never answer."""

    @wraps(step)
    async def limited(*args: Walked.args, **kwargs: Walked.kwargs) -> Found:
        try:
            async with asyncio.timeout(LIMIT_S):
                return await step(*args, **kwargs)
        except (TimeoutError, BrowserTimeout) as late:
            raise WalkStalled(
                f"{getattr(step, '__name__', step)}: {str(late) or f'not done in {LIMIT_S:.0f} s'}"
            ) from late

    return limited


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """This machine's own Chromium, without a window; raises `NoBrowser`."""
    found = shutil.which("chromium")
    if found is None:
        raise NoBrowser
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        yield browser
        await browser.close()


@_limited
async def submit(page: Page) -> None:
    """Press the button of the page's first form, by keyboard, and wait for the page it leads to."""
    button = page.locator("main form button").first
    await button.focus()
    await _leave(page, lambda: page.keyboard.press("Enter"))


async def _leave(page: Page, act: Callable[[], Awaitable[None]]) -> None:
    """Do `act`, and wait until another document is there and loaded.

    The one that is left is marked: a script that writes into the browser's history (place.js) leaves nothing.
    """
    await page.evaluate("() => { document.documentElement.dataset.left = '' }")
    await act()
    await page.locator("html:not([data-left]) body").wait_for(state="attached", timeout=_PATIENCE_MS)
    await page.wait_for_load_state("load", timeout=_PATIENCE_MS)


@_limited
async def register(page: Page, url: str) -> str:
    """A new account with a password and a PIN; its address."""
    address = f"{uuid4().hex[:12]}@contoh.id"
    await page.goto(f"{url}/daftar")
    await page.locator("#contact").fill(address)
    await submit(page)
    await page.locator("#code").fill(await _code(page, url, address))
    await submit(page)
    await page.locator("#name").fill("Sari Lestari")
    await page.locator("#password").fill(PASSWORD)
    await submit(page)
    for name in ("#pin", "#again"):
        await page.locator(name).fill(PIN)
    await page.locator("#password").fill(PASSWORD)
    await submit(page)
    return address


@_limited
async def sign_in(page: Page, url: str, address: str) -> None:
    """Sign in with the password."""
    await page.goto(f"{url}/masuk")
    await page.locator("#contact").fill(address)
    await page.locator("#password").fill(PASSWORD)
    await submit(page)


@_limited
async def order(page: Page, url: str, *, stamps: int) -> None:
    """Order by QRIS; the page is the order's."""
    await page.goto(f"{url}/beli")
    await page.locator("#stamps").fill(str(stamps))
    await submit(page)


@_limited
async def pay(page: Page) -> None:
    """Pay the order on the page at the pretended gateway, and wait until the page says so."""
    gateway = await page.context.new_page()
    await gateway.goto(str(await page.locator("a[rel=noreferrer]").get_attribute("href")))
    # Chromium may forget to close a page that is just on its way to another
    await _leave(gateway, gateway.locator("button").first.click)
    await gateway.close()
    await page.get_by_role("heading", name="Kuota sudah bertambah").wait_for(timeout=_PATIENCE_MS)


@_limited
async def send(page: Page, url: str, document: Path) -> None:
    """Send a document; the page is where its stamp is placed."""
    await page.goto(f"{url}/bubuhkan")
    await page.locator("#file").set_input_files(document)
    await submit(page)


@_limited
async def describe(page: Page) -> None:
    """Say what is stamped; the page is the last one before the PIN."""
    await page.locator("#type").fill("Surat lamaran")
    await page.locator("#number").fill("001/SL/2026")
    await page.locator("#date").fill("2026-11-22")
    await submit(page)


@_limited
async def affix(page: Page) -> None:
    """Give the PIN, and wait until the stamp is there."""
    await page.locator("#pin").fill(PIN)
    await page.locator("#pin").press("Enter")
    await page.locator(".panel .serial").wait_for(timeout=_PATIENCE_MS)


@_limited
async def download(page: Page) -> bytes:
    """The stamped document."""
    async with page.expect_download() as told:
        await page.locator("a[download]").first.click()
    return (await (await told.value).path()).read_bytes()


async def _code(page: Page, url: str, address: str) -> str:
    """The code in the letter that the development sender kept; the outbox is told once a second."""
    letters = await page.context.new_page()
    letter = letters.locator("article", has_text=address).first
    for _ in range(_LETTER_TRIES):
        await letters.goto(f"{url}/dev/letters")
        if await letter.count():
            break
        await letters.wait_for_timeout(_LETTER_EVERY_MS)
    found = re.search(r"\b\d{6}\b", (await letter.inner_text()).split(address)[1])
    await letters.close()
    assert found is not None, "a letter with a code holds it"
    return found[0]
