"""`/bubuhkan/…`: choose the page and the place, and say what kind of deed it is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from litestar import MediaType, Request, Response, get, post
from litestar.params import FromPath

from bubuh.core.ids import read_id
from bubuh.documents.find import find_document
from bubuh.documents.model import Document
from bubuh.documents.moves import DocumentState
from bubuh.documents.names import document_name
from bubuh.documents.preview import preview
from bubuh.documents.refusals import ContentUnseen, DocumentNotReady
from bubuh.edge.guards import SignedIn
from bubuh.edge.reasons import FLAGS, NORMALISED
from bubuh.pdf.geometry import seen_size
from bubuh.pdf.refusals import PageOutOfRange
from bubuh.waitingroom.lanes import Errand
from bubuh.web.forms import read_form
from bubuh.web.frame import Page, Parts, language_here, say, session_of, show
from bubuh.web.stamp.change import changed, shown_place
from bubuh.web.stamp.places import MOST_STAMPS, in_words, regions
from bubuh.web.stamp.wanted import LONGEST_TEXT, Filled
from bubuh.web.stamp.warn import warnings

AnyRequest = Request[Any, Any, Any]


@get("/bubuhkan/{document_id:str}", guards=[SignedIn(errand=Errand.STAMP)], media_type=MediaType.HTML)
async def get_place(request: AnyRequest, document_id: FromPath[str], services: Parts) -> Page:
    """Ask, with the page that `halaman` names before one's eyes."""
    document = await stampable(request, document_id, services)
    filled = Filled(page=request.query_params.get("halaman", "1")[:6])
    if not 1 <= filled.page_no() <= len(document.boxes):
        raise PageOutOfRange(page=filled.page_no(), pages=len(document.boxes))
    return ask(request, services, document_id, document, filled)


@post("/bubuhkan/{document_id:str}", guards=[SignedIn()], media_type=MediaType.HTML, status_code=200)
async def post_change(request: AnyRequest, document_id: FromPath[str], services: Parts) -> Page:
    """Ask again, what was filled in kept: after a tap on the page's picture, on another page, for one stamp
    more or less, and on the way back from the check page.
    """
    form = await read_form(request)
    document = await stampable(request, document_id, services)
    filled = changed(form, document)
    places = [*filled.others(document), shown_place(filled, document)]
    told = await warnings(request, services, document, places)
    return ask(request, services, document_id, document, filled, warned=told)


@get("/bubuhkan/{document_id:str}/halaman/{page:int}", guards=[SignedIn()], media_type="image/webp")
async def get_page_picture(
    request: AnyRequest, document_id: FromPath[str], page: FromPath[int], services: Parts
) -> Response[bytes]:
    """A page of the document, the stamps that are on it included."""
    drawn = await preview(
        session_of(request).account_id,
        read_id("doc", document_id),
        page,
        db=services.db,
        sandbox=services.sandbox,
        objects=services.objects,
        store_key=services.store_key,
        pictures=services.pictures,
        may_draw=services.brownout.see_drawing,
    )
    return Response(content=drawn.webp, media_type="image/webp")


HANDLERS: Final = [get_place, post_change, get_page_picture]


async def stampable(request: AnyRequest, document_id: str, services: Parts) -> Document:
    """The document, when its pages can be looked at and stamped.

    Raises:
        DocumentUnknown, MalformedId: the account has no such document.
        DocumentNotReady: refused, or its bytes are gone.
        ContentUnseen: they were never here.
    """
    document = await find_document(services.db, session_of(request).account_id, read_id("doc", document_id))
    if document.state is not DocumentState.READY:
        raise DocumentNotReady(document_id=document.id, state=document.state)
    if document.content_unseen:
        raise ContentUnseen(document_id=document.id)
    return document


def ask(
    request: AnyRequest,
    services: Parts,
    document_id: str,
    document: Document,
    filled: Filled,
    *,
    errors: dict[str, str] | None = None,
    warned: Sequence[str] = (),
) -> Page:
    """The page to fill in; a place that does not fit is shown at the usual one."""
    language = language_here(request)
    notes = [FLAGS[flag].said(language) for flag in document.flags]
    place, others = shown_place(filled, document), filled.others(document)
    return show(
        request,
        "stamp/place.html",
        status=422 if errors else 200,
        document_no=document_id,
        name=document_name(document, services.store_key),
        pages=len(document.boxes),
        place=place,
        others=[(other, seen_size(document.boxes[other.page - 1])) for other in others],
        most=MOST_STAMPS,
        in_words=partial(in_words, names=regions(say(request))),
        regions=regions(say(request)),
        seen=seen_size(document.boxes[place.page - 1]),
        filled=filled,
        longest=LONGEST_TEXT,
        warned=warned,
        notes=notes if document.base is None else [NORMALISED.said(language), *notes],
        errors=errors or {},
    )
