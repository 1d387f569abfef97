"""`/bukti-antre`: what became of a turn, signed, as a page and as JSON, for whoever holds it."""

from __future__ import annotations

import time
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import MediaType, Request, Response, get, post
from litestar.params import FromPath

from bubuh.core.clock import utc_now
from bubuh.core.errors import Refusal
from bubuh.core.ids import MalformedId, read_id, show_id
from bubuh.deadlines.enter import holder_of
from bubuh.deadlines.model import Deadline
from bubuh.deadlines.state_turn import PREFIX, LaneFacts, state_turn
from bubuh.edge.disposition import attachment
from bubuh.edge.door import Door
from bubuh.edge.exchange import exchange_of
from bubuh.edge.guards import Visitor, limit
from bubuh.edge.problems import problem_of
from bubuh.edge.refusals import RouteUnknown
from bubuh.edge.services import Services
from bubuh.edge.turn_sheet import said_of, turn_sheet
from bubuh.edge.ways import door_of
from bubuh.pdf.seal.cms_match import take_apart
from bubuh.pdf.sheet import covered, filled
from bubuh.statements.model import Kind, SignedStatement
from bubuh.statements.store import newest, newest_signed
from bubuh.waitingroom.proof import Shown, TurnRecord
from bubuh.waitingroom.refusals import LaneUnknown, TurnForeign, TurnRefused, TurnTooNew
from bubuh.web.errors import words_of
from bubuh.web.forms import read_form
from bubuh.web.frame import HEADERS, Page, Parts, go_to, language_here, show

AnyRequest = Request[Any, Any, Any]

PATH: Final = "/bukti-antre"
_LONGEST: Final = 60
_FORMS: Final = {
    ".pdf": "application/pdf",
    ".json": "application/json",
    ".p7s": "application/pkcs7-signature",
}


@get(PATH, guards=[Visitor()], media_type=MediaType.HTML)
async def get_ask(request: AnyRequest, services: Parts) -> Page:
    """Ask for the number; the waiting page leads here with it."""
    door_of(services)
    return _ask(request, request.query_params.get("nomor", "")[:_LONGEST])


@post(PATH, guards=[Visitor()], media_type=MediaType.HTML)
async def post_ask(request: AnyRequest, services: Parts) -> Page:
    """Ask the gate what became of the turn, and have that signed."""
    form, door = await read_form(request), door_of(services)
    limit(request, "doors", f"proofs of {exchange_of(request.scope).client}")
    number = form.text("number", most=_LONGEST)
    try:
        subject = await _state(request, services, door, number)
    except (TurnRefused, TurnForeign, TurnTooNew, LaneUnknown) as refusal:
        return _ask(request, number, refusal)
    return go_to(request, f"{PATH}/{subject}")


@get(PATH + "/{proof:str}", guards=[Visitor()], media_type=MediaType.HTML)
async def get_proof(request: AnyRequest, proof: FromPath[str], services: Parts) -> Page:
    """What the proof says and its files, or one of these; whoever has its address may read it."""
    name, dot, form = proof.partition(".")
    subject = _subject(name)
    if dot:
        return await _file(services, subject, name, "." + form)
    standing = await newest(services.db, Kind.TURN, subject)
    if standing is None:
        raise RouteUnknown
    told = msgspec.json.decode(standing.facts, type=TurnRecord)
    signed = await newest_signed(services.db, Kind.TURN_SHEET, subject)
    is_signed = signed is not None and signed.statement.no == told.no
    said = said_of(told, language_here(request))
    return show(request, "room/proof.html", told=told, said=said, is_signed=is_signed, name=name)


HANDLERS: Final = [get_ask, post_ask, get_proof]


async def _state(request: AnyRequest, services: Services, door: Door, number: str) -> str:
    """The proof's name."""
    session = exchange_of(request.scope).session
    account_id = None if session is None else session.account_id
    shown = await door.show(number, account_id=account_id, deadline_s=None, now_s=int(time.time()))
    deadline = await services.deadlines.find_of_lane(services.db, shown.lane)
    if deadline is not None:
        until_s = int(deadline.at.timestamp())
        shown = await door.show(number, account_id=account_id, deadline_s=until_s, now_s=int(time.time()))
    lane, issuer = _lane(door, shown, deadline), services.public_url
    sheet = await newest_signed(services.db, Kind.TURN_SHEET, UUID(hex=shown.subject))
    async with services.db.transaction() as conn:
        listed = None
        if deadline is not None:
            listed = await holder_of(conn, deadline, shown.number, services.person_key)
        subject = await state_turn(
            conn,
            shown,
            lane,
            issuer=issuer,
            holder=listed or shown.holder,
            anew=sheet is not None and _page(sheet) is None,
            now=utc_now(),
        )
    return show_id(PREFIX, subject)


def _lane(door: Door, shown: Shown, deadline: Deadline | None) -> LaneFacts:
    """Raises `LaneUnknown` for one that the operator has taken away."""
    if deadline is not None:
        return LaneFacts(name=deadline.slug, title=deadline.name, deadline_at=deadline.at)
    for lane in door.rules.lanes:
        if lane.id == shown.lane:
            return LaneFacts(name=lane.name, title=lane.title, deadline_at=None)
    raise LaneUnknown


async def _file(services: Services, subject: UUID, name: str, form: str) -> Page:
    """One of the proof's files; raises `RouteUnknown` while it is not signed."""
    if form not in _FORMS:
        raise RouteUnknown
    kind = Kind.TURN_SHEET if form == ".pdf" else Kind.TURN
    signed = await newest_signed(services.db, kind, subject)
    if signed is None:
        raise RouteUnknown
    content = signed.signature
    if form != ".p7s":
        page = _page(signed) if form == ".pdf" else signed.statement.facts
        content = b"" if page is None else page
    if not content:  # laid out otherwise before an upgrade: asking again makes a new one
        raise RouteUnknown
    headers = {**HEADERS, "content-disposition": attachment(f"bukti-antrean-{name}{form}")}
    return Response(content=content, media_type=_FORMS[form], headers=headers)


def _page(signed: SignedStatement) -> bytes | None:
    """The page with its signature; None where it is laid out otherwise now, and not what was signed."""
    blank = turn_sheet(msgspec.json.decode(signed.statement.facts, type=TurnRecord))
    taken = take_apart(signed.signature.hex().encode("ascii"))
    if taken is None or taken.digest != covered(blank):
        return None
    return filled(blank, signed.signature)


def _ask(request: AnyRequest, number: str, refusal: Refusal | None = None) -> Page:
    errors = {} if refusal is None else {"number": words_of(request, refusal)}
    status = 200 if refusal is None else problem_of(type(refusal)).status
    return show(request, "room/proof_ask.html", status=status, number=number, errors=errors)


def _subject(name: str) -> UUID:
    try:
        return read_id(PREFIX, name)
    except MalformedId as error:
        raise RouteUnknown from error
