"""`/sandi`: a new password for who has forgotten theirs, after a code to their address."""

from __future__ import annotations

from typing import Any, Final

from litestar import MediaType, Request, get, post
from litestar.params import FromPath

from bubuh.edge.guards import Visitor
from bubuh.identity.people.contacts import read_contact
from bubuh.identity.people.model import Purpose
from bubuh.identity.people.refusals import ContactUnreadable, PasswordUnfit
from bubuh.identity.people.reset_password import reset_password
from bubuh.web.account.steps import address_of, proved, send_code
from bubuh.web.errors import words_of
from bubuh.web.forms import read_form
from bubuh.web.frame import Page, Parts, show

AnyRequest = Request[Any, Any, Any]


@get("/sandi", guards=[Visitor()], media_type=MediaType.HTML)
async def get_forgotten(request: AnyRequest) -> Page:
    """Ask for the address."""
    return show(request, "account/forgotten.html", contact="")


@post("/sandi", guards=[Visitor()], media_type=MediaType.HTML)
async def post_forgotten(request: AnyRequest, services: Parts) -> Page:
    """Send a code there, or say there that nobody has an account under it."""
    form = await read_form(request)
    try:
        contact = read_contact(form.text("contact", most=300))
    except ContactUnreadable as refusal:
        errors = {"contact": words_of(request, refusal)}
        return show(
            request, "account/forgotten.html", status=422, contact=form.text("contact"), errors=errors
        )
    return await send_code(request, services, Purpose.RESET, contact)


@get("/sandi/baru/{challenge:str}", guards=[Visitor()], media_type=MediaType.HTML)
async def get_new_password(request: AnyRequest, challenge: FromPath[str], services: Parts) -> Page:
    """Ask for the new password."""
    known = await proved(request, services, challenge, Purpose.RESET)
    return show(request, "account/new_password.html", address=address_of(known, services))


@post("/sandi/baru/{challenge:str}", guards=[Visitor()], media_type=MediaType.HTML)
async def post_new_password(request: AnyRequest, challenge: FromPath[str], services: Parts) -> Page:
    """Set it; every session of its owner ends."""
    form = await read_form(request)
    known = await proved(request, services, challenge, Purpose.RESET)
    try:
        await reset_password(services.db, known, form.fields.get("password", ""), hasher=services.hasher)
    except PasswordUnfit as refusal:
        errors = {"password": words_of(request, refusal)}
        address = address_of(known, services)
        return show(request, "account/new_password.html", status=422, address=address, errors=errors)
    return show(request, "account/password_set.html")


HANDLERS: Final = [get_forgotten, post_forgotten, get_new_password, post_new_password]
