"""A browser without scripts: cookies, links, forms; and a person who registers with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from uuid import uuid4

import httpx

from bubuh.core.ids import THE_SERVICE
from bubuh.core.shards import shard_of_account
from bubuh.worker.routes import all_routes, tell
from tests.api.site import PUBLIC_URL, Site

PASSWORD = "kucing makan ikan"
PIN = "482913"


@dataclass
class Form:
    """A form as a page shows it."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


class Forms(HTMLParser):
    """The forms of a page, their fields filled as they are shown."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[Form] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(told["action"]))
        elif tag == "input" and self.found and told.get("name"):
            self._keep(told)

    def _keep(self, told: Mapping[str, str]) -> None:
        if told.get("type") not in {"radio", "checkbox"} or "checked" in told:
            self.found[-1].fields[told["name"]] = told.get("value", "")


class Browser:
    """One browser: what it was shown last, and its cookies."""

    def __init__(self, site: Site, *, language: str = "id") -> None:
        transport = httpx.ASGITransport(site.app, client=("127.0.0.1", 50_000))  # type: ignore[arg-type]
        headers = {"Accept": "text/html", "Accept-Language": language}
        self.site = site
        self.client = httpx.AsyncClient(
            transport=transport, base_url=PUBLIC_URL, headers=headers, timeout=60, follow_redirects=True
        )
        self.page = httpx.Response(204)

    async def open(self, path: str) -> httpx.Response:
        self.page = await self.client.get(path)
        return self.page

    def form(self, action: str | None = None) -> Form:
        """The form of the page that leads to `action`; its first when none is named."""
        found = Forms(self.page.text).found
        return found[0] if action is None else next(form for form in found if form.action == action)

    async def send(
        self,
        form: Form,
        filled: Mapping[str, str] | None = None,
        *,
        action: str | None = None,
        **headers: str,
    ) -> httpx.Response:
        """Send it where it leads, or by the button that leads to `action`."""
        told = {"Origin": PUBLIC_URL, "Sec-Fetch-Site": "same-origin", **headers}
        self.page = await self.client.post(
            action or form.action, data={**form.fields, **(filled or {})}, headers=told
        )
        return self.page

    async def fill(self, path: str | None, filled: Mapping[str, str]) -> httpx.Response:
        """Open a page (or stay) and send its first form."""
        if path is not None:
            await self.open(path)
        return await self.send(self.form(), filled)

    @property
    def path(self) -> str:
        return self.page.request.url.path

    @property
    def heading(self) -> str:
        found = re.search(r"<h1>(.*?)</h1>", self.page.text, re.DOTALL)
        return found[1].strip() if found else ""

    async def letter(self, address: str) -> str:
        """What was sent to `address` last."""
        services = self.site.services
        routes = all_routes(sender=self.site.sender, person_key=services.person_key)
        await tell(services.db, shard_of_account(THE_SERVICE), routes=routes)
        return next(sent.message.text for sent in self.site.sender.letters() if sent.message.to == address)

    async def code(self, address: str) -> str:
        found = re.search(r"\b\d{6}\b", await self.letter(address))
        assert found is not None
        return found[0]


@dataclass
class Citizen:
    """Somebody who registered."""

    browser: Browser
    address: str

    async def sign_in(self, browser: Browser, *, password: str = PASSWORD) -> httpx.Response:
        return await browser.fill("/masuk", {"contact": self.address, "password": password})


async def registered(site: Site, *, pin: str | None = PIN) -> Citizen:
    """A person with an account and, unless told otherwise, a PIN."""
    browser, address = Browser(site), f"{uuid4().hex}@contoh.id"
    await browser.fill("/daftar", {"contact": address})
    await browser.fill(None, {"code": await browser.code(address)})
    await browser.fill(None, {"name": "Sari Uji", "password": PASSWORD})
    assert browser.path == "/akun/pin", browser.page.text
    if pin is not None:
        await browser.fill(None, {"pin": pin, "again": pin, "password": PASSWORD})
        assert browser.path == "/akun", browser.page.text
    return Citizen(browser, address)
