"""A visit of somebody who was called: enter, buy, pay, send a document, affix, as a browser would."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Final
from urllib.parse import urlencode

from bubuh.drill.exchange import Line, NoAnswer, Reply
from bubuh.drill.surge.files import honest, hostile
from bubuh.drill.surge.folk import PIN, Person

_FORM: Final = "application/x-www-form-urlencoded"
_FOLLOWS_S: Final = 0.4  #: between two looks at what is under way
_GIVES_UP_S: Final = 60.0
_TOKEN: Final = re.compile(r'name="token" value="([^"]+)"')
_PAY: Final = re.compile(r'<a href="(http://[^"]+)" rel="noreferrer">')


class Stopped(Exception):
    """The visit cannot go on; why stands in its words."""


@dataclass(slots=True)
class Visits:
    """What all visits showed. Times are of honest people, each with when it began (monotonic)."""

    entered: list[float] = field(default_factory=list)  #: when
    buy_s: list[tuple[float, float]] = field(default_factory=list)  #: until one is told how to pay
    credit_s: list[tuple[float, float]] = field(
        default_factory=list
    )  #: from paying until the stamps are seen
    upload_s: list[tuple[float, float]] = field(default_factory=list)
    stamp_s: list[tuple[float, float]] = field(default_factory=list)  #: from the PIN until it is seen affixed
    done: int = 0
    missed: int = 0  #: called, and their window over before they were in
    statuses: Counter[str] = field(default_factory=Counter)  #: of honest people
    hostile: Counter[str] = field(default_factory=Counter)
    stopped: Counter[str] = field(default_factory=Counter)  #: why honest visits ended early
    refused: list[float] = field(default_factory=list)  #: when anybody was answered 429 or 5xx


class Visit:
    """One browser."""

    def __init__(
        self, url: str, person: Person, seen: Visits, rng: random.Random, *, is_hostile: bool
    ) -> None:
        self._url, self._seen, self._rng, self._is_hostile = url, seen, rng, is_hostile
        self._line = Line(source=person.source)
        self._cookies = {"bubuh": person.secret}

    async def make(self, turn: str) -> None:
        """From the turn to the stamped document."""
        try:
            if not await self._enter(turn):
                self._seen.missed += 1
                return
            self._seen.entered.append(time.monotonic())
            await self._buy()
            document = await self._upload()
            if document is not None:
                await self._affix(document)
            if not self._is_hostile:
                self._seen.done += 1
        except Stopped as why:
            if not self._is_hostile:
                self._seen.stopped[str(why)] += 1
        finally:
            self._line.close()

    async def _enter(self, turn: str) -> bool:
        give_up_s = time.monotonic() + _GIVES_UP_S
        page = await self._get(f"/antre/masuk?nomor={turn}")
        while time.monotonic() < give_up_s:
            reply = await self._post("/antre/masuk", page, {"number": turn}, also=(409,))
            if reply.status == 303:
                return True
            if b"segera ada" not in reply.body:
                return False
            page = reply
            await asyncio.sleep(self._rng.uniform(1.0, 4.0))  # called, and no place just now
        return False

    async def _buy(self) -> None:
        page = await self._get("/beli")
        began_s = time.monotonic()
        reply = await self._post("/beli", page, {"stamps": "1", "method": "qris"})
        order = _led_to(reply)
        while (found := _PAY.search((await self._get(order)).body.decode())) is None:
            await self._wait(began_s, "no way to pay")
        paid_s = self._took(self._seen.buy_s, began_s)
        await self._pay(unescape(found[1]))
        while b'class="panel"' not in (await self._get(f"{order}/keadaan")).body:
            await self._wait(paid_s, "no stamps after paying")
        self._took(self._seen.credit_s, paid_s)

    async def _pay(self, address: str) -> None:
        line = Line()
        try:
            await line.call("POST", address)
        except NoAnswer as error:
            raise Stopped("the gateway does not answer") from error
        finally:
            line.close()

    async def _upload(self) -> str | None:
        """Where the document's page is; None when it was refused, as a hostile one may be."""
        page = await self._get("/bubuhkan")
        words = f"{self._rng.getrandbits(64):x}"
        content = hostile(words) if self._is_hostile else honest(words)
        body, kind = _multipart(_token(page), content)
        began_s = time.monotonic()
        reply = await self._call("POST", "/bubuhkan", body, kind)
        if reply.status != 303:
            if self._is_hostile:
                return None
            raise Stopped(f"upload {reply.status}")
        self._took(self._seen.upload_s, began_s)
        return _led_to(reply)

    async def _affix(self, document: str) -> None:
        page = await self._get(document)
        await self._call("GET", f"{document}/halaman/1")
        wanted = {
            "page": "1",
            "preset": "kanan-bawah",
            "side": "70",
            "type": "surat lamaran",
            "number": "-",
            "date": "2026-11-23",
        }
        page = await self._post(f"{document}/periksa", page, wanted)
        began_s = time.monotonic()
        stamp = _led_to(await self._post(f"{document}/pin", page, wanted | {"pin": PIN}))
        while b'class="serial"' not in (await self._get(f"{stamp}/keadaan")).body:
            await self._wait(began_s, "not affixed")
        self._took(self._seen.stamp_s, began_s)

    def _took(self, where: list[tuple[float, float]], began_s: float) -> float:
        now_s = time.monotonic()
        if not self._is_hostile:
            where.append((began_s, now_s - began_s))
        return now_s

    async def _wait(self, since_s: float, why: str) -> None:
        if time.monotonic() - since_s > _GIVES_UP_S:
            raise Stopped(why)
        await asyncio.sleep(_FOLLOWS_S)

    async def _get(self, path: str) -> Reply:
        reply = await self._call("GET", path)
        if not reply.is_success:
            raise Stopped(f"GET {reply.status}")
        return reply

    async def _post(
        self, path: str, page: Reply, fields: Mapping[str, str], *, also: tuple[int, ...] = ()
    ) -> Reply:
        body = urlencode({"token": _token(page), **fields}).encode()
        reply = await self._call("POST", path, body, _FORM)
        if not reply.is_success and reply.status not in {303, *also}:
            raise Stopped(f"POST {path.split('/')[1]} {reply.status}")
        return reply

    async def _call(self, method: str, path: str, body: bytes = b"", kind: str = "") -> Reply:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        headers = {"Cookie": cookies, "Accept": "text/html", "Accept-Language": "id"}
        if kind:
            headers["Content-Type"] = kind
        told = self._seen.hostile if self._is_hostile else self._seen.statuses
        try:
            reply = await self._line.call(method, self._url + path, headers=headers, body=body)
        except NoAnswer as error:
            told["none"] += 1
            raise Stopped("no answer") from error
        told[str(reply.status)] += 1
        if reply.status == 429 or reply.status >= 500:
            self._seen.refused.append(time.monotonic())
        for cookie in reply.cookies:
            name, _, rest = cookie.partition("=")
            self._cookies[name] = rest.partition(";")[0]
        return reply


def _token(page: Reply) -> str:
    found = _TOKEN.search(page.body.decode())
    if found is None:
        raise Stopped("a page without its form")
    return found[1]


def _led_to(reply: Reply) -> str:
    if reply.status != 303:
        raise Stopped(f"no way on, {reply.status}")
    return reply.headers["location"]


def _multipart(token: str, content: bytes) -> tuple[bytes, str]:
    """A form with a file, and its type. Source: RFC 7578."""
    edge = "drill-3f1c9b"
    head = (
        f'--{edge}\r\nContent-Disposition: form-data; name="token"\r\n\r\n{token}\r\n'
        f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="surat.pdf"\r\n'
        "Content-Type: application/pdf\r\n\r\n"
    )
    return head.encode() + content + f"\r\n--{edge}--\r\n".encode(), f"multipart/form-data; boundary={edge}"
