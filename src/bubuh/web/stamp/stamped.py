"""`/meterai/…`: how far a stamp is, live, and its document once it is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from litestar import MediaType, Request, get, post
from litestar.params import FromPath
from litestar.response import Stream

from bubuh.core.clock import utc_now
from bubuh.core.ids import read_id, show_id
from bubuh.documents.names import document_name
from bubuh.documents.stay import find_stay, set_kept
from bubuh.edge.disposition import attachment, stamped_name
from bubuh.edge.guards import SignedIn
from bubuh.edge.reasons import RETURN_REASONS
from bubuh.identity.people.model import Letter
from bubuh.identity.people.send_link import send_link
from bubuh.quota.show import show_quota
from bubuh.stamping.cancel import cancel
from bubuh.stamping.deliver import open_stamped_document
from bubuh.stamping.model import Stamp
from bubuh.stamping.moves import StampState
from bubuh.stamping.refusals import StampNotCancellable, StampNotReady
from bubuh.stamping.show import MOST_COUNTED, count_before, find_stamp, list_stamps
from bubuh.web.forms import read_form
from bubuh.web.frame import Page, Parts, go_to, language_here, page, session_of, show
from bubuh.web.stamp.places import MOST_STAMPS

AnyRequest = Request[Any, Any, Any]
PDF: Final = "application/pdf"
_USUAL_S: Final = 30.0  #: most stamps end within a second or two
_AT_ONCE_S: Final = 3.0  #: who waits no longer than this is told of no line
_TEN: Final = 10
_SEEN: Final = "terlihat"  #: what a page that asks for its part shows already


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What the page tells of how far things are."""

    stamp: Stamp
    beside: Sequence[Stamp]  #: asked for just before it for the same document: with the same form, mostly
    before: int | None  #: stamps that stand before it; None: nothing is said of a line

    @property
    def is_open(self) -> bool:
        """Whether one of them is under way."""
        return not all(one.has_ended for one in (self.stamp, *self.beside))

    @property
    def is_slow(self) -> bool:
        """Whether its owner waits for longer than usual."""
        return not self.stamp.has_ended and _waited_s(self.stamp) > _USUAL_S

    @property
    def mark(self) -> str:
        """All that the part which changes depends on while one of them is under way."""
        pace = "lama" if self.is_slow else "biasa"
        line = "" if self.before is None else str(self.before)
        return ".".join((pace, line, *(one.state for one in (self.stamp, *self.beside))))


@get("/meterai/{stamp_id:str}", guards=[SignedIn()], media_type=MediaType.HTML)
async def get_stamp_page(request: AnyRequest, stamp_id: FromPath[str], services: Parts) -> Page:
    """The stamp, its particulars, and what happened when."""
    seen = await _look(request, services, read_id("stm", stamp_id))
    return await _show(request, services, seen, template="stamp/stamped.html")


@get("/meterai/{stamp_id:str}/keadaan", guards=[SignedIn()], media_type=MediaType.HTML)
async def get_stamp_state(request: AnyRequest, stamp_id: FromPath[str], services: Parts) -> Page:
    """The part of the page that changes, for the page to fetch; once the stamp has ended, the whole is.

    Nothing new is answered with nothing: what stands there keeps the reader's focus, and is not read out
    again.
    """
    seen = await _look(request, services, read_id("stm", stamp_id))
    if request.query_params.get(_SEEN) == seen.mark and seen.is_open:
        return page(request, b"", status=204)
    part = await _show(request, services, seen, template="stamp/state.html")
    if not seen.is_open:
        part.headers["hx-refresh"] = "true"
    return part


@get("/meterai/{stamp_id:str}/dokumen", guards=[SignedIn()], media_type=PDF)
async def get_stamped(request: AnyRequest, stamp_id: FromPath[str], services: Parts) -> Stream:
    """The document as this stamp left it, under the original's name and `-bermeterai`."""
    stamped = await open_stamped_document(
        session_of(request).account_id,
        read_id("stm", stamp_id),
        db=services.db,
        doorbell=services.doorbell,
        objects=services.objects,
        store_key=services.store_key,
    )
    name = stamped_name(document_name(stamped.document, services.store_key))
    return Stream(
        stamped.chunks,
        media_type=PDF,
        headers={
            "Content-Disposition": attachment(name),
            "Content-Length": str(stamped.size_bytes),
            "Content-Security-Policy": "default-src 'none'; sandbox",  # a stranger's bytes, kept or shown
        },
    )


@post("/meterai/{stamp_id:str}/surat", guards=[SignedIn()], media_type=MediaType.HTML)
async def post_letter(request: AnyRequest, stamp_id: FromPath[str], services: Parts) -> Page:
    """Have a link to the stamp's page sent to its owner, once; the document itself goes by no mail."""
    await read_form(request)
    session = session_of(request)
    stamp = await find_stamp(services.db, session.account_id, read_id("stm", stamp_id))
    if stamp.state is not StampState.AFFIXED:
        raise StampNotReady
    path = f"/meterai/{show_id('stm', stamp.id)}"
    await send_link(
        services.db,
        session.user_id,
        services.public_url + path,
        letter=Letter.STAMPED,
        language=str(language_here(request)),
        key=services.person_key,
    )
    return go_to(request, f"{path}?surat=1")


@post("/meterai/{stamp_id:str}/batal", guards=[SignedIn()], media_type=MediaType.HTML)
async def post_cancel(request: AnyRequest, stamp_id: FromPath[str], services: Parts) -> Page:
    """Take back a stamp that still waits: its quota is there again. Once work has begun it goes on."""
    await read_form(request)
    principal, wanted = session_of(request).principal, read_id("stm", stamp_id)
    try:
        await cancel(principal, wanted, db=services.db)
    except StampNotCancellable:
        return go_to(request, f"/meterai/{show_id('stm', wanted)}?terlambat=1")
    return go_to(request, f"/meterai/{show_id('stm', wanted)}")


@post("/meterai/{stamp_id:str}/simpan", guards=[SignedIn()], media_type=MediaType.HTML)
async def post_keep(request: AnyRequest, stamp_id: FromPath[str], services: Parts) -> Page:
    """Keep the document past its time, or (field `simpan` not `1`) no longer."""
    form, account_id = await read_form(request), session_of(request).account_id
    stamp = await find_stamp(services.db, account_id, read_id("stm", stamp_id))
    await set_kept(services.db, account_id, stamp.document_id, is_kept=form.text("simpan") == "1")
    return go_to(request, f"/meterai/{show_id('stm', stamp.id)}")


HANDLERS: Final = [get_stamp_page, get_stamp_state, get_stamped, post_letter, post_cancel, post_keep]


async def _look(request: AnyRequest, services: Parts, stamp_id: UUID) -> _Seen:
    account_id = session_of(request).account_id
    stamp = await find_stamp(services.db, account_id, stamp_id)
    before = await list_stamps(
        services.db, account_id, before=(stamp.accepted_at, stamp.id), most=MOST_STAMPS - 1
    )
    return _Seen(
        stamp=stamp,
        beside=[one for one in reversed(before) if one.document_id == stamp.document_id],
        before=await _before(services, stamp),
    )


async def _before(services: Parts, stamp: Stamp) -> int | None:
    """How many stand before it, once that is worth a word; from ten on in tens, so that it changes seldom."""
    if stamp.state is not StampState.ACCEPTED or _waited_s(stamp) <= _AT_ONCE_S:
        return None
    before = await count_before(services.db, stamp.account_id, stamp.id)
    return before if before is None or before <= _TEN else -(-before // _TEN) * _TEN


def _waited_s(stamp: Stamp) -> float:
    return (utc_now() - stamp.accepted_at).total_seconds()


async def _show(request: AnyRequest, services: Parts, seen: _Seen, *, template: str) -> Page:
    stamp = seen.stamp
    reason = RETURN_REASONS.get(stamp.reason or "")
    return show(
        request,
        template,
        stamp=stamp,
        is_sent="surat" in request.query_params,
        is_late="terlambat" in request.query_params,
        stamp_no=show_id("stm", stamp.id),
        beside=seen.beside,
        before=seen.before,
        most_counted=MOST_COUNTED,
        is_open=seen.is_open,
        seen=f"{_SEEN}={seen.mark}",
        is_slow=seen.is_slow,
        stay=await find_stay(services.db, stamp.account_id, stamp.document_id),
        document_no=show_id("doc", stamp.document_id),
        reason=None if reason is None else reason.said(language_here(request)),
        balance=await show_quota(services.db, session_of(request).account_id),
    )
