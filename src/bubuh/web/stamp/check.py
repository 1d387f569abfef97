"""`/bubuhkan/…/periksa`: check one's answers with the face on the page, then affix with the PIN."""

from __future__ import annotations

from typing import Any, Final

from litestar import MediaType, Request, post
from litestar.params import FromPath

from bubuh.core.ids import derived_id, show_id
from bubuh.documents.model import Document
from bubuh.documents.names import document_name
from bubuh.edge.guards import SignedIn
from bubuh.identity.people.pins import check_pin
from bubuh.identity.people.refusals import PinLocked, PinRefused, PinUnset
from bubuh.pdf.geometry import seen_size
from bubuh.pdf.model import Place
from bubuh.pdf.refusals import FaceSize, OutsidePage, PageOutOfRange
from bubuh.quota.refusals import AccountFrozen, QuotaExhausted
from bubuh.quota.show import show_quota
from bubuh.stamping.accept import accept
from bubuh.web.errors import words_of
from bubuh.web.forms import read_form
from bubuh.web.frame import Page, Parts, go_to, say, session_of, show
from bubuh.web.stamp.place import ask, stampable
from bubuh.web.stamp.wanted import Filled, field_of

AnyRequest = Request[Any, Any, Any]
ROUTE: Final = "POST /bubuhkan"


@post("/bubuhkan/{document_id:str}/periksa", guards=[SignedIn()], media_type=MediaType.HTML, status_code=200)
async def post_check(request: AnyRequest, document_id: FromPath[str], services: Parts) -> Page:
    """Show what would be done. Nothing is kept or held yet."""
    filled = Filled.of(await read_form(request))
    document = await stampable(request, document_id, services)
    place, errors = _read(request, filled, document)
    if place is None or errors:
        return ask(request, services, document_id, document, filled, errors=errors)
    return await _show(request, services, document_id, document, filled, place)


@post("/bubuhkan/{document_id:str}/pin", guards=[SignedIn()], media_type=MediaType.HTML)
async def post_affix(request: AnyRequest, document_id: FromPath[str], services: Parts) -> Page:
    """Affix it, once the PIN is right; the same form again leads to the same stamp."""
    form, session = await read_form(request), session_of(request)
    filled = Filled.of(form)
    document = await stampable(request, document_id, services)
    place, errors = _read(request, filled, document)
    if place is None or errors:
        return ask(request, services, document_id, document, filled, errors=errors)
    stamp_id = derived_id(session.account_id, ROUTE, form.key)
    try:
        await check_pin(services.db, session.user_id, form.text("pin"), hasher=services.hasher)
        await accept(
            session.principal,
            filled.wanted(document, place),
            stamp_id=stamp_id,
            db=services.db,
            batch=services.accept_batch,
            ringer=services.ringer,
        )
    except (PinRefused, PinLocked, PinUnset, QuotaExhausted, AccountFrozen) as refusal:
        words = words_of(request, refusal)
        return await _show(request, services, document_id, document, filled, place, error=words)
    return go_to(request, f"/meterai/{show_id('stm', stamp_id)}")


HANDLERS: Final = [post_check, post_affix]


def _read(request: AnyRequest, filled: Filled, document: Document) -> tuple[Place | None, dict[str, str]]:
    """The place, and what is wrong, in words, by field."""
    errors = filled.missing(say(request))
    try:
        return filled.place(document), errors
    except (PageOutOfRange, FaceSize, OutsidePage) as refusal:
        return None, {field_of(refusal): words_of(request, refusal), **errors}


async def _show(
    request: AnyRequest,
    services: Parts,
    document_id: str,
    document: Document,
    filled: Filled,
    place: Place,
    *,
    error: str | None = None,
) -> Page:
    session = session_of(request)
    return show(
        request,
        "stamp/check.html",
        status=200 if error is None else 422,
        document_no=document_id,
        name=document_name(document, services.store_key),
        balance=await show_quota(services.db, session.account_id),
        place=place,
        seen=seen_size(document.boxes[place.page - 1]),
        filled=filled,
        errors={} if error is None else {"pin": error},
    )
