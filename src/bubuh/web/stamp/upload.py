"""`/bubuhkan`: send the document, or be told why it cannot be stamped and what to do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final
from uuid import UUID

from litestar import MediaType, Request, get, post

from bubuh.core.errors import Refusal
from bubuh.core.ids import AccountId, derived_id, read_id, show_id
from bubuh.documents.find import find_document
from bubuh.documents.model import LIMIT_BYTES, Document
from bubuh.documents.parts import drop, name_of, standing, whole
from bubuh.documents.receive import receive
from bubuh.documents.refusals import (
    DocumentEmpty,
    DocumentTooLarge,
    DocumentTruncated,
    DocumentUnknown,
    NotAPdf,
    UploadIncomplete,
    UploadUnknown,
    refusal_for,
)
from bubuh.edge.guards import SignedIn
from bubuh.edge.problems import problem_of
from bubuh.edge.refusals import BodyTooLarge
from bubuh.identity.people import store as people
from bubuh.identity.people.sessions import see_it_stands
from bubuh.pdf.refusals import DocumentRefused
from bubuh.quota.show import show_quota
from bubuh.waitingroom.lanes import Errand
from bubuh.web.errors import words_of
from bubuh.web.forms import read_file_form
from bubuh.web.frame import Page, Parts, go_to, say, session_of, show
from bubuh.web.stamp.tus import PREFIX

AnyRequest = Request[Any, Any, Any]
ROUTE: Final = "POST /bubuhkan"

_SLACK_BYTES: Final = 2**20  # of a file that is too large, so that the slice says no in its words


@get("/bubuhkan", guards=[SignedIn(errand=Errand.STAMP)], media_type=MediaType.HTML)
async def get_upload(request: AnyRequest, services: Parts) -> Page:
    """Ask for the file; size and kind are told before."""
    return await _ask(request, services)


@post("/bubuhkan", guards=[SignedIn(errand=Errand.STAMP)], media_type=MediaType.HTML)
async def post_upload(request: AnyRequest, services: Parts) -> Page:
    """Receive it; what cannot be stamped is refused before any quota is touched."""
    account_id = session_of(request).account_id
    try:
        async with (
            request.app.state.uploads.one(str(account_id)),
            read_file_form(request, limit_bytes=LIMIT_BYTES + _SLACK_BYTES) as sent,
        ):
            document_id = derived_id(account_id, ROUTE, sent.form.key)
            if upload_no := sent.form.text("upload"):
                document = await _of_parts(services, account_id, read_id(PREFIX, upload_no), document_id)
            elif sent.name:
                chunks = _still(request, services, sent.chunks)
                document = await _receive(services, account_id, document_id, sent.name, chunks)
            else:
                return await _ask(request, services, error=say(request)("Pilih berkas PDF dahulu."))
    except BodyTooLarge:
        return await _refused(request, services, DocumentTooLarge())
    except (
        DocumentEmpty,
        DocumentTooLarge,
        DocumentTruncated,
        NotAPdf,
        DocumentRefused,
        UploadUnknown,
        UploadIncomplete,
    ) as refusal:
        return await _refused(request, services, refusal)
    return go_to(request, f"/bubuhkan/{show_id('doc', document.id)}")


HANDLERS: Final = [get_upload, post_upload]


async def _of_parts(services: Parts, account_id: AccountId, upload_id: UUID, document_id: UUID) -> Document:
    """What came in parts, opened for the first time; the parts are gone once it is received or refused."""
    try:
        upload = await standing(account_id, upload_id, db=services.db)
    except UploadUnknown:
        return await _sent_before(services, account_id, document_id)
    bodies = whole(upload, objects=services.objects, store_key=services.store_key)
    name = name_of(upload, services.store_key)
    refused: Refusal | None = None
    try:
        document = await _receive(services, account_id, document_id, name, bodies)
    except (DocumentTruncated, NotAPdf, DocumentRefused) as refusal:
        refused = refusal
    await drop(upload, db=services.db, objects=services.objects, store_key=services.store_key)
    if refused is not None:
        raise refused
    return document


async def _sent_before(services: Parts, account_id: AccountId, document_id: UUID) -> Document:
    """What the same form led to, when its parts were received and dropped; raises `UploadUnknown`."""
    try:
        document = await find_document(services.db, account_id, document_id)
    except DocumentUnknown as unknown:
        raise UploadUnknown from unknown
    if document.reason is not None:
        raise refusal_for(document.reason)
    return document


async def _still(request: AnyRequest, services: Parts, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """What is sent, and at its end a look whether its sender still acts for the account."""
    async for chunk in chunks:
        yield chunk
    await see_it_stands(services.db, session_of(request))


async def _receive(
    services: Parts, account_id: AccountId, document_id: UUID, name: str, chunks: AsyncIterator[bytes]
) -> Document:
    received = await receive(
        chunks,
        document_id=document_id,
        account_id=account_id,
        name=name,
        db=services.db,
        sandbox=services.sandbox,
        objects=services.objects,
        store_key=services.store_key,
    )
    return received.document


async def _refused(request: AnyRequest, services: Parts, refusal: Refusal) -> Page:
    status = problem_of(type(refusal)).status
    return await _ask(request, services, status=status, error=words_of(request, refusal))


async def _ask(request: AnyRequest, services: Parts, *, status: int = 422, error: str | None = None) -> Page:
    session = session_of(request)
    known = await people.find_credentials(services.db, session.user_id)
    return show(
        request,
        "stamp/upload.html",
        status=200 if error is None else status,
        balance=await show_quota(services.db, session.account_id),
        has_pin=known is not None and known.has_pin,
        limit_bytes=LIMIT_BYTES,
        errors={} if error is None else {"file": error},
    )
