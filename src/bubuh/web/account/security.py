"""`/akun/autentikator` and `/akun/perangkat`: a second step at sign-in, and where one is signed in."""

from __future__ import annotations

from typing import Any, Final

import segno
from litestar import MediaType, Request, get, post
from litestar.params import FromPath

from bubuh.core.clock import utc_now
from bubuh.core.ids import read_id
from bubuh.edge.guards import SignedIn
from bubuh.edge.services import Services
from bubuh.identity.people import store
from bubuh.identity.people.refusals import CodeRefused
from bubuh.identity.people.totp import drop_totp, fresh_totp_secret, set_totp, totp_uri
from bubuh.web.account.steps import username_of
from bubuh.web.forms import read_form
from bubuh.web.frame import Page, Parts, go_to, say, session_of, show

AnyRequest = Request[Any, Any, Any]


@get("/akun/autentikator", guards=[SignedIn()], media_type=MediaType.HTML)
async def get_authenticator(request: AnyRequest, services: Parts) -> Page:
    """Offer a secret to scan, or to have no authenticator any more."""
    return await _show(request, services, secret=fresh_totp_secret())


@post("/akun/autentikator", guards=[SignedIn()], media_type=MediaType.HTML)
async def post_authenticator(request: AnyRequest, services: Parts) -> Page:
    """Ask for it from now on, once it has shown a right code."""
    form = await read_form(request)
    secret = form.text("secret")
    try:
        await set_totp(
            services.db,
            session_of(request).user_id,
            secret,
            form.text("code").replace(" ", ""),
            key=services.person_key,
            now=utc_now(),
        )
    except (CodeRefused, ValueError):
        wrong = say(request)("Kode tidak cocok. Tunggu kode berikutnya di aplikasi, lalu coba lagi.")
        return await _show(request, services, secret=secret, errors={"code": wrong})
    return go_to(request, "/akun/autentikator")


@post("/akun/autentikator/lepas", guards=[SignedIn()], media_type=MediaType.HTML)
async def post_no_authenticator(request: AnyRequest, services: Parts) -> Page:
    """Ask for it no longer, once the password shows who wants that."""
    form = await read_form(request)
    user_id = session_of(request).user_id
    known = await store.find_credentials(services.db, user_id)
    given = form.fields.get("password", "")[:1000]
    if known is None or not await services.hasher.verify(given, known.password_hash):
        errors = {"password": say(request)("Kata sandi tidak cocok.")}
        return await _show(request, services, secret="", errors=errors)
    await drop_totp(services.db, user_id)
    return go_to(request, "/akun/autentikator")


@get("/akun/perangkat", guards=[SignedIn()], media_type=MediaType.HTML)
async def get_devices(request: AnyRequest, services: Parts) -> Page:
    """Where one is signed in."""
    sessions = await store.list_sessions(services.db, session_of(request).user_id)
    return show(request, "account/devices.html", sessions=sessions)


@post("/akun/perangkat/{session_id:str}/keluar", guards=[SignedIn()], media_type=MediaType.HTML)
async def post_end_session(request: AnyRequest, session_id: FromPath[str], services: Parts) -> Page:
    """Sign out there. Another person's session is nobody's business: nothing happens."""
    await read_form(request)
    user_id = session_of(request).user_id
    await store.end_session(services.db, read_id("ses", session_id), user_id=user_id)
    return go_to(request, "/akun/perangkat")


@post("/akun/perangkat/keluar", guards=[SignedIn()], media_type=MediaType.HTML)
async def post_end_others(request: AnyRequest, services: Parts) -> Page:
    """Sign out everywhere but here."""
    await read_form(request)
    session = session_of(request)
    await store.end_sessions(services.db, session.user_id, but=session.id)
    return go_to(request, "/akun/perangkat")


HANDLERS: Final = [
    get_authenticator,
    post_authenticator,
    post_no_authenticator,
    get_devices,
    post_end_session,
    post_end_others,
]


async def _show(
    request: AnyRequest, services: Services, *, secret: str, errors: dict[str, str] | None = None
) -> Page:
    session = session_of(request)
    known = await store.find_credentials(services.db, session.user_id)
    has_totp = known is not None and known.has_totp
    facts: dict[str, Any] = {"has_totp": has_totp, "secret": secret}
    if has_totp:
        facts["address"] = await username_of(request, services)
    else:
        picture = segno.make(totp_uri(secret, name=session.user_name), error="m")
        facts["picture"] = picture.svg_data_uri(scale=4, border=4)
    return show(
        request,
        "account/authenticator.html",
        status=422 if errors else 200,
        errors=errors or {},
        **facts,
    )
