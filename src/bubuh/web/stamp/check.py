"""`/bubuhkan/…/periksa`: check one's answers with the face on the page, then affix with the PIN."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final
from uuid import UUID

from litestar import MediaType, Request, post
from litestar.params import FromPath

from bubuh.core.ids import derived_id, show_id
from bubuh.documents.model import Document
from bubuh.documents.names import document_name
from bubuh.edge.guards import SignedIn
from bubuh.identity.people.model import Session
from bubuh.identity.people.pins import check_pin
from bubuh.identity.people.refusals import PinLocked, PinRefused, PinUnset
from bubuh.identity.people.sessions import see_it_stands
from bubuh.pdf.geometry import seen_size
from bubuh.pdf.model import Place
from bubuh.pdf.refusals import FaceSize, OutsidePage, PageOutOfRange
from bubuh.quota.refusals import AccountFrozen, QuotaExhausted
from bubuh.quota.show import show_quota
from bubuh.stamping.accept import accept
from bubuh.stamping.model import WantedStamp
from bubuh.waitingroom.lanes import Errand
from bubuh.web.errors import words_of
from bubuh.web.forms import Form, read_form
from bubuh.web.frame import Page, Parts, go_to, say, session_of, show
from bubuh.web.stamp.place import ask, stampable
from bubuh.web.stamp.places import in_words, regions
from bubuh.web.stamp.wanted import FIELDS, Filled, field_of
from bubuh.web.stamp.warn import warnings

AnyRequest = Request[Any, Any, Any]
ROUTE: Final = "POST /bubuhkan"


@post("/bubuhkan/{document_id:str}/periksa", guards=[SignedIn()], media_type=MediaType.HTML, status_code=200)
async def post_check(request: AnyRequest, document_id: FromPath[str], services: Parts) -> Page:
    """Show what would be done. Nothing is kept or held yet."""
    filled = Filled.of(await read_form(request))
    document = await stampable(request, document_id, services)
    places, errors = _read(request, filled, document)
    if errors:
        return ask(request, services, document_id, document, filled, errors=errors)
    return await _show(request, services, document_id, document, filled, places)


@post("/bubuhkan/{document_id:str}/pin", guards=[SignedIn(errand=Errand.STAMP)], media_type=MediaType.HTML)
async def post_affix(request: AnyRequest, document_id: FromPath[str], services: Parts) -> Page:
    """Affix them, once the PIN is right; the same form again leads to the same stamps."""
    form, session = await read_form(request), session_of(request)
    filled = Filled.of(form)
    document = await stampable(request, document_id, services)
    places, errors = _read(request, filled, document)
    if errors:
        return ask(request, services, document_id, document, filled, errors=errors)
    ids = [derived_id(session.account_id, ROUTE, _key(form, number)) for number in range(len(places))]
    accepted = 0
    try:
        await check_pin(services.db, session.user_id, form.text("pin"), hasher=services.hasher)
        await see_it_stands(services.db, session)  # the hash may have waited for seconds
        for stamp_id, place in zip(ids, places, strict=True):
            await _accept(session, filled.wanted(document, place), stamp_id, services)
            accepted += 1
    except (PinRefused, PinLocked, PinUnset, QuotaExhausted, AccountFrozen) as refusal:
        words = words_of(request, refusal)
        if accepted:
            words = (
                say(request)(
                    "%(n)s meterai sudah diterima dan sedang dibubuhkan; yang di bawah ini belum.", n=accepted
                )
                + " "
                + words
            )
            filled = filled.at(places[-1], places[accepted:-1])
        return await _show(request, services, document_id, document, filled, places[accepted:], error=words)
    return go_to(request, f"/meterai/{show_id('stm', ids[-1])}")


HANDLERS: Final = [post_check, post_affix]


def _key(form: Form, number: int) -> str:
    """What the stamp of that number is known by, for ever; the first by the form alone."""
    return f"{form.key} {number}" if number else form.key


async def _accept(session: Session, wanted: WantedStamp, stamp_id: UUID, services: Parts) -> None:
    await accept(
        session.principal,
        wanted,
        stamp_id=stamp_id,
        db=services.db,
        batch=services.accept_batch,
        ringer=services.ringer,
    )


def _read(request: AnyRequest, filled: Filled, document: Document) -> tuple[list[Place], dict[str, str]]:
    """The places in the order in which they are shown, and what is wrong, in words, by field."""
    errors = filled.missing(say(request))
    others = filled.others(document)
    try:
        return [*others, filled.place(document)], errors
    except (PageOutOfRange, FaceSize, OutsidePage) as refusal:
        return [], {field_of(refusal): words_of(request, refusal), **errors}


async def _show(
    request: AnyRequest,
    services: Parts,
    document_id: str,
    document: Document,
    filled: Filled,
    places: Sequence[Place],
    *,
    error: str | None = None,
) -> Page:
    session = session_of(request)
    sizes = {place.page: seen_size(document.boxes[place.page - 1]) for place in places}
    return show(
        request,
        "stamp/check.html",
        status=200 if error is None else 422,
        document_no=document_id,
        name=document_name(document, services.store_key),
        balance=await show_quota(services.db, session.account_id),
        places=places,
        sizes=sizes,
        pages=sorted(sizes.items()),
        in_words=partial(in_words, names=regions(say(request))),
        filled=filled,
        fields=FIELDS,
        notes=await warnings(request, services, document, places),
        errors={} if error is None else {"pin": error},
    )
