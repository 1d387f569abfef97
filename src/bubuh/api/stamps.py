"""`/v1/stamps`: stamps are asked for, watched, listed, cancelled, and their documents fetched."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Stream

from bubuh.api.midstate_body import LIMIT_BYTES
from bubuh.api.reply import (
    LIST_PARAMETERS,
    REPLAYED,
    AnyRequest,
    Caller,
    ClientKey,
    Parts,
    Reply,
    provide_services,
    read_page,
    replay_header,
    reply,
)
from bubuh.api.stamp_views import SHOWN, WANTED, NewStamp, StampsView, StampView
from bubuh.core.ids import derived_id, read_id
from bubuh.documents.names import document_name
from bubuh.documents.receive_unseen import receive_unseen
from bubuh.documents.refusals import ContentUnseen, DocumentNotReady, DocumentUnknown
from bubuh.edge.answers import language_of
from bubuh.edge.bodies import read_json
from bubuh.edge.calls import OCTETS, PDF, Answer, Body, Call, told
from bubuh.edge.cursors import Cursor
from bubuh.edge.disposition import attachment, stamped_name
from bubuh.edge.exchange import exchange_of
from bubuh.edge.guards import May
from bubuh.edge.preferences import wait_s
from bubuh.identity.model import Principal, Scope
from bubuh.pdf.refusals import FaceSize, MidstateUnsupported, OutsidePage, PageOutOfRange
from bubuh.quota.refusals import AccountFrozen, QuotaExhausted
from bubuh.stamping.accept import accept
from bubuh.stamping.bells import ENDED
from bubuh.stamping.cancel import cancel
from bubuh.stamping.deliver import open_stamp_increment, open_stamped_document
from bubuh.stamping.refusals import StampNotCancellable, StampNotReady
from bubuh.stamping.show import find_stamp, list_stamps, wait_for_end
from bubuh.waitingroom.lanes import Errand

ROUTE: Final = "POST /v1/stamps"
_END_OF_TIME: Final = (datetime(9999, 1, 1, tzinfo=UTC), UUID(int=2**128 - 1))

_HEADERS: Final = {
    "Location": "The stamp's address.",
    REPLAYED: "`true` when the request had been carried out before.",
    "Preference-Applied": "The wait that was granted.",
}


@post(
    "/v1/stamps",
    guards=[May(Scope.STAMPS_WRITE, errand=Errand.STAMP)],
    opt=told(
        Call(
            summary="Affix a stamp",
            summary_id="Bubuhkan meterai",
            tag="stamps",
            body=Body(shape=NewStamp, example=WANTED),
            answers={
                202: Answer(says="Accepted; ask its address for the end.", body=SHOWN, headers=_HEADERS),
                200: Answer(says="It ended while you waited.", body=SHOWN, headers=_HEADERS),
            },
            creates=True,
            waits=True,
            refusals=(
                DocumentUnknown,
                DocumentNotReady,
                ContentUnseen,
                MidstateUnsupported,
                PageOutOfRange,
                FaceSize,
                OutsidePage,
                QuotaExhausted,
                AccountFrozen,
            ),
        )
    ),
)
async def create_stamp(
    request: AnyRequest, principal: Caller, idempotency_key: ClientKey, services: Parts
) -> Reply:
    """Hold one stamp and accept the request. It ends `affixed`, or `returned` with the quota back.

    A document that stays at home sends `midstate` instead of `document_id`, in a body of at most 384 x 2^10
    bytes. Nobody here sees it: its stamp says so, and whoever verifies it looks at the document then.
    """
    new = await read_json(request, NewStamp, limit_bytes=LIMIT_BYTES)
    new.check()
    document_id = new.uploaded() or await _received(request, new, principal, idempotency_key)
    stamp_id = derived_id(principal.account_id, ROUTE, idempotency_key)
    waiting_s = wait_s(request.headers.get("prefer"))
    with services.doorbell.subscribe(ENDED, str(stamp_id)) as heard:
        replayed = await accept(
            principal,
            new.wanted(document_id),
            stamp_id=stamp_id,
            db=services.db,
            batch=services.accept_batch,
            ringer=services.ringer,
            content_unseen=new.midstate is not None,
        )
        seen = await find_stamp(services.db, principal.account_id, stamp_id) if replayed else None
        if waiting_s:
            exchange_of(request.scope).rest()
        stamp = await wait_for_end(
            services.db, heard, principal.account_id, stamp_id, timeout_s=waiting_s or 0, seen=seen
        )
    view = StampView.of(stamp, language_of(request))
    headers = {"Location": f"/v1/stamps/{view.id}", **replay_header(replayed=replayed)}
    if waiting_s:
        headers["Preference-Applied"] = f"wait={waiting_s}"
    return reply(view, status=200 if waiting_s and stamp.has_ended else 202, headers=headers)


@get(
    "/v1/stamps",
    guards=[May(Scope.STAMPS_WRITE)],
    opt=told(
        Call(
            summary="List stamps",
            summary_id="Daftar meterai",
            tag="stamps",
            answers={200: Answer(says="One page, newest first.", body=Body(shape=StampsView))},
            parameters=LIST_PARAMETERS,
        )
    ),
)
async def list_all_stamps(request: AnyRequest, principal: Caller, services: Parts) -> Reply:
    """The account's stamps, newest first."""
    wanted = read_page(request)
    after = Cursor.read(wanted.after) if wanted.after is not None else None
    before = (after.at, after.id) if after is not None else _END_OF_TIME
    found = await list_stamps(services.db, principal.account_id, before=before, most=wanted.limit + 1)
    page, next_cursor = wanted.cut(found, lambda stamp: Cursor(at=stamp.accepted_at, id=stamp.id))
    language = language_of(request)
    return reply(
        StampsView(
            data=[StampView.of(stamp, language) for stamp in page],
            has_more=next_cursor is not None,
            next_cursor=next_cursor,
        )
    )


@get(
    "/v1/stamps/{stamp_id:str}",
    guards=[May(Scope.STAMPS_WRITE)],
    opt=told(
        Call(
            summary="Show a stamp",
            summary_id="Lihat meterai",
            tag="stamps",
            answers={200: Answer(says="The stamp, as it is now.", body=SHOWN)},
            waits=True,
        )
    ),
)
async def get_stamp(
    request: AnyRequest, stamp_id: FromPath[str], principal: Caller, services: Parts
) -> Reply:
    """The stamp, as it is now or, with `Prefer: wait=N`, once it has ended."""
    wanted = read_id("stm", stamp_id)
    waiting_s = wait_s(request.headers.get("prefer"))
    with services.doorbell.subscribe(ENDED, str(wanted)) as heard:
        seen = await find_stamp(services.db, principal.account_id, wanted)
        if waiting_s:
            exchange_of(request.scope).rest()
        stamp = await wait_for_end(
            services.db, heard, principal.account_id, wanted, timeout_s=waiting_s or 0, seen=seen
        )
    headers = {"Preference-Applied": f"wait={waiting_s}"} if waiting_s else {}
    return reply(StampView.of(stamp, language_of(request)), headers=headers)


@get(
    "/v1/stamps/{stamp_id:str}/document",
    guards=[May(Scope.STAMPS_WRITE)],
    media_type=PDF,
    opt=told(
        Call(
            summary="Download the stamped document",
            summary_id="Unduh dokumen bermeterai",
            tag="stamps",
            answers={
                200: Answer(
                    says="The document as this stamp left it: the same bytes for ever.",
                    body=Body(media_type=PDF),
                    headers={
                        "Content-Disposition": "`attachment`, with the original's name and `-bermeterai`.",
                        "ETag": "SHA-256 of the document.",
                    },
                )
            },
            refusals=(StampNotReady, ContentUnseen),
        )
    ),
)
async def get_stamped_document(stamp_id: FromPath[str], principal: Caller, services: Parts) -> Stream:
    """The original's bytes and the increments up to this stamp's."""
    stamped = await open_stamped_document(
        principal.account_id,
        read_id("stm", stamp_id),
        db=services.db,
        doorbell=services.doorbell,
        objects=services.objects,
        store_key=services.store_key,
    )
    name = stamped_name(document_name(stamped.document, services.store_key))
    return Stream(
        await _begun(stamped.chunks),
        media_type=PDF,
        headers={
            "Content-Disposition": attachment(name),
            "Content-Length": str(stamped.size_bytes),
            "ETag": f'"{stamped.sha256.hex()}"',
        },
    )


@get(
    "/v1/stamps/{stamp_id:str}/increment",
    guards=[May(Scope.STAMPS_WRITE)],
    media_type=OCTETS,
    opt=told(
        Call(
            summary="Download what a stamp appends",
            summary_id="Unduh inkremen meterai",
            tag="stamps",
            answers={
                200: Answer(
                    says="What to append to the document as it was: the same bytes for ever.",
                    body=Body(media_type=OCTETS),
                    headers={"ETag": "SHA-256 of the whole document, the increment included."},
                )
            },
            refusals=(StampNotReady,),
        )
    ),
)
async def get_increment(stamp_id: FromPath[str], principal: Caller, services: Parts) -> Response[bytes]:
    """The increment of any affixed stamp; of a document that stayed at home it is all there is.

    Where a time-stamp was wanted and is under way, it is waited for 5 seconds; then the increment goes
    without, for ever.
    """
    increment = await open_stamp_increment(
        principal.account_id,
        read_id("stm", stamp_id),
        db=services.db,
        doorbell=services.doorbell,
        objects=services.objects,
        store_key=services.store_key,
    )
    return Response(
        content=increment.data, media_type=OCTETS, headers={"ETag": f'"{increment.sha256.hex()}"'}
    )


@post(
    "/v1/stamps/{stamp_id:str}/cancel",
    guards=[May(Scope.STAMPS_WRITE)],
    status_code=200,
    opt=told(
        Call(
            summary="Cancel a stamp that still waits",
            summary_id="Batalkan meterai yang masih menunggu",
            tag="stamps",
            answers={200: Answer(says="It is returned and the quota is back.", body=SHOWN)},
            refusals=(StampNotCancellable,),
        )
    ),
)
async def cancel_stamp(
    request: AnyRequest, stamp_id: FromPath[str], principal: Caller, services: Parts
) -> Reply:
    """Return an accepted stamp's quota. Repeating it is harmless."""
    stamp = await cancel(principal, read_id("stm", stamp_id), db=services.db)
    return reply(StampView.of(stamp, language_of(request)))


HANDLERS = [create_stamp, list_all_stamps, get_stamp, get_stamped_document, get_increment, cancel_stamp]


async def _received(request: AnyRequest, new: NewStamp, principal: Principal, key: str) -> UUID:
    """The document that stays at home, for this one stamp."""
    assert new.midstate is not None, "one of the two ways to name a document is used"
    services = provide_services(request)
    async with request.app.state.program_uploads.one(str(principal.account_id)):
        document = await receive_unseen(
            new.midstate.read(),
            new.page,
            document_id=derived_id(principal.account_id, f"{ROUTE} midstate, page {new.page}", key),
            account_id=principal.account_id,
            db=services.db,
            sandbox=services.sandbox,
            objects=services.objects,
            store_key=services.store_key,
        )
    return document.id


async def _begun(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """`chunks`, of which the first was read: what is missing is told before the answer begins."""
    first = await anext(chunks)

    async def all_of_them() -> AsyncIterator[bytes]:
        yield first
        async for chunk in chunks:
            yield chunk

    return all_of_them()
