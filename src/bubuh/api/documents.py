"""`/v1/documents`: PDFs are received, kept sealed, and shown by what is known of them."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Self
from uuid import UUID

import msgspec
from litestar import get, patch, post
from litestar.params import FromPath

from bubuh.api.reply import REPLAYED, AnyRequest, Caller, ClientKey, Parts, Reply, replay_header, reply
from bubuh.core.ids import derived_id, read_id, show_id
from bubuh.documents.find import find_document
from bubuh.documents.model import LIMIT_BYTES, Document, Stay
from bubuh.documents.moves import DocumentState
from bubuh.documents.receive import receive
from bubuh.documents.refusals import (
    DocumentEmpty,
    DocumentNotReady,
    DocumentTooLarge,
    DocumentTruncated,
    NotAPdf,
)
from bubuh.documents.stay import find_stay, set_kept
from bubuh.edge.answers import language_of
from bubuh.edge.bodies import announced_bytes, check_media_type, pieces, read_json
from bubuh.edge.calls import PDF, Answer, Body, Call, Parameter, told
from bubuh.edge.disposition import read_name
from bubuh.edge.guards import May
from bubuh.edge.reasons import FLAGS, NORMALISED
from bubuh.edge.services import Services
from bubuh.edge.words import Language
from bubuh.identity.model import Principal, Scope
from bubuh.pdf.intake.flags import Flag
from bubuh.pdf.refusals import DocumentRefused
from bubuh.waitingroom.lanes import Errand

ROUTE: Final = "POST /v1/documents"
SLACK_BYTES: Final = (
    2**20
)  #: what the framework lets pass over the limit, so that the slice says no in its words


class FlagView(msgspec.Struct, frozen=True, kw_only=True):
    """Something in a document that its owner should know of; it may be stamped nevertheless."""

    code: Flag
    text: str  # what it is and what can be done, in words


class DocumentView(msgspec.Struct, frozen=True, kw_only=True):
    """A document as its owner sees it."""

    id: str
    state: DocumentState
    sha256: str  # of the original, in hex
    size_bytes: int
    pages: int | None
    normalised: bool  # the original was damaged and written anew: that is what is stamped
    normalised_reason: str | None  # code of what was the matter with it
    normalised_text: str | None  # what that means, in words
    content_unseen: bool  # it stayed at home: hash and size are of its midstate
    reason: str | None  # code, when refused
    flags: list[FlagView]  # once ready
    received_at: datetime
    kept: bool  # its bytes stay until you say otherwise
    stays_until: datetime | None  # else: after which its bytes are destroyed; null when kept, or gone

    @classmethod
    def of(cls, document: Document, stay: Stay, language: Language) -> Self:
        """The view of `document`, words in `language`."""
        base = document.base
        return cls(
            id=show_id("doc", document.id),
            state=document.state,
            sha256=document.sha256.hex(),
            size_bytes=document.size_bytes,
            pages=document.pages,
            normalised=base is not None,
            normalised_reason=None if base is None else base.normalised_for,
            normalised_text=None if base is None else NORMALISED.said(language),
            content_unseen=document.content_unseen,
            reason=document.reason,
            flags=[FlagView(code=flag, text=FLAGS[flag].said(language)) for flag in document.flags],
            received_at=document.received_at,
            kept=stay.is_here and stay.is_kept,
            stays_until=stay.until,
        )


class DocumentChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the document's bytes are to stay past their time."""

    kept: bool


_EXAMPLE: Final = {
    "id": "doc_0G3ZMVQ2H49Q8S2NXW5T7R6K1P",
    "state": "ready",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "size_bytes": 25123,
    "pages": 1,
    "normalised": False,
    "normalised_reason": None,
    "normalised_text": None,
    "content_unseen": False,
    "reason": None,
    "flags": [{"code": Flag.LINK, "text": FLAGS[Flag.LINK].id}],
    "received_at": "2026-11-22T07:00:00Z",
    "kept": False,
    "stays_until": "2026-11-25T07:00:00Z",
}
_SHOWN: Final = Body(shape=DocumentView, example=_EXAMPLE)


@post(
    "/v1/documents",
    guards=[May(Scope.DOCUMENTS_WRITE, errand=Errand.STAMP)],
    opt=told(
        Call(
            summary="Upload a PDF",
            summary_id="Unggah PDF",
            tag="documents",
            body=Body(media_type=PDF),
            answers={
                201: Answer(
                    says="Received, inspected and ready.",
                    body=_SHOWN,
                    headers={
                        "Location": "The document's address.",
                        REPLAYED: "`true` when it was here before.",
                    },
                )
            },
            parameters=(
                Parameter(
                    name="Content-Disposition",
                    where="header",
                    description="The file's name, `attachment; filename*=UTF-8''surat.pdf` (RFC 6266).",
                    schema={"type": "string", "maxLength": 1000},
                ),
            ),
            creates=True,
            refusals=(DocumentEmpty, DocumentTruncated, NotAPdf, DocumentTooLarge, DocumentRefused),
        )
    ),
)
async def create_document(
    request: AnyRequest, principal: Caller, idempotency_key: ClientKey, services: Parts
) -> Reply:
    """Receive a PDF of at most 10 x 2^20 bytes. What cannot be stamped is refused before quota is touched.

    Its bytes are destroyed 72 hours after they came, and after each stamp, unless it is to be kept.
    """
    check_media_type(request, PDF)
    async with request.app.state.program_uploads.one(str(principal.account_id)):
        received = await receive(
            pieces(request, limit_bytes=LIMIT_BYTES + SLACK_BYTES),
            document_id=derived_id(principal.account_id, ROUTE, idempotency_key),
            account_id=principal.account_id,
            name=read_name(request.headers.get("content-disposition")),
            db=services.db,
            sandbox=services.sandbox,
            objects=services.objects,
            store_key=services.store_key,
            announced_bytes=announced_bytes(request),
        )
    document = received.document
    stay = (
        await find_stay(services.db, principal.account_id, document.id)
        if received.replayed
        else Stay.of_new(document)
    )
    view = DocumentView.of(document, stay, language_of(request))
    headers = {"Location": f"/v1/documents/{view.id}", **replay_header(replayed=received.replayed)}
    return reply(view, status=201, headers=headers)


@get(
    "/v1/documents/{document_id:str}",
    guards=[May(Scope.DOCUMENTS_WRITE)],
    opt=told(
        Call(
            summary="Show a document",
            summary_id="Lihat dokumen",
            tag="documents",
            answers={200: Answer(says="The document.", body=_SHOWN)},
        )
    ),
)
async def get_document(
    request: AnyRequest, document_id: FromPath[str], principal: Caller, services: Parts
) -> Reply:
    """What is known of a document; its bytes come with its stamps."""
    return await _told(request, principal, read_id("doc", document_id), services)


@patch(
    "/v1/documents/{document_id:str}",
    guards=[May(Scope.DOCUMENTS_WRITE)],
    opt=told(
        Call(
            summary="Keep a document's bytes, or let them go",
            summary_id="Simpan berkas dokumen, atau lepaskan",
            tag="documents",
            body=Body(shape=DocumentChange, example={"kept": True}),
            answers={200: Answer(says="The document, as it is now.", body=_SHOWN)},
            refusals=(DocumentNotReady,),
        )
    ),
)
async def patch_document(
    request: AnyRequest, document_id: FromPath[str], principal: Caller, services: Parts
) -> Reply:
    """Have the bytes stay past their 72 hours, or no longer. The same again changes nothing.

    What is let go after its time was over is destroyed within minutes; what is destroyed does not come back.
    """
    change, wanted = await read_json(request, DocumentChange), read_id("doc", document_id)
    await set_kept(services.db, principal.account_id, wanted, is_kept=change.kept)
    return await _told(request, principal, wanted, services)


HANDLERS = [create_document, get_document, patch_document]


async def _told(request: AnyRequest, principal: Principal, document_id: UUID, services: Services) -> Reply:
    document = await find_document(services.db, principal.account_id, document_id)
    stay = await find_stay(services.db, principal.account_id, document_id)
    return reply(DocumentView.of(document, stay, language_of(request)))
