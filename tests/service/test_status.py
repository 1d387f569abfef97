"""The status page of the whole service: true while all is well, and when everything else is stopped."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from os import kill
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import sync_playwright

from bubuh.outages.kept import FOLDER
from tests.service.conftest import Running
from tests.service.test_site import ARGUMENTS, looked_at

pytestmark = [pytest.mark.service, pytest.mark.shared]

PATIENCE_S = 60.0
DATABASE = ("--id", "Basis data berhenti.", "--en", "The database has stopped.")
OVER = ("--id", "Sudah normal.", "--en", "Back to normal.")


def until(service: Running, wanted: Callable[[Mapping[str, Any]], bool]) -> Mapping[str, Any]:
    """The page's facts, once they are as wanted."""
    give_up, told = time.monotonic() + PATIENCE_S, dict[str, Any]()
    while time.monotonic() < give_up:
        try:
            told = dict(httpx.get(f"{service.run.status}/status.json", timeout=5).raise_for_status().json())
        except httpx.HTTPError:
            time.sleep(0.2)  # it has just begun
            continue
        if wanted(told):
            return told
        time.sleep(0.5)
    raise AssertionError(told)


def test_it_tells_what_is_so_and_outlives_the_others(
    service: Running, oracle: Callable[[str], str], tmp_path: Path
) -> None:
    until(service, lambda told: told["state"] == "ok" and told["books"] is not None)
    partner = service.json("account", "create", "--name", "Toko", "--kind", "channel")["id"]
    service.json("partner", "show", partner, "--name", "Toko A")
    words = ("--id", "Pembubuhan terganggu.", "--en", "Stamping is disrupted.", "--next", "30")
    outage = service.json("outage", "open", "stamp", *words)
    until(service, lambda told: told["functions"]["stamp"]["reason"] == "declared")
    names = [f"outages/{outage['id']}.json", f"outages/{outage['id']}.p7s", "root.pem"]
    until(service, lambda _: httpx.get(f"{service.run.status}/{names[1]}").is_success)
    for name in names:
        fetched = httpx.get(f"{service.run.status}/{name}").raise_for_status()
        (tmp_path / Path(name).name).write_bytes(fetched.content)
    record, signature, root = (tmp_path / Path(name).name for name in names)
    subprocess.run(
        (
            *(oracle("openssl"), "cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any"),
            *("-CAfile", root, "-content", record, "-in", signature, "-out", tmp_path / "proved"),
        ),
        check=True,
        capture_output=True,
    )
    assert (tmp_path / "proved").read_bytes() == record.read_bytes()
    until(service, lambda told: [each["stock"] for each in told["partners"]] == ["none"])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=oracle("chromium"), args=ARGUMENTS)
        for name in ("", "en.html"):
            page = browser.new_page(viewport={"width": 320, "height": 700})
            page.goto(f"{service.run.status}/{name}")
            looked_at(page, bands=0)  # it is static, and the same in development
        browser.close()
    assert service.bubuh("outage", "close", outage["id"], *OVER).returncode == 0
    postmaster = service.pid("postgres")
    stopped = [service.pid("web"), postmaster, *children(postmaster)]
    for pid in stopped:
        kill(pid, signal.SIGSTOP)
    try:
        night = declared_without_the_database(service, before=outage["id"])
    finally:
        for pid in stopped:
            kill(pid, signal.SIGCONT)
    until(service, lambda _: httpx.get(f"{service.run.status}/outages/{night}.p7s").is_success)
    (stands,) = [each for each in service.json("outage", "list")["outages"] if each["id"] == night]
    assert [update["en"] for update in stands["updates"]] == [DATABASE[3], OVER[3]]
    assert stands["ended_at"] is not None
    kept = service.data / "status" / FOLDER
    assert list(kept.iterdir()) == []
    assert service.bubuh("audit", "verify").returncode == 0
    service.json("partner", "hide", partner)
    until(service, lambda told: told["state"] == "ok")


def children(pid: int) -> list[int]:
    """The postmaster's, with the backends of everybody who is connected."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in listed.split()]


def declared_without_the_database(service: Running, *, before: str) -> str:
    """An outage that the page tells although nothing of it can be written anywhere else; its id."""
    opened = service.json("outage", "open", "buy", "stamp", *DATABASE, "--next", "15")
    told = until(
        service,
        lambda told: told["functions"]["buy"]["state"] == "down" and told["partners"][0]["stock"] is None,
    )
    assert told["functions"]["buy"]["reason"] == "no_answer"
    assert told["partners"][0]["name"] == "Toko A", "remembered, and not measured"
    told = until(service, lambda told: opened["id"] in [each["id"] for each in told["outages"]])
    assert [each["id"] for each in told["outages"]] == [opened["id"], before], (
        "remembered without the database"
    )
    assert DATABASE[1] in httpx.get(f"{service.run.status}/feed.xml").text
    assert service.bubuh("outage", "open", "buy", "--id", " ", "--en", "x").returncode == 1
    service.json("outage", "close", opened["id"], *OVER)
    told = until(service, lambda told: told["outages"][0]["ended_at"] is not None)
    assert told["outages"][0]["id"] == opened["id"]
    return str(opened["id"])
