"""`/riwayat`: every stamp of the account, newest first, and how far each is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from litestar import MediaType, Request, get

from bubuh.edge.cursors import Cursor
from bubuh.edge.guards import SignedIn
from bubuh.edge.reasons import RETURN_REASONS
from bubuh.quota.show import show_quota
from bubuh.stamping.show import list_stamps
from bubuh.web.frame import Page, Parts, language_here, session_of, show

AnyRequest = Request[Any, Any, Any]

ROWS: Final = 25  #: on a page
_END_OF_TIME: Final = (datetime(9999, 1, 1, tzinfo=UTC), UUID(int=2**128 - 1))


@get("/riwayat", guards=[SignedIn()], media_type=MediaType.HTML)
async def get_history(request: AnyRequest, services: Parts) -> Page:
    """One page of them; `sesudah` is a cursor that the page before gave."""
    asked = request.query_params.get("sesudah")
    after = None if asked is None else Cursor.read(asked)
    before = _END_OF_TIME if after is None else (after.at, after.id)
    account_id = session_of(request).account_id
    found = await list_stamps(services.db, account_id, before=before, most=ROWS + 1)
    rows, language = found[:ROWS], language_here(request)
    return show(
        request,
        "stamp/history.html",
        balance=await show_quota(services.db, account_id),
        stamps=rows,
        reasons={code: words.said(language) for code, words in RETURN_REASONS.items()},
        is_first=after is None,
        next_cursor=Cursor(at=rows[-1].accepted_at, id=rows[-1].id).show() if len(found) > ROWS else None,
    )


HANDLERS: Final = [get_history]
