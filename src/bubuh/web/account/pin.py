"""`/akun/pin`: choose the PIN that a stamp asks for, and choose it anew after a code."""

from __future__ import annotations

from typing import Any, Final

from litestar import MediaType, Request, get, post
from litestar.params import FromPath

from bubuh.core.clock import utc_now
from bubuh.edge.guards import SignedIn, limit
from bubuh.identity.people import store
from bubuh.identity.people.contacts import read_contact
from bubuh.identity.people.model import Purpose
from bubuh.identity.people.pins import prove_by_totp, renew_pin, set_pin
from bubuh.identity.people.refusals import CodeRefused, PinLocked, PinUnfit, SignInRefused
from bubuh.web.account.steps import browser_hash, proved, send_code, show_challenge, username_of
from bubuh.web.errors import words_of
from bubuh.web.forms import read_form
from bubuh.web.frame import Page, Parts, go_to, say, session_of, show

AnyRequest = Request[Any, Any, Any]


@get("/akun/pin", guards=[SignedIn()], media_type=MediaType.HTML)
async def get_pin(request: AnyRequest, services: Parts) -> Page:
    """Ask for a PIN, twice, and the password."""
    return await _ask(request, services)


@post("/akun/pin", guards=[SignedIn()], media_type=MediaType.HTML)
async def post_pin(request: AnyRequest, services: Parts) -> Page:
    """Set it."""
    form = await read_form(request)
    pin, password = form.text("pin"), form.fields.get("password", "")[:1000]
    if pin != form.text("again"):
        return await _ask(request, services, errors=_unlike(request))
    try:
        await set_pin(
            services.db, session_of(request).user_id, pin, password=password, hasher=services.hasher
        )
    except (PinUnfit, PinLocked) as refusal:
        return await _ask(request, services, errors={"pin": words_of(request, refusal)})
    except SignInRefused:
        wrong = say(request)("Kata sandi tidak cocok.")
        return await _ask(request, services, errors={"password": wrong})
    return go_to(request, "/akun")


@post("/akun/pin/kode", guards=[SignedIn()], media_type=MediaType.HTML)
async def post_pin_code(request: AnyRequest, services: Parts) -> Page:
    """Send a code to the oldest of one's addresses: the way to a new PIN."""
    await read_form(request)
    contact = read_contact(await username_of(request, services))
    return await send_code(request, services, Purpose.PIN, contact)


@post("/akun/pin/autentikator", guards=[SignedIn()], media_type=MediaType.HTML)
async def post_pin_authenticator(request: AnyRequest, services: Parts) -> Page:
    """Take the authenticator's code in place of one that is sent: no letter, the same way on."""
    form, session = await read_form(request), session_of(request)
    limit(request, "codes", f"authenticator {session.user_id}")
    code = "".join(sign for sign in form.text("code", most=20) if sign.isdigit())
    try:
        challenge_id = await prove_by_totp(
            services.db,
            session.user_id,
            code,
            browser_sha256=browser_hash(request),
            key=services.person_key,
            now=utc_now(),
        )
    except CodeRefused:
        wrong = say(request)("Kode tidak cocok. Tunggu kode berikutnya di aplikasi, lalu coba lagi.")
        return await _ask(request, services, errors={"code": wrong})
    return go_to(request, f"/akun/pin/baru/{show_challenge(challenge_id)}")


@get("/akun/pin/baru/{challenge:str}", guards=[SignedIn()], media_type=MediaType.HTML)
async def get_new_pin(request: AnyRequest, challenge: FromPath[str], services: Parts) -> Page:
    """Ask for the new PIN, twice."""
    await proved(request, services, challenge, Purpose.PIN)
    return show(request, "account/new_pin.html")


@post("/akun/pin/baru/{challenge:str}", guards=[SignedIn()], media_type=MediaType.HTML)
async def post_new_pin(request: AnyRequest, challenge: FromPath[str], services: Parts) -> Page:
    """Set it; all tries are free again."""
    form = await read_form(request)
    known = await proved(request, services, challenge, Purpose.PIN)
    errors = {}
    if form.text("pin") != form.text("again"):
        errors = _unlike(request)
    else:
        try:
            await renew_pin(services.db, known, form.text("pin"), hasher=services.hasher)
        except PinUnfit as refusal:
            errors = {"pin": words_of(request, refusal)}
    if errors:
        return show(request, "account/new_pin.html", status=422, errors=errors)
    return go_to(request, "/akun")


HANDLERS: Final = [get_pin, post_pin, post_pin_code, post_pin_authenticator, get_new_pin, post_new_pin]


def _unlike(request: AnyRequest) -> dict[str, str]:
    return {"again": say(request)("Kedua PIN tidak sama. Tulis PIN yang sama dua kali.")}


async def _ask(request: AnyRequest, services: Parts, *, errors: dict[str, str] | None = None) -> Page:
    known = await store.find_credentials(services.db, session_of(request).user_id)
    return show(
        request,
        "account/pin.html",
        status=422 if errors else 200,
        has_pin=known is not None and known.has_pin,
        address=await username_of(request, services),
        is_locked=known is not None and known.pin_is_locked,
        has_totp=known is not None and known.has_totp,
        errors=errors or {},
    )
