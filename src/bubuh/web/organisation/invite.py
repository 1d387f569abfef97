"""`/organisasi/undang`: invite somebody, by a code that is sent or handed over."""

from __future__ import annotations

from typing import Any, Final

from litestar import MediaType, Request, get, post

from bubuh.edge.guards import SignedIn, limit
from bubuh.edge.services import Services
from bubuh.identity.organisations.invite import ToSend, invite
from bubuh.identity.organisations.model import MemberRole
from bubuh.identity.people.contacts import read_contact
from bubuh.identity.people.model import Contact
from bubuh.identity.people.refusals import ContactUnreadable
from bubuh.web.errors import words_of
from bubuh.web.forms import Form, read_form
from bubuh.web.frame import Page, Parts, language_here, session_of, show
from bubuh.web.organisation.steps import administrator, role_in, wrong_pin

AnyRequest = Request[Any, Any, Any]


@get("/organisasi/undang", guards=[SignedIn()], media_type=MediaType.HTML)
async def get_invite(request: AnyRequest, services: Parts) -> Page:
    """Ask for the role, and where to send the code."""
    await administrator(request, services)
    return show(request, "organisation/invite.html", role=MemberRole.MEMBER, contact="")


@post("/organisasi/undang", guards=[SignedIn()], media_type=MediaType.HTML, status_code=200)
async def post_invite(request: AnyRequest, services: Parts) -> Page:
    """Write the invitation and show its code, or where it went; the same form again shows the same."""
    form, session = await read_form(request), session_of(request)
    await administrator(request, services)
    role, errors = role_in(form), dict[str, str]()
    try:
        to = _to_send(request, services, form)
    except ContactUnreadable as refusal:
        to, errors = None, {"contact": words_of(request, refusal)}
    errors |= await wrong_pin(request, services, form)
    if errors:
        contact = form.text("contact")
        return show(
            request, "organisation/invite.html", status=422, role=role, contact=contact, errors=errors
        )
    made = await invite(
        services.db,
        account_id=session.account_id,
        user_id=session.user_id,
        role=role,
        form=form.key,
        key=services.person_key,
        to=to,
    )
    sent_to = None if to is None else to.contact.masked
    return show(request, "organisation/invited.html", code=made.code, sent_to=sent_to, link=_link(services))


HANDLERS: Final = [get_invite, post_invite]


def _to_send(request: AnyRequest, services: Services, form: Form) -> ToSend | None:
    """Where the code goes; None: it is handed over. Raises `ContactUnreadable`, `RateLimited`."""
    text = form.text("contact", most=300)
    if not text:
        return None
    contact: Contact = read_contact(text)
    limit(request, "codes", services.person_key.index(contact.address, "rate").hex())
    return ToSend(contact=contact, link=_link(services), language=str(language_here(request)))


def _link(services: Services) -> str:
    return f"{services.public_url}/undangan"
