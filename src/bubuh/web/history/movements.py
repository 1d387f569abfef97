"""`/riwayat/kuota`: every movement of the account's stamps, and what was left after each."""

from __future__ import annotations

from typing import Any, Final

from litestar import MediaType, Request, get

from bubuh.core.ids import show_id
from bubuh.edge.cursors import NumberCursor
from bubuh.edge.guards import SignedIn
from bubuh.history.model import Line
from bubuh.history.show import list_lines
from bubuh.quota.model import MovementKind, Purpose, Sink, Source
from bubuh.quota.show import show_quota
from bubuh.web.frame import Page, Parts, session_of, show

AnyRequest = Request[Any, Any, Any]

ROWS: Final = 25  #: on a page


@get("/riwayat/kuota", guards=[SignedIn()], media_type=MediaType.HTML)
async def get_movements(request: AnyRequest, services: Parts) -> Page:
    """One page, newest first: it ends at the balance as the ledger has it now."""
    asked = request.query_params.get("sesudah")
    before = None if asked is None else NumberCursor.read(asked).no
    account_id = session_of(request).account_id
    found = await list_lines(services.db, account_id, before=before, most=ROWS + 1)
    rows = found[:ROWS]
    last = NumberCursor(no=rows[-1].no).show() if len(found) > ROWS else None
    return show(
        request,
        "history/movements.html",
        balance=await show_quota(services.db, account_id),
        lines=[(line, _address(line)) for line in rows],
        is_first=before is None,
        older=None if last is None else f"/riwayat/kuota?sesudah={last}",
    )


HANDLERS: Final = [get_movements]


def _address(line: Line) -> str | None:
    """Where that can be seen which moved the stamps; None: it has no page."""
    if line.kind is MovementKind.ALLOT:
        return f"/pesanan/{show_id('ord', line.ref)}" if line.debit == Source.SOLD else None
    if line.purpose == Purpose.STAMP or line.credit == Sink.USED:
        return f"/meterai/{show_id('stm', line.ref)}"
    return None
