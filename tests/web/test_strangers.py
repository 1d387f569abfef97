"""Every id in every address of the site and of /v1, asked for by somebody else.

The addresses come from the application itself, so that a new one cannot be forgotten: one whose parameter or
body is not known here fails the test.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from bubuh.core.ids import show_account, show_id
from bubuh.edge.guards import Guard, Inbox, May, SignedIn, Visitor, guarded
from bubuh.identity.make_key import make_key
from bubuh.identity.model import Environment, Scope, show_actor
from bubuh.identity.organisations.store import list_invitations
from bubuh.quota.allot import allot
from tests.api.site import LETTER, PUBLIC_URL, Person, Site
from tests.web.browser import PIN, Browser, Citizen, registered
from tests.web.test_stamp import DEED, rich, sent, session_of
from tests.web.test_tus import begun

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAME, NUMBER, WORDS = "surat rahasia.pdf", "RAHASIA/7", "rekening 9988776655"
FIRM = "CV Rahasia"
HOOK = "https://rahasia.example/bubuh"

#: parameters that name nobody's thing
NOBODYS: Final = {"gateway", "lane", "language", "name", "proof"}
#: what /v1 wants in a body before it looks for the thing
BODIES: Final[dict[tuple[str, str], dict[str, Any]]] = {
    ("PATCH", "/v1/quota/shares/{child_id:str}"): {"limit": 5},
    ("PATCH", "/v1/documents/{document_id:str}"): {"kept": True},
    ("POST", "/v1/orders/{order_id:str}/refunds"): {
        "stamps": 1,
        "refundable_idr": 10_000,
        "reason": "coba",
    },
}
#: forms that change nothing for a stranger and do not say so
SILENT: Final = {("POST", "/akun/perangkat/{session_id:str}/keluar")}
#: what anyone may read who has the number, and no more
SHARED: Final = {
    ("GET", "/s/{serial_no:str}"),
    ("GET", "/v1/serials/{serial:str}"),
    ("GET", "/v1/serials/{serial:str}/digests/{digest:str}"),
    ("GET", "/pengaduan/{complaint_no:str}"),
}


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Somebody with one of everything, who acts for an organisation: so a colleague is one of the things."""

    citizen: Citizen
    person: Person
    ids: dict[str, str]  #: by the name of an address's parameter
    told: frozenset[str]  #: what nobody else may read


async def with_key(site: Site, citizen: Citizen) -> Person:
    """The same person, by API key."""
    session = await session_of(site, citizen.browser)
    async with site.services.db.transaction() as conn:
        key = await make_key(
            conn,
            account_id=session.account_id,
            user_id=session.user_id,
            scopes=(Scope.ALL,),
            environment=Environment.TEST,
            actor="local",
        )
    return Person(site=site, principal=session.principal, key=key.secret)


async def joined(site: Site, citizen: Citizen) -> str:
    """The id of somebody else, in the organisation that the citizen acts for."""
    page = await citizen.browser.fill("/organisasi/undang", {"pin": PIN})
    code = re.search(r'class="serial">(.+?)<', page.text)
    assert code is not None, page.text
    other = await registered(site)
    await other.browser.fill("/undangan", {"code": code[1]})
    await other.browser.send(other.browser.form("/undangan/terima"))
    assert "Anda bergabung" in other.browser.heading
    return show_actor((await session_of(site, other.browser)).user_id)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def owner(site: Site) -> Owner:
    """The one whose things all tests ask for; none of them may change any."""
    citizen = await registered(site)
    browser = citizen.browser
    await browser.fill("/organisasi/baru", {"name": FIRM})
    own = await session_of(site, browser)
    async with site.services.db.transaction() as conn:
        await allot(conn, ref=own.id, account_id=own.account_id, stamps=9, actor="local")
    member = await joined(site, citizen)
    await browser.fill("/organisasi/undang", {"pin": PIN})
    [invitation] = await list_invitations(site.services.db, own.account_id)
    person = await with_key(site, citizen)
    receiver = await site.person()

    async def made(path: str, shown: str, /, **body: Any) -> str:
        answer = await person.post(path, key=str(uuid4()), json=body)
        assert answer.is_success, answer.text
        return str(answer.json()[shown])

    order = await made("/v1/orders", "id", stamps=2, method="qris")
    await sent(browser, LETTER.read_bytes(), name=NAME)
    document = browser.path.rpartition("/")[2]
    async with site.working():
        answer = await person.stamp(document, prefer="wait=20", document_no=NUMBER)
    stamp = answer.json()
    assert stamp["state"] == "affixed", stamp
    digest = (await site.anyone.get(f"/v1/serials/{stamp['serial']}")).json()["digest"]
    upload = (await begun(browser, name=NAME)).headers["location"].rpartition("/")[2]
    await browser.open("/akun/pin")
    session = await session_of(site, browser)
    forgetful = Browser(site)
    await forgetful.fill("/sandi", {"contact": citizen.address})
    ids = {
        "order_id": order,
        "transfer_id": await made("/v1/quota/transfers", "id", receiver=receiver.account, stamps=1),
        "child_id": await made("/v1/quota/shares", "id", name="Cabang rahasia", limit=2),
        "document_id": document,
        "stamp_id": stamp["id"],
        "complaint_no": await made("/v1/complaints", "no", about=order, message=WORDS),
        "webhook_id": await made("/v1/webhooks", "id", url=HOOK),
        "serial": stamp["serial"],
        "serial_no": stamp["serial"],
        "digest": digest,
        "challenge": forgetful.path.rpartition("/")[2],
        "session_id": show_id("ses", session.id),
        "upload_id": upload,
        "subject": stamp["id"],
        "member_id": member,
        "invitation_id": show_id("inv", invitation.id),
        "page": "1",
        "name": "cpns",
    }
    told = {NAME, NUMBER, WORDS, FIRM, HOOK, show_account(session.account_id), citizen.address}
    return Owner(citizen=citizen, person=person, ids=ids, told=frozenset(told))


def address(path: str, ids: dict[str, str]) -> str:
    """The address with the owner's ids in it; a parameter that nobody knows fails."""
    return re.sub(r"\{(\w+):\w+\}", lambda hole: ids[hole[1]], path)


def wanted(site: Site) -> list[tuple[str, str, Guard]]:
    """Every (method, path, guard) with an id in it."""
    found = [
        (method, path, guard)
        for (method, path), guard in guarded(site.app.routes).items()
        if set(re.findall(r"\{(\w+):", path)) - NOBODYS and not isinstance(guard, Inbox)
    ]
    assert len(found) > 40
    return found


async def asked(
    method: str, path: str, at: str, guard: Guard, *, person: Person, browser: Browser
) -> httpx.Response:
    """The address, asked with the key or in the browser, as a form or a part where it takes those."""
    if isinstance(guard, May):
        body = BODIES.get((method, path), {}) if method in {"POST", "PATCH"} else None
        return await person.call(method, at, key=str(uuid4()), json=body)
    headers = {"Origin": PUBLIC_URL}
    if method == "POST":
        await browser.open("/pengaduan")
        token = browser.form("/pengaduan").fields["token"]
        fields = {
            **DEED,
            "token": token,
            "pin": PIN,
            "role": "owner",
            "words": "coba",
            "preset": "kanan-bawah",
            "page": "1",
        }
        return await browser.client.post(at, data=fields, headers=headers, follow_redirects=False)
    if method == "PATCH":
        headers |= {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
    headers |= {"Tus-Resumable": "1.0.0"} if method in {"HEAD", "PATCH"} else {}
    return await browser.client.request(
        method, at, headers=headers, content=b"%PDF" if method == "PATCH" else None, follow_redirects=False
    )


async def state(site: Site, account_id: int) -> dict[str, list[Any]]:
    """All that a stranger could have changed."""
    db, shard = site.services.db, account_id % 64
    seen: dict[str, list[Any]] = {}
    for table in ("memberships", "invitations"):
        rows = await db.fetch(f"SELECT * FROM {table} WHERE account_id = $1", account_id)
        seen[table] = sorted(str(dict(row)) for row in rows)
    for table in ("orders", "stamps", "documents", "complaints", "refunds", "quota_transfers", "webhooks"):
        rows = await db.fetch(
            f"SELECT * FROM {table} WHERE shard = $1 AND account_id = $2", shard, account_id
        )
        seen[table] = sorted(str(dict(row)) for row in rows)
    return seen


async def test_nobody_sees_or_moves_what_is_anothers(site: Site, owner: Owner) -> None:
    budi = await rich(site)
    key, nobody = await with_key(site, budi), Browser(site)
    account_id = owner.person.principal.account_id
    before = await state(site, account_id)
    for method, path, guard in wanted(site):
        at = address(path, owner.ids)
        answer = await asked(method, path, at, guard, person=key, browser=budi.browser)
        route = (method, path)
        if route in SHARED:
            assert answer.status_code == 200, (route, answer.text)
        elif route in SILENT:
            assert answer.status_code == 303, (route, answer.text)
        else:
            gone = 410 if "{challenge:" in path else 404  # a code of another browser is over
            assert answer.status_code == gone, (route, answer.status_code, answer.text)
        assert not [text for text in owner.told if text in answer.text], route
        if isinstance(guard, SignedIn):
            alone = await asked(method, path, at, guard, person=key, browser=nobody)
            assert alone.status_code == 303, (route, alone.text)
            assert alone.headers["location"].startswith("/masuk"), route
        elif isinstance(guard, May):
            alone = await site.anyone.request(method, at)
            assert alone.status_code == 401, route
    assert await state(site, account_id) == before
    assert (await owner.citizen.browser.open("/akun")).request.url.path == "/akun"  # not signed out


async def test_what_a_stranger_is_denied_its_owner_gets(site: Site, owner: Owner) -> None:
    """Else the test above would prove nothing."""
    for method, path, guard in wanted(site):
        if method not in {"GET", "HEAD"} or "{challenge:" in path:
            continue
        answer = await asked(
            method,
            path,
            address(path, owner.ids),
            guard,
            person=owner.person,
            browser=owner.citizen.browser,
        )
        led_on = answer.headers.get("location", "")
        assert answer.status_code in {200, 204} or led_on == f"/pesanan/{owner.ids['order_id']}", path


async def test_ids_in_bodies_are_looked_at_too(site: Site, owner: Owner) -> None:
    budi = await rich(site)
    key = await with_key(site, budi)
    other = await key.stamp(owner.ids["document_id"])
    assert other.status_code == 404
    about = {"about": owner.ids["stamp_id"], "message": "coba"}
    assert (await key.post("/v1/complaints", key=str(uuid4()), json=about)).status_code == 404
    await budi.browser.open("/akun")
    token = budi.browser.form("/keluar").fields["token"]
    switched = await budi.browser.client.post(
        "/akun/ganti",
        data={"token": token, "account": owner.person.account},
        headers={"Origin": PUBLIC_URL},
    )
    assert switched.status_code == 404
    stolen = await budi.browser.client.post(
        "/bubuhkan",
        data={"token": token, "upload": owner.ids["upload_id"]},
        files={"file": ("", b"", "application/octet-stream")},
        headers={"Origin": PUBLIC_URL},
    )
    assert stolen.status_code == 404


async def test_every_form_wants_its_own_token_and_its_own_origin(site: Site, owner: Owner) -> None:
    """A post in somebody's name from elsewhere, to each form that there is."""
    browser, account_id = owner.citizen.browser, owner.person.principal.account_id
    stranger = Browser(site)
    await stranger.open("/masuk")
    foreign = stranger.form("/masuk").fields["token"]
    before = await state(site, account_id)
    for (method, path), guard in guarded(site.app.routes).items():
        if method in {"GET", "HEAD"} or not isinstance(guard, Visitor):
            continue
        at = address(path, owner.ids)
        for headers in (
            {"Origin": "https://jahat.example"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
        ):
            answer = await browser.client.request(method, at, headers=headers, follow_redirects=False)
            assert answer.status_code == 403, (path, headers, answer.text)
        if method == "POST":
            as_file = path in {"/bubuhkan", "/periksa"}
            files = {"file": ("a.pdf", b"%PDF", "application/pdf")} if as_file else None
            for token in ("", "x" * 43, foreign):
                answer = await browser.client.post(
                    at,
                    data={"token": token, "pin": PIN},
                    files=files,
                    headers={"Origin": PUBLIC_URL},
                    follow_redirects=False,
                )
                assert answer.status_code == 403 or path == "/unggahan", (path, answer.text)
    assert await state(site, account_id) == before


async def test_a_stolen_session_ends_where_its_owner_ends_it(site: Site) -> None:
    sari = await rich(site)
    thief = Browser(site)
    thief.client.cookies.set("bubuh", sari.browser.client.cookies["bubuh"])
    assert (await thief.open("/akun")).request.url.path == "/akun"
    await sari.sign_in(sari.browser)  # a fresh secret, and the old one stays where it was
    await sari.browser.open("/akun/perangkat")
    await sari.browser.send(sari.browser.form("/akun/perangkat/keluar"))
    assert (await thief.open("/akun")).request.url.path == "/masuk"
    assert (await sari.browser.open("/akun")).request.url.path == "/akun"
    for forged in ("", "A" * 43, sari.browser.client.cookies["bubuh"][:-1]):
        guess = Browser(site)
        guess.client.cookies.set("bubuh", forged)
        assert (await guess.open("/riwayat")).request.url.path == "/masuk"


async def test_a_thief_without_the_pin_stamps_nothing(site: Site) -> None:
    sari = await rich(site)
    thief = Browser(site)
    thief.client.cookies.set("bubuh", sari.browser.client.cookies["bubuh"])
    await sent(thief, b"")
    account_id = (await session_of(site, sari.browser)).account_id
    before = await state(site, account_id)
    await sent(thief, LETTER.read_bytes())
    path = thief.path
    await thief.send(thief.form(f"{path}/periksa"), DEED)
    form = thief.form(f"{path}/pin")
    answers = [(await thief.send(form, {"pin": f"{guess:06d}"})).text for guess in range(7)]
    assert "PIN salah lima kali" in answers[-1]
    after = await state(site, account_id)
    assert (after["stamps"], after["quota_transfers"]) == (before["stamps"], before["quota_transfers"])
