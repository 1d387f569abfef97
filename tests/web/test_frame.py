from __future__ import annotations

import hashlib
import re
import sys
from importlib import import_module
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from bubuh.edge.refusals import FormExpired
from bubuh.edge.words import Language
from bubuh.web import frame
from bubuh.web.files import PAGES, STATIC
from bubuh.web.forms import fresh_token, read_token
from tests.api.site import PUBLIC_URL, Site
from tests.web.browser import Browser, registered

ROOT = Path(__file__).parents[2]
WEB = ROOT / "src/bubuh/web"
HOLE = re.compile(r"%\(\w+\)s")

sys.path.insert(0, str(ROOT / "scripts"))
words = import_module("words")  # the script that renews the catalogue knows which messages there are


def test_every_message_has_its_english_and_no_english_is_unsaid() -> None:
    with words.ENGLISH.open("rb") as file:
        known = {message.id: message for message in read_po(file, locale="en") if message.id}
    said = {message.id for message in words.said() if message.id}
    assert known.keys() == said
    for message in known.values():
        singular = message.id if isinstance(message.id, str) else message.id[0]
        texts = (message.string,) if isinstance(message.string, str) else message.string or ("",)
        for text in texts:
            assert text, singular
            assert sorted(HOLE.findall(text)) == sorted(HOLE.findall(singular))
        assert not message.fuzzy, singular


def test_what_is_said_alone_and_counted_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages, catalogue = tmp_path / "web", tmp_path / "en.po"
    pages.mkdir()
    monkeypatch.setattr(words, "WEB", pages)
    monkeypatch.setattr(words, "ENGLISH", catalogue)
    (pages / "one.html").write_text('{{ _("satu") }}{{ ngettext("%(num)s lembar", "%(num)s lembar", 1) }}')
    catalogue.write_text('msgid "satu"\nmsgstr "one"\n', encoding="utf-8")
    words.main()
    renewed = catalogue.read_text(encoding="utf-8")
    assert 'msgid "satu"\nmsgstr "one"' in renewed
    assert 'msgid_plural "%(num)s lembar"\nmsgstr[0] ""' in renewed
    (pages / "two.html").write_text('{{ _("%(num)s lembar", num=1) }}')
    with pytest.raises(words.SaidTwice, match="lembar"):
        words.main()
    assert catalogue.read_text(encoding="utf-8") == renewed
    (pages / "one.html").write_text('{{ ngettext("satu", "%(num)s", 1) }}')
    words.main()  # counted now: what stood alone is no English for it
    assert 'msgid "satu"\nmsgid_plural "%(num)s"\nmsgstr[0] ""' in catalogue.read_text(encoding="utf-8")


def test_a_page_says_nothing_that_is_not_translated() -> None:
    """Words outside of `{{ }}` and tags: only names and what is the same in both languages."""
    alike = {"Bubuh", "English", "Bahasa Indonesia", "API", "openapi.json", "/dev/letters", "htmx", "QRIS"}
    for name, source in PAGES.items():
        if name == "docs.html":  # it says everything twice
            continue
        bare = re.sub(
            r"\{#.*?#\}|\{% trans.*?endtrans %\}|\{\{.*?\}\}|\{%.*?%\}", " ", source, flags=re.DOTALL
        )
        for text in re.findall(r">([^<>]*)<", bare):
            for word in re.split(r"\s{2,}|[·,:()*]", text):
                assert word.strip() in {*alike, ""} or not re.search(r"[A-Za-z]{2}", word), (
                    f"{name}: {word!r}"
                )


def test_no_page_holds_script_or_style_of_its_own() -> None:
    for name, source in PAGES.items():
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", source), name
        assert not re.search(r"<script(?![^>]*\ssrc=)", source), name


@pytest.mark.parametrize(
    "folder", [WEB / "static/vendor", ROOT / "tests/web/vendor"], ids=lambda at: at.parts[-3]
)
def test_files_of_others_are_as_they_were_published(folder: Path) -> None:
    rows = re.findall(r"\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|", (folder / "README.md").read_text())
    assert {path.name for path in folder.glob("*.js")} == {name for name, _ in rows}
    for name, digest in rows:
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_a_token_is_good_for_its_own_browser() -> None:
    key, browser = bytes(32), "a" * 43
    token = fresh_token(key, browser)
    assert read_token(key, browser, token) == read_token(key, browser, token)
    for wrong_key, other, wrong in (
        (bytes(31) + b"1", browser, token),
        (key, "b" * 43, token),
        (key, browser, token[:-2] + ("AA" if token[-2:] != "AA" else "BB")),
        (key, browser, ""),
        (key, browser, "é"),
    ):
        with pytest.raises(FormExpired):
            read_token(wrong_key, other, wrong)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_form_from_elsewhere_is_refused(site: Site) -> None:
    sari = await registered(site)
    for headers, tokens in (
        ({"Origin": "https://jahat.example"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, True),
        ({"Origin": "null"}, True),
        ({}, False),
    ):
        await sari.browser.open("/akun")
        form = sari.browser.form("/keluar")
        if not tokens:
            form.fields["token"] = "x" * 43
        answer = await sari.browser.send(form, None, **headers)
        assert answer.status_code == 403
        assert answer.headers["content-type"].startswith("text/html")
    assert (await sari.browser.open("/akun")).request.url.path == "/akun"  # still signed in


@pytest.mark.asyncio(loop_scope="module")
async def test_a_session_is_rotated_and_known_by_its_hash_alone(site: Site) -> None:
    sari = await registered(site)
    before = sari.browser.client.cookies["bubuh"]
    await sari.sign_in(sari.browser)
    after = sari.browser.client.cookies["bubuh"]
    assert before != after
    rows = await site.services.db.fetch("SELECT secret_sha256 FROM sessions")
    assert hashlib.sha256(after.encode()).digest() in {row["secret_sha256"] for row in rows}
    forged = Browser(site)
    forged.client.cookies.set("bubuh", "A" * 43)
    assert (await forged.open("/akun")).request.url.path == "/masuk"


@pytest.mark.asyncio(loop_scope="module")
async def test_that_a_session_is_in_use_is_noted_at_most_once_a_minute(site: Site) -> None:
    sari, db = await registered(site), site.services.db
    secret = hashlib.sha256(sari.browser.client.cookies["bubuh"].encode()).digest()
    row = "SELECT seen_at, seen_at < now() - interval '1 minute' FROM sessions WHERE secret_sha256 = $1"
    before = await db.fetchrow(row, secret)
    await sari.browser.open("/akun")
    assert await db.fetchrow(row, secret) == before
    aged = "UPDATE sessions SET seen_at = now() - interval '61 seconds' WHERE secret_sha256 = $1"
    await db.execute(aged, secret)
    await sari.browser.open("/akun")
    after = await db.fetchrow(row, secret)
    assert before is not None
    assert after is not None
    assert (after["seen_at"] >= before["seen_at"], after[1]) == (True, False)


@pytest.mark.asyncio(loop_scope="module")
async def test_personal_pages_are_kept_by_nobody_and_framed_by_nobody(site: Site) -> None:
    sari = await registered(site)
    page = await sari.browser.open("/akun")
    assert page.headers["cache-control"] == "no-store"
    for name, value in frame.HEADERS.items():
        assert page.headers[name] == value
    assert "unsafe" not in page.headers["content-security-policy"]


@pytest.mark.asyncio(loop_scope="module")
async def test_errors_are_pages_for_people_and_problems_for_programs(site: Site) -> None:
    browser = Browser(site)
    assert "Tidak ditemukan" in (await browser.open("/tiada")).text
    assert browser.page.status_code == 404
    program = await browser.client.get("/tiada", headers={"Accept": "*/*"})
    assert program.json()["code"] == "not_found"
    english = Browser(site, language="en")
    assert "Not found" in (await english.open("/tiada")).text


@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_not_found_does_not_look_signed_out(site: Site) -> None:
    sari = await registered(site, pin=None)
    page = await sari.browser.open("/tidak-ada")
    assert page.status_code == 404
    assert 'href="/riwayat"' in page.text
    assert 'href="/masuk"' not in page.text
    assert 'href="/masuk"' in (await Browser(site).open("/tidak-ada")).text


@pytest.mark.asyncio(loop_scope="module")
async def test_a_reader_chooses_the_language_and_stays_where_they_were(site: Site) -> None:
    browser = Browser(site)
    page = await browser.open("/bahasa/en?ke=/masuk")
    assert browser.path == "/masuk"
    assert '<html lang="en">' in page.text
    await browser.open("/bahasa/id?ke=//jahat.example/x")
    assert str(browser.page.request.url) == f"{PUBLIC_URL}/"
    assert (await browser.open("/bahasa/xx")).status_code == 404


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("language", list(Language))
async def test_first_and_later_visits_are_small(site: Site, language: Language) -> None:
    sari = await registered(site)
    sari.browser.client.headers["Accept-Language"] = str(language)
    await sari.browser.fill("/beli", {"stamps": "2", "method": "va"})
    order = sari.browser.path
    about = f"/bantuan/{order.rpartition('/')[2]}"
    await sari.browser.open(about)
    await sari.browser.send(sari.browser.form(about), {"words": "Kuota belum bertambah."})
    complaint = sari.browser.path
    assert complaint.startswith("/pengaduan/cmp_")
    paths = [
        "/",
        "/masuk",
        "/daftar",
        "/akun",
        "/akun/pin",
        "/akun/perangkat",
        "/akun/data",
        "/beli",
        "/bubuhkan",
        order,
        "/riwayat",
        "/riwayat/kuota",
        about,
        complaint,
        "/pengaduan",
        "/periksa",
    ]
    for path in paths:
        page = await _raw(sari.browser, path)
        files = [
            STATIC[name]
            for name in set(re.findall(r"/static/([^\"']+)", (await sari.browser.open(path)).text))
        ]
        assert page <= 6_000, path
        assert page + sum(len(file.brotli) for file in files) <= 30_000, path


async def _raw(browser: Browser, path: str) -> int:
    """Bytes of the page as they travel."""
    async with browser.client.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as answer:
        return sum([len(chunk) async for chunk in answer.aiter_raw()])
