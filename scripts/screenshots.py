"""Take the pictures of the main pages, on a phone and on a desktop: `docs/screenshots/*.webp`.

    .venv/bin/python scripts/screenshots.py          # or `make screenshots`

It starts a service of its own and walks through it in this machine's Chromium.
"""

from __future__ import annotations

import asyncio
import io
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.async_api import Page

from bubuh.bench import walk
from bubuh.drill.service import running

ROOT: Final = Path(__file__).parents[1]
LETTER: Final = ROOT / "tests/data/surat-lamaran.pdf"
SCREENS: Final = {"phone": {"width": 320, "height": 640}, "desktop": {"width": 1024, "height": 720}}
_MOST_HEIGHT_PX: Final = 1_400

Shoot = Callable[[str], Awaitable[None]]


def keep(where: Path, document: bytes) -> None:
    """For the verify page to look at."""
    where.write_bytes(document)


async def walked(page: Page, url: str, shoot: Shoot, stamped: Path) -> None:
    """From the front page to the help page, a picture at each stop."""
    await page.goto(url)
    await shoot("front")
    await walk.register(page, url)
    await walk.order(page, url, stamps=3)
    await shoot("pay")
    await walk.pay(page)
    order = page.url
    await shoot("paid")
    await page.goto(f"{url}/bubuhkan")
    await shoot("upload")
    await walk.send(page, url, LETTER)
    await shoot("place")
    await walk.describe(page)
    await page.locator("#pin").wait_for()  # the page before writes what was filled in into its history first
    await shoot("check")
    await walk.affix(page)
    await shoot("affixed")
    stamp = page.url
    keep(stamped, await walk.download(page))
    await walk.order(page, url, stamps=1)
    for name, path in (
        ("account", f"{url}/akun"),
        ("history", f"{url}/riwayat"),
        ("movements", f"{url}/riwayat/kuota"),
        ("order", order),
        ("receipt", f"{stamp}/bukti"),
        ("help", stamp.replace("/meterai/", "/bantuan/")),
    ):
        await page.goto(path)
        await shoot(name)
    await page.locator("#words").fill("Berkasnya tidak terbuka di ponsel saya.")
    await walk.submit(page)
    await shoot("complaint")
    await page.goto(f"{url}/periksa")
    await page.locator("#file").set_input_files(stamped)
    await page.locator("#compared h2").wait_for()
    await shoot("verify")
    await page.locator("#consent").check()
    await walk.submit(page)
    await shoot("verdict")


async def taken(folder: Path, kept: Path) -> None:
    """All pictures, into `folder`; the service keeps its data in `kept`."""
    async with running(kept / "data") as service, walk.chromium() as browser:
        for screen, viewport in SCREENS.items():
            context = await browser.new_context(viewport=viewport, locale="id-ID")  # type: ignore[arg-type]
            page = await context.new_page()

            async def shoot(
                name: str, screen: str = screen, size: dict[str, int] = viewport, page: Page = page
            ) -> None:
                width, whole = await page.evaluate("[innerWidth, document.documentElement.scrollHeight]")
                tall = max(size["height"], min(whole, _MOST_HEIGHT_PX))
                await page.set_viewport_size({"width": width, "height": tall})  # a bar stays at its foot
                picture = Image.open(io.BytesIO(await page.screenshot()))
                await page.set_viewport_size(size)  # type: ignore[arg-type]
                picture.convert("RGB").save(folder / f"{name}-{screen}.webp", quality=60, method=6)

            await walked(page, service.url, shoot, kept / "surat-bermeterai.pdf")
            await context.close()


def main() -> None:
    """Into the folder that is named, or the documents' own."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs/screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bubuh-pictures-", ignore_cleanup_errors=True) as kept:
        Path(kept).chmod(0o755)
        asyncio.run(taken(folder, Path(kept)))


if __name__ == "__main__":
    main()
