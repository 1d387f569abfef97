"""`/masuk` and `/keluar`: sign in by address and password, and out again."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from litestar import MediaType, Request, get, post

from bubuh.edge.exchange import exchange_of
from bubuh.edge.guards import SignedIn, Visitor, limit
from bubuh.identity.people import store
from bubuh.identity.people.contacts import read_contact
from bubuh.identity.people.refusals import ContactUnreadable, SignInRefused
from bubuh.identity.people.sign_in import sign_in
from bubuh.web.account.steps import browser_hash, enter, show_challenge
from bubuh.web.browser import browser_of
from bubuh.web.errors import words_of
from bubuh.web.forms import read_form
from bubuh.web.frame import Page, Parts, go_to, inner_path, session_of, show

AnyRequest = Request[Any, Any, Any]


@get("/masuk", guards=[Visitor()], media_type=MediaType.HTML)
async def get_sign_in(request: AnyRequest) -> Page:
    """Ask who it is; `ke` is where they wanted to go."""
    return show(request, "account/sign_in.html", contact="", to=request.query_params.get("ke", ""))


@post("/masuk", guards=[Visitor()], media_type=MediaType.HTML)
async def post_sign_in(request: AnyRequest, services: Parts) -> Page:
    """Open a session, or ask for the authenticator first."""
    form = await read_form(request)
    limit(request, "doors", exchange_of(request.scope).client)
    to = inner_path(form.text("to"), "/akun")
    try:
        contact = read_contact(form.text("contact", most=300))
        limit(request, "sign_ins", services.person_key.index(contact.address, "rate").hex())
        known = await sign_in(
            services.db,
            contact,
            form.fields.get("password", "")[:1000],
            browser_sha256=browser_hash(request),
            hasher=services.hasher,
            key=services.person_key,
        )
    except (ContactUnreadable, SignInRefused) as refusal:
        errors = {"contact": words_of(request, refusal)}
        return show(
            request, "account/sign_in.html", status=422, contact=form.text("contact"), to=to, errors=errors
        )
    if known.challenge_id is not None:
        return go_to(request, f"/kode/{show_challenge(known.challenge_id)}?ke={quote(to)}")
    return await enter(request, services, known.user_id, to=to)


@post("/keluar", guards=[SignedIn()], media_type=MediaType.HTML)
async def post_sign_out(request: AnyRequest, services: Parts) -> Page:
    """End this session."""
    await read_form(request)
    session = session_of(request)
    await store.end_session(services.db, session.id, user_id=session.user_id)
    cookies = browser_of(request).cookies
    return go_to(request, "/", cookies=[cookies.drop(cookies.session)])


HANDLERS: Final = [get_sign_in, post_sign_in, post_sign_out]
