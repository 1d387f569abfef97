from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from bubuh.core.errors import DatabaseUnavailable
from bubuh.edge.problems import PROBLEMS
from bubuh.edge.words import Language
from bubuh.identity.model import Environment
from bubuh.web.files import STATIC, TEMPLATES
from tests.edge.bare import bare_app, client_of


class Links(HTMLParser):
    """What a page would have its reader's browser fetch, and the names it gives its parts."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.names: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.tags.add(tag)
        if tag in {"link", "script", "img", "iframe"}:
            self.fetched.append(told.get("href") or told.get("src") or "")
        if told.get("id"):
            self.names.append(str(told["id"]))


def read(text: str) -> Links:
    links = Links()
    links.feed(text)
    return links


@pytest.mark.parametrize("path", ["/", "/docs", "/docs?lang=en"])
async def test_pages_need_nothing_from_elsewhere_and_no_script(path: str) -> None:
    async with client_of(bare_app()) as client:
        page = await client.get(path)
        found = read(page.text)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "script" not in found.tags
        assert "style=" not in page.text  # the policy would drop it
        assert [link for link in found.fetched if not link.startswith("/static/")] == []
        for link in found.fetched:
            assert (await client.get(link)).status_code == 200


async def test_the_front_page_is_indonesian_first_and_honest_about_development() -> None:
    async with client_of(bare_app()) as client:
        page = (await client.get("/")).text
    assert '<html lang="id">' in page
    assert "Meterai elektronik" in page
    assert "SPESIMEN" in page
    async with client_of(bare_app(environment=Environment.LIVE)) as client:
        assert "tidak berlaku" not in (await client.get("/")).text


async def test_the_front_page_has_four_doors_and_says_which_ask_for_an_account() -> None:
    async with client_of(bare_app()) as client:
        page = (await client.get("/")).text
        for path in ("/beli", "/bubuhkan", "/riwayat", "/periksa"):
            assert f'<h2><a href="{path}">' in page
            led = await client.get(path, headers={"Accept": "text/html"})
            assert led.headers.get("location", "-") in {f"/masuk?ke={path}", "-"}
            assert (led.status_code == 200) == (path == "/periksa")
    assert "meminta Anda masuk" in page


class Broken:
    """A database that fails as it is told to."""

    def __init__(self, why: Exception) -> None:
        self._why = why

    async def fetchrow(self, *_: object) -> None:
        raise self._why


@pytest.mark.parametrize(
    ("why", "status", "heading", "words"),
    [
        (DatabaseUnavailable("10.0.0.1:5432 refused"), 503, "lambat atau terganggu", "tidak hilang"),
        (ZeroDivisionError("secret inside"), 500, "kesalahan di pihak kami", "bukan karena Anda"),
    ],
)
async def test_down_and_broken_have_pages_in_words_and_tell_nothing_of_us(
    why: Exception, status: int, heading: str, words: str
) -> None:
    headers = {"Accept": "text/html", "Cookie": f"bubuh={'A' * 43}"}
    async with client_of(bare_app(db=Broken(why))) as client:
        page = await client.get("/akun", headers=headers)
    assert page.status_code == status
    assert heading in page.text
    assert words in page.text
    assert re.search(r"<code>req_[0-9a-f]+</code>", page.text)
    assert page.headers["cache-control"] == "no-store"
    for inner in ("10.0.0.1", "secret", "Traceback", "Database", "database", "ZeroDivision"):
        assert inner not in page.text
    if status == 503:
        assert int(page.headers["retry-after"]) >= 5


async def test_over_https_a_cookie_is_this_hosts_alone() -> None:
    async with client_of(bare_app(public_url="https://bubuh.contoh.id")) as client:
        told = (await client.get("/masuk", headers={"Accept": "text/html"})).headers["set-cookie"]
    name, _, rest = told.partition("=")
    assert name == "__Host-tamu"
    said = {part.strip().lower() for part in rest.split(";")[1:]}
    assert {"httponly", "secure", "path=/", "samesite=lax"} <= said
    assert not [part for part in said if part.startswith("domain")]


@pytest.mark.parametrize("path", ["/", "/docs", "/pengaduan"])
async def test_the_status_page_is_told_of_where_there_is_one(path: str) -> None:
    headers = {"Accept": "text/html"}
    async with client_of(bare_app()) as client:
        assert "Keadaan layanan" not in (await client.get(path, headers=headers)).text
    async with client_of(bare_app(status_url="https://status.contoh.id")) as client:
        page = (await client.get(path, headers=headers)).text
    assert '<a href="https://status.contoh.id">Keadaan layanan</a>' in page


async def test_the_reference_speaks_the_language_that_is_asked_for() -> None:
    async with client_of(bare_app()) as client:
        assert "Petunjuk API" in (await client.get("/docs")).text
        assert "API reference" in (await client.get("/docs", headers={"Accept-Language": "en"})).text
        assert "API reference" in (await client.get("/docs?lang=en")).text
        assert "Petunjuk API" in (await client.get("/docs?lang=xx")).text


async def test_every_problem_leads_to_its_words() -> None:
    async with client_of(bare_app()) as client:
        problem = (await client.get("/v1/quota")).json()
        names = read((await client.get("/docs")).text).names
    assert problem["type"] == "/docs#key_refused"
    assert {kind.code for kind in PROBLEMS} <= set(names)
    assert len(names) == len(set(names))


async def test_static_files_keep_for_ever_under_their_hash() -> None:
    async with client_of(bare_app()) as client:
        for name, file in STATIC.items():
            answer = await client.get(f"/static/{name}")
            assert answer.content == file.data
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert (await client.get("/static/bubuh.css")).status_code == 404
        assert (await client.get("/static/..%2Ffiles.py")).status_code == 404
    assert all(re.fullmatch(r"[a-z0-9.-]+-[0-9a-f]{16}\.(css|js|svg|webp)", name) for name in STATIC)


def test_what_is_put_into_a_page_is_escaped() -> None:
    facts = {"title": "<b>x</b>", "detail": "", "is_ours": False, "errors": {}, "session": None}
    page = (
        TEMPLATES[Language.ID]
        .get_template("problem.html")
        .render(facts, is_test=False, here="/", status_url=None, level=0)
    )
    assert "<b>x</b>" not in page
    assert "&lt;b&gt;x" in page
