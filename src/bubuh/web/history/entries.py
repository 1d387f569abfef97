"""`/riwayat`: every stamp, order and refund of the account, newest first, and how far each is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from litestar import MediaType, Request, get

from bubuh.edge.cursors import Cursor
from bubuh.edge.guards import SignedIn
from bubuh.edge.reasons import RETURN_REASONS
from bubuh.history.model import EntryKind, Filter, Phase
from bubuh.history.show import list_entries
from bubuh.quota.show import show_quota
from bubuh.web.frame import Page, Parts, language_here, session_of, show

AnyRequest = Request[Any, Any, Any]

ROWS: Final = 25  #: on a page

_KINDS: Final[Mapping[str, EntryKind]] = {
    "meterai": EntryKind.STAMP,
    "pesanan": EntryKind.ORDER,
    "dana": EntryKind.REFUND,
}
_PHASES: Final[Mapping[str, Phase]] = {
    "berjalan": Phase.OPEN,
    "berhasil": Phase.DONE,
    "refund": Phase.RETURNED,
    "batal": Phase.DROPPED,
}


@get("/riwayat", guards=[SignedIn()], media_type=MediaType.HTML)
async def get_history(request: AnyRequest, services: Parts) -> Page:
    """One page; `jenis` and `keadaan` say what of it, `sesudah` is a cursor that the page before gave."""
    asked = request.query_params
    chosen = {
        "jenis": asked.get("jenis") if asked.get("jenis") in _KINDS else None,
        "keadaan": asked.get("keadaan") if asked.get("keadaan") in _PHASES else None,
    }
    wanted = Filter(kind=_KINDS.get(chosen["jenis"] or ""), phase=_PHASES.get(chosen["keadaan"] or ""))
    after = Cursor.read(asked["sesudah"]) if "sesudah" in asked else None
    account_id = session_of(request).account_id
    found = await list_entries(
        services.db,
        account_id,
        wanted,
        before=None if after is None else (after.at, after.id),
        most=ROWS + 1,
    )
    rows, language = found[:ROWS], language_here(request)
    last = Cursor(at=rows[-1].at, id=rows[-1].id).show() if len(found) > ROWS else None
    return show(
        request,
        "history/entries.html",
        balance=await show_quota(services.db, account_id),
        entries=rows,
        reasons={code: words.said(language) for code, words in RETURN_REASONS.items()},
        chosen=chosen,
        is_first=after is None,
        first=_address(chosen),
        older=None if last is None else _address(chosen, sesudah=last),
    )


HANDLERS: Final = [get_history]


def _address(chosen: Mapping[str, str | None], **more: str) -> str:
    told = {name: value for name, value in {**chosen, **more}.items() if value is not None}
    return f"/riwayat?{urlencode(told)}" if told else "/riwayat"
