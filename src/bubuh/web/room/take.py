"""`/antre/nomor`: who is signed in takes a turn that is their account's, without work and for any device."""

from __future__ import annotations

import time
from typing import Any, Final

from litestar import MediaType, Request, get, post

from bubuh.edge.guards import SignedIn, limit
from bubuh.edge.ways import door_of
from bubuh.waitingroom.lanes import LaneKind
from bubuh.waitingroom.refusals import LaneReserved
from bubuh.waitingroom.turn import TURN_LIFE_S
from bubuh.web.browser import browser_of
from bubuh.web.forms import read_form
from bubuh.web.frame import Page, Parts, go_to, say, session_of, show
from bubuh.web.room.number import number_shown
from bubuh.web.room.titles import title_of

AnyRequest = Request[Any, Any, Any]

PATH: Final = "/antre/nomor"
_LONGEST_NAME: Final = 16


@get(PATH, guards=[SignedIn()], media_type=MediaType.HTML)
async def get_take(request: AnyRequest, services: Parts) -> Page:
    """The lanes that anybody may join, and the turn that this browser took here."""
    door = door_of(services)
    lanes = [rule for rule in door.rules.lanes if not (rule.kind.is_reserved or rule.kind is LaneKind.REPAIR)]
    titles = {rule.name: title_of(rule, say(request)) for rule in lanes}
    return show(
        request, "room/take.html", titles=titles, number=number_shown(request), gate_url=door.gate_url
    )


@post(PATH, guards=[SignedIn()], media_type=MediaType.HTML)
async def post_take(request: AnyRequest, services: Parts) -> Page:
    """Have the gate give a turn that is bound to the account; the browser keeps it.

    Raises:
        LaneUnknown, LaneReserved: nobody joins that lane here.
    """
    form, door, session = await read_form(request), door_of(services), session_of(request)
    limit(request, "doors", f"turns of {session.account_id}")
    rule = door.rules.by_name(form.text("lane", most=_LONGEST_NAME))
    if rule.kind.is_reserved:
        raise LaneReserved
    joined = await door.join(session.account_id, rule.id, now_s=int(time.time()))
    cookies = browser_of(request).cookies
    return go_to(request, PATH, cookies=[cookies.put(cookies.turn, joined.turn, max_age_s=TURN_LIFE_S)])


HANDLERS: Final = [get_take, post_take]
