"""`/antre/kabari`: ask for a message when one's turn is called, see what one asked for, and take it back."""

from __future__ import annotations

import time
from typing import Any, Final

from litestar import MediaType, Request, get, post

from bubuh.core.errors import Refusal
from bubuh.edge.exchange import exchange_of
from bubuh.edge.guards import SignedIn, Visitor, limit
from bubuh.edge.problems import problem_of
from bubuh.edge.services import Services
from bubuh.edge.ways import door_of
from bubuh.identity.people.contacts import preferred, read_contact
from bubuh.identity.people.store import list_contacts
from bubuh.reminders import store
from bubuh.reminders.ask import ask
from bubuh.waitingroom.refusals import LaneUnknown, TurnForeign, TurnOver, TurnRefused
from bubuh.web.errors import words_of
from bubuh.web.forms import read_form
from bubuh.web.frame import Page, Parts, go_to, language_here, say, session_of, show
from bubuh.web.room.number import LONGEST_NUMBER, number_shown, sign_in_first
from bubuh.web.room.titles import title_of

AnyRequest = Request[Any, Any, Any]

PATH: Final = "/antre/kabari"
_LONGEST_LANE: Final = 2


@get(PATH, guards=[Visitor()], media_type=MediaType.HTML)
async def get_remind(request: AnyRequest, services: Parts) -> Page:
    """The form for the turn that `nomor` or the browser names; who is not signed in does that first."""
    door_of(services)
    number = number_shown(request)
    if exchange_of(request.scope).session is None:
        return sign_in_first(request, number, to=PATH)
    return await _show(request, services, number)


@post(PATH, guards=[SignedIn()], media_type=MediaType.HTML)
async def post_remind(request: AnyRequest, services: Parts) -> Page:
    """Keep the wish, once the gate has said whose the turn is and that it still lives."""
    form, door, session = await read_form(request), door_of(services), session_of(request)
    limit(request, "doors", f"turns of {session.account_id}")
    number, now_s = form.text("number", most=LONGEST_NUMBER), int(time.time())
    try:
        shown = await door.show(number, account_id=session.account_id, deadline_s=None, now_s=now_s)
        language = str(language_here(request))
        await ask(services.db, session.account_id, session.user_id, shown, language=language, now_s=now_s)
    except (TurnRefused, TurnForeign, TurnOver, LaneUnknown) as refusal:
        return await _show(request, services, number, refusal)
    return go_to(request, PATH)


@post(PATH + "/batal", guards=[SignedIn()], media_type=MediaType.HTML)
async def post_withdraw(request: AnyRequest, services: Parts) -> Page:
    """Take one's own wish back, for the lane that the form names."""
    form, session = await read_form(request), session_of(request)
    lane = form.text("lane", most=_LONGEST_LANE)
    if lane.isascii() and lane.isdigit():
        await store.withdraw(services.db, session.account_id, session.user_id, int(lane))
    return go_to(request, PATH)


HANDLERS: Final = [get_remind, post_remind, post_withdraw]


async def _show(request: AnyRequest, services: Services, number: str, refusal: Refusal | None = None) -> Page:
    session, door = session_of(request), door_of(services)
    found = await list_contacts(services.db, session.user_id)
    contacts = [read_contact(services.person_key.open(sealed, "contact")) for _, sealed in found]
    contact = preferred(contacts)
    assert contact is not None, "who is signed in has an address"
    return show(
        request,
        "room/remind.html",
        status=200 if refusal is None else problem_of(type(refusal)).status,
        number=number,
        contact=contact.masked,
        asked=await store.list_of(services.db, session.account_id, session.user_id),
        titles={lane.id: title_of(lane, say(request)) for lane in door.rules.lanes},
        gate_url=door.gate_url,
        errors={} if refusal is None else {"number": words_of(request, refusal)},
    )
