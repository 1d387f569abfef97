from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping
from typing import Any

import asyncpg
import httpx
import pytest

from bubuh.core.ids import read_id
from bubuh.core.shards import shard_of_account
from bubuh.documents import store
from bubuh.documents.model import LIMIT_BYTES, PartialUpload
from bubuh.documents.parts import MOST_UNFINISHED, drop_expired
from tests.api.site import LETTER, PUBLIC_URL, Site
from tests.web.browser import Browser, Citizen, registered
from tests.web.test_stamp import session_of

journey = pytest.mark.asyncio(loop_scope="module")

DOCUMENT = LETTER.read_bytes()
TUS = {"Tus-Resumable": "1.0.0", "Origin": PUBLIC_URL, "Accept": "*/*"}


def metadata(**facts: str) -> str:
    return ",".join(f"{name} {base64.b64encode(text.encode()).decode()}" for name, text in facts.items())


async def token_of(browser: Browser) -> str:
    await browser.open("/bubuhkan")
    return browser.form("/bubuhkan").fields["token"]


async def begun(
    browser: Browser,
    headers: Mapping[str, str] | None = None,
    *,
    size: int = len(DOCUMENT),
    name: str = "surat.pdf",
    token: str | None = None,
) -> httpx.Response:
    told = metadata(filename=name, token=token or await token_of(browser))
    sent = {**TUS, "Upload-Length": str(size), "Upload-Metadata": told, **(headers or {})}
    return await browser.client.post("/unggahan", headers=sent)


async def patched(
    browser: Browser, path: str, offset: int | str, data: bytes, **headers: str
) -> httpx.Response:
    sent = {**TUS, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream", **headers}
    return await browser.client.patch(path, content=data, headers=sent)


async def finished(browser: Browser, path: str, token: str | None = None) -> httpx.Response:
    fields = {"token": token or await token_of(browser), "upload": path.rpartition("/")[2]}
    browser.page = await browser.client.post(
        "/bubuhkan",
        data=fields,
        files={"file": ("", b"", "application/octet-stream")},
        headers={"Origin": PUBLIC_URL},
    )
    return browser.page


async def found(site: Site, citizen: Citizen, path: str) -> PartialUpload | None:
    account_id = (await session_of(site, citizen.browser)).account_id
    return await store.find_upload(site.services.db, account_id, read_id("upl", path.rpartition("/")[2]))


async def objects_of(site: Site) -> set[str]:
    return {kept.key async for kept in site.services.objects.list()}


@journey
async def test_a_document_in_parts_is_the_document(site: Site) -> None:
    sari = await registered(site)
    before = await objects_of(site)
    token = await token_of(sari.browser)
    made = await begun(sari.browser, token=token)
    assert (made.status_code, made.headers["upload-offset"]) == (201, "0")
    path = made.headers["location"]
    again = await begun(sari.browser, token=token)
    assert again.headers["location"] == path  # the same file of the same form
    for start, end in ((0, 1), (1, 9_000), (9_000, len(DOCUMENT))):
        answer = await patched(sari.browser, path, start, DOCUMENT[start:end])
        assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(end))
        asked = await sari.browser.client.head(path, headers=TUS)
        assert (asked.status_code, asked.headers["upload-offset"]) == (200, str(end))
        assert asked.headers["cache-control"] == "no-store"
        assert asked.headers["upload-length"] == str(len(DOCUMENT))
    parts = await objects_of(site) - before
    assert len(parts) == 3
    for key in parts:
        assert b"PDF" not in await site.services.objects.read(key)  # sealed like everything kept here
    page = await finished(sari.browser, path, token)
    assert sari.browser.path.startswith("/bubuhkan/doc_"), page.text
    assert "surat.pdf" in page.text
    assert parts & await objects_of(site) == set()
    assert await found(site, sari, path) is None
    document = sari.browser.path
    await finished(sari.browser, path, token)
    assert sari.browser.path == document  # a second tap
    assert (await sari.browser.client.head(path, headers=TUS)).status_code == 404


@journey
async def test_what_does_not_go_on_where_the_upload_stands_is_refused(site: Site) -> None:
    sari = await registered(site)
    path = (await begun(sari.browser)).headers["location"]
    assert (await patched(sari.browser, path, 0, DOCUMENT[:100])).status_code == 204
    for offset in (0, 99, 101):
        answer = await patched(sari.browser, path, offset, DOCUMENT[offset : offset + 10])
        assert answer.status_code == 409
        assert answer.json()["code"] == "upload_offset"
    answers = await asyncio.gather(
        *(patched(sari.browser, path, 100, DOCUMENT[100 : 200 + n]) for n in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [204, 409, 409, 409]
    upload = await found(site, sari, path)
    assert upload is not None
    assert len(upload.parts) == 2
    rest = upload.received_bytes
    assert (await patched(sari.browser, path, rest, DOCUMENT[rest:] + b"x")).status_code == 413
    assert (await patched(sari.browser, path, rest, b"")).headers["upload-offset"] == str(rest)
    await patched(sari.browser, path, rest, DOCUMENT[rest:])
    assert "surat.pdf" in (await finished(sari.browser, path)).text


@journey
async def test_headers_that_say_nothing_are_refused(site: Site) -> None:
    sari = await registered(site)
    browser = sari.browser
    path = (await begun(browser)).headers["location"]
    assert (await begun(browser, {"Tus-Resumable": "0.2.2"})).status_code == 412
    assert (await patched(browser, path, 0, b"%PDF", **{"Tus-Resumable": ""})).status_code == 412
    assert (await patched(browser, path, 0, b"%PDF", **{"Content-Type": "text/plain"})).status_code == 415
    assert (await patched(browser, path, "-1", b"%PDF")).status_code == 400
    assert (await begun(browser, {"Upload-Length": "many"})).status_code == 400
    assert (await begun(browser, {"Upload-Metadata": "filename ?"})).status_code == 400
    assert (await begun(browser, size=0)).status_code == 400
    assert (await begun(browser, size=LIMIT_BYTES + 1)).status_code == 413
    assert (await begun(browser, token="x")).status_code == 403
    assert (await begun(browser, {"Origin": "https://lain.example"})).status_code == 403


@journey
async def test_an_upload_is_its_owners_alone(site: Site) -> None:
    sari, budi = await registered(site), await registered(site)
    path = (await begun(sari.browser)).headers["location"]
    await patched(sari.browser, path, 0, DOCUMENT)
    assert (await budi.browser.client.head(path, headers=TUS)).status_code == 404
    assert (await patched(budi.browser, path, 0, b"x")).status_code == 404
    stolen = await finished(budi.browser, path)
    assert (stolen.status_code, budi.browser.heading) == (404, "Bubuhkan meterai")
    assert (await Browser(site).client.head(path, headers=TUS)).status_code == 401
    assert "surat.pdf" in (await finished(sari.browser, path)).text


@journey
async def test_what_is_not_whole_is_never_opened(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    sari = await registered(site)
    opened: list[int] = []
    inspect = site.services.sandbox.inspect

    async def counted(document: bytes) -> Any:
        opened.append(len(document))
        return await inspect(document)

    monkeypatch.setattr(site.services.sandbox, "inspect", counted)
    path = (await begun(sari.browser)).headers["location"]
    await patched(sari.browser, path, 0, DOCUMENT[:-1])
    early = await finished(sari.browser, path)
    assert (early.status_code, opened) == (409, [])
    assert "belum sampai seluruhnya" in early.text
    await patched(sari.browser, path, len(DOCUMENT) - 1, DOCUMENT[-1:])
    await finished(sari.browser, path)
    assert (opened, sari.browser.path[:14]) == ([len(DOCUMENT)], "/bubuhkan/doc_")


@journey
async def test_what_is_no_pdf_is_refused_once_it_is_whole_and_is_not_kept(site: Site) -> None:
    sari = await registered(site)
    path = (await begun(sari.browser, size=2_000)).headers["location"]
    assert (await patched(sari.browser, path, 0, bytes(2_000))).status_code == 204
    page = await finished(sari.browser, path)
    assert (page.status_code, sari.browser.heading) == (415, "Bubuhkan meterai")
    assert await found(site, sari, path) is None


@journey
async def test_a_body_that_breaks_off_counts_as_far_as_it_came(site: Site) -> None:
    sari = await registered(site)
    path = (await begun(sari.browser)).headers["location"]
    cookies = "; ".join(f"{name}={value}" for name, value in sari.browser.client.cookies.items())
    headers = {
        **TUS,
        "Host": "127.0.0.1:8000",
        "Cookie": cookies,
        "Upload-Offset": "0",
        "Content-Type": "application/offset+octet-stream",
        "Content-Length": str(len(DOCUMENT)),
    }
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "PATCH",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8000),
        "state": {},
    }

    async def coming() -> AsyncIterator[dict[str, Any]]:
        yield {"type": "http.request", "body": DOCUMENT[:5_000], "more_body": True}
        yield {"type": "http.disconnect"}

    messages = coming()

    async def receive() -> Any:
        return await anext(messages)

    async def send(_: Any) -> None:
        """Nobody reads the answer."""

    await site.app(scope, receive, send)  # type: ignore[arg-type]
    assert (await sari.browser.client.head(path, headers=TUS)).headers["upload-offset"] == "5000"
    await patched(sari.browser, path, 5_000, DOCUMENT[5_000:])
    assert "surat.pdf" in (await finished(sari.browser, path)).text


@journey
async def test_uploads_that_nobody_goes_on_with_go(site: Site) -> None:
    sari = await registered(site)
    before = await objects_of(site)
    paths = []
    for number in range(MOST_UNFINISHED + 1):
        paths.append((await begun(sari.browser, name=f"{number}.pdf")).headers["location"])
        await patched(sari.browser, paths[-1], 0, DOCUMENT[:100])
    assert [await found(site, sari, path) is None for path in paths] == [True] + [False] * MOST_UNFINISHED
    account_id = (await session_of(site, sari.browser)).account_id
    owner = await asyncpg.connect(site.dsns.owner)
    try:
        await owner.execute("UPDATE uploads SET expires_at = now() WHERE account_id = $1", account_id)
    finally:
        await owner.close()
    assert (await sari.browser.client.head(paths[-1], headers=TUS)).status_code == 404
    assert (await patched(sari.browser, paths[-1], 100, b"x")).status_code == 404
    services = site.services
    await drop_expired(
        shard_of_account(account_id),
        db=services.db,
        objects=services.objects,
        store_key=services.store_key,
    )
    assert await store.list_uploads(services.db, account_id) == []
    assert await objects_of(site) == before
