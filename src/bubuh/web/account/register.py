"""`/daftar`: an address, the code sent to it, a name and a password; then one is signed in."""

from __future__ import annotations

from typing import Any, Final

from litestar import MediaType, Request, get, post
from litestar.params import FromPath

from bubuh.edge.guards import Visitor
from bubuh.identity.people.contacts import read_contact
from bubuh.identity.people.model import Purpose
from bubuh.identity.people.refusals import ContactUnreadable, NameUnfit, PasswordUnfit
from bubuh.identity.people.register import register
from bubuh.web.account.steps import address_of, enter, proved, send_code
from bubuh.web.errors import words_of
from bubuh.web.forms import read_form
from bubuh.web.frame import Page, Parts, show

AnyRequest = Request[Any, Any, Any]


@get("/daftar", guards=[Visitor()], media_type=MediaType.HTML)
async def get_register(request: AnyRequest) -> Page:
    """Step 1: an address."""
    return show(request, "account/register.html", contact="")


@post("/daftar", guards=[Visitor()], media_type=MediaType.HTML)
async def post_register(request: AnyRequest, services: Parts) -> Page:
    """Send a code to the address, or say there that it has an account already."""
    form = await read_form(request)
    try:
        contact = read_contact(form.text("contact", most=300))
    except ContactUnreadable as refusal:
        errors = {"contact": words_of(request, refusal)}
        return show(request, "account/register.html", status=422, contact=form.text("contact"), errors=errors)
    return await send_code(request, services, Purpose.REGISTER, contact)


@get("/daftar/sandi/{challenge:str}", guards=[Visitor()], media_type=MediaType.HTML)
async def get_register_password(request: AnyRequest, challenge: FromPath[str], services: Parts) -> Page:
    """Step 3: a name and a password."""
    known = await proved(request, services, challenge, Purpose.REGISTER)
    return show(request, "account/register_password.html", address=address_of(known, services), name="")


@post("/daftar/sandi/{challenge:str}", guards=[Visitor()], media_type=MediaType.HTML)
async def post_register_password(request: AnyRequest, challenge: FromPath[str], services: Parts) -> Page:
    """Open the account and sign its owner in; the PIN is next."""
    form = await read_form(request)
    known = await proved(request, services, challenge, Purpose.REGISTER)
    name, password = form.text("name"), form.fields.get("password", "")
    try:
        opened = await register(services.db, known, name=name, password=password, hasher=services.hasher)
    except (NameUnfit, PasswordUnfit) as refusal:
        wrong = "name" if isinstance(refusal, NameUnfit) else "password"
        errors = {wrong: words_of(request, refusal)}
        return show(
            request,
            "account/register_password.html",
            status=422,
            address=address_of(known, services),
            name=name,
            errors=errors,
        )
    return await enter(request, services, opened.user_id, to="/akun/pin")


HANDLERS: Final = [get_register, post_register, get_register_password, post_register_password]
