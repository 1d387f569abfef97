"""`/antre/masuk`: enter with a turn that was called, and go on where one was sent to the queue."""

from __future__ import annotations

import time
from typing import Any, Final

from litestar import MediaType, Request, get, post

from bubuh.core.errors import Refusal
from bubuh.edge.door import Door
from bubuh.edge.exchange import exchange_of
from bubuh.edge.guards import SignedIn, Visitor, limit
from bubuh.edge.problems import problem_of
from bubuh.edge.ways import door_of
from bubuh.waitingroom.passes import PASS_LIFE_S
from bubuh.waitingroom.refusals import OF_A_TURN
from bubuh.web.browser import browser_of
from bubuh.web.errors import words_of
from bubuh.web.forms import read_form
from bubuh.web.frame import Page, Parts, go_to, go_to_gate, inner_path, session_of, show
from bubuh.web.room.number import LONGEST_NUMBER, number_shown, sign_in_first

AnyRequest = Request[Any, Any, Any]

PATH: Final = "/antre/masuk"
_AFTERWARDS: Final = "/akun"
_LONGEST_PROOF: Final = 300  # of a key 215


@get(PATH, guards=[Visitor()], media_type=MediaType.HTML)
async def get_enter(request: AnyRequest, services: Parts) -> Page:
    """Show the turn that `nomor` or the browser names; who is not signed in does that first."""
    door, number = door_of(services), number_shown(request)
    session = exchange_of(request.scope).session
    if session is not None:
        proof = request.query_params.get("bukti", "")[:_LONGEST_PROOF]
        asked = None if proof else door.challenge(session.account_id, number, now_s=int(time.time()))
        return _ask(request, door, number, proof=proof) if asked is None else go_to_gate(request, asked)
    return sign_in_first(request, number, to=PATH)


@post(PATH, guards=[SignedIn()], media_type=MediaType.HTML)
async def post_enter(request: AnyRequest, services: Parts) -> Page:
    """Take the turn to the gate, keep the pass, and go on where one was."""
    form, door, account_id = await read_form(request), door_of(services), session_of(request).account_id
    limit(request, "doors", f"turns of {account_id}")
    number, cookies = form.text("number", most=LONGEST_NUMBER), browser_of(request).cookies
    proof = form.text("proof", most=_LONGEST_PROOF)
    aim = inner_path(request.cookies.get(cookies.aim, ""), _AFTERWARDS)
    try:
        kept = await door.enter(account_id, number, now_s=int(time.time()), proof=proof.strip("-"))
    except OF_A_TURN as refusal:
        return _ask(request, door, number, refusal, proof=proof)
    done = [
        cookies.put(cookies.room_pass, kept, max_age_s=PASS_LIFE_S),
        cookies.drop(cookies.turn),
        cookies.drop(cookies.aim),
    ]
    return go_to(request, aim, cookies=done)


HANDLERS: Final = [get_enter, post_enter]


def _ask(
    request: AnyRequest, door: Door, number: str, refusal: Refusal | None = None, *, proof: str = ""
) -> Page:
    errors = {} if refusal is None else {"number": words_of(request, refusal)}
    status = 200 if refusal is None else problem_of(type(refusal)).status
    return show(
        request,
        "room/enter.html",
        status=status,
        number=number,
        proof=proof,
        gate_url=door.gate_url,
        errors=errors,
    )
