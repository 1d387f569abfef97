"""`/riwayat`: every stamp, order and refund of the account, newest first, and how far each is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from litestar import MediaType, Request, get

from bubuh.core.ids import show_id
from bubuh.edge.cursors import Cursor
from bubuh.edge.figures import moment, rupiah
from bubuh.edge.guards import SignedIn
from bubuh.edge.reasons import RETURN_REASONS
from bubuh.history.model import Entry, EntryKind, Filter, Phase
from bubuh.history.show import list_entries
from bubuh.orders.model import OrderState
from bubuh.quota.show import show_quota
from bubuh.refunds.model import RefundState as R
from bubuh.stamping.moves import StampState as S
from bubuh.web.frame import Page, Parts, language_here, say, session_of, show
from bubuh.web.words import Voice

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


_PREFIXES: Final = {EntryKind.STAMP: "stm", EntryKind.ORDER: "ord", EntryKind.REFUND: "rfd"}
_LOOKS: Final = {Phase.OPEN: "wait", Phase.DONE: "good", Phase.RETURNED: "fail", Phase.DROPPED: ""}


class _Row(NamedTuple):
    """What a page shows of an entry: a template takes a tuple apart faster than it reads attributes."""

    look: str
    word: str
    address: str
    title: str
    line: str
    note: str | None
    help: str
    help_label: str


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
    rows, language, voice = found[:ROWS], language_here(request), say(request)
    reasons = {code: words.said(language) for code, words in RETURN_REASONS.items()}
    words = _words(voice)
    last = Cursor(at=rows[-1].at, id=rows[-1].id).show() if len(found) > ROWS else None
    return show(
        request,
        "history/entries.html",
        balance=await show_quota(services.db, account_id),
        entries=[_row(entry, words, reasons, voice) for entry in rows],
        chosen=chosen,
        is_first=after is None,
        first=_address(chosen),
        older=None if last is None else _address(chosen, sesudah=last),
    )


HANDLERS: Final = [get_history]


def _words(say: Voice) -> Mapping[tuple[EntryKind, str], str]:
    """How far things are, in words: a page says each many times, and looks it up once."""
    waits, works, done = say("Menunggu pembayaran"), say("Diproses"), say("Berhasil")
    stamp = {S.ACCEPTED: say("Diterima"), S.PROCESSING: works, S.AFFIXED: done, S.RETURNED: say("Refund")}
    order = {
        OrderState.PLACED: waits,
        OrderState.PAID: works,
        OrderState.FILLED: done,
        OrderState.EXPIRED: say("Kedaluwarsa"),
        OrderState.CANCELLED: say("Dibatalkan"),
    }
    refund = dict.fromkeys(R, works) | {
        R.DONE: say("Refund"),
        R.FAILED: say("Gagal"),
        R.DECLINED: say("Ditolak"),
    }
    kinds: Mapping[EntryKind, Mapping[S, str] | Mapping[OrderState, str] | Mapping[R, str]]
    kinds = {EntryKind.STAMP: stamp, EntryKind.ORDER: order, EntryKind.REFUND: refund}
    return {(kind, str(state)): word for kind, words in kinds.items() for state, word in words.items()}


def _row(
    entry: Entry, words: Mapping[tuple[EntryKind, str], str], reasons: Mapping[str, str], say: Voice
) -> _Row:
    """One entry, ready to be shown: a template that calls nothing is ten times as fast."""
    at = moment(entry.ended_at or entry.at)
    own = show_id(_PREFIXES[entry.kind], entry.id)
    note = None
    match entry.kind:
        case EntryKind.STAMP:
            address, title = f"/meterai/{own}", f"{entry.title} · {entry.number}"
            line = f"{say('Meterai')} · {at}"
            if entry.reason is not None:
                why = reasons.get(entry.reason) or say("Meterai tidak dapat dibubuhkan.")
                note = f"{say('Kuota sudah kembali.')} {why}"
        case EntryKind.ORDER:
            address, title = f"/pesanan/{own}", say("Pembelian meterai: %(num)s", num=entry.stamps)
            line = f"{rupiah(entry.amount_idr or 0)} · {at}"
        case EntryKind.REFUND:
            assert entry.order_id is not None, "a refund is of an order"
            address = f"/pesanan/{show_id('ord', entry.order_id)}"
            title = say("Pengembalian dana %(amount)s", amount=rupiah(entry.amount_idr or 0))
            line = at
    return _Row(
        look=_LOOKS[entry.phase],
        word=words[entry.kind, entry.state],
        address=address,
        title=title,
        line=line,
        note=note,
        help=f"/bantuan/{own}",
        help_label=say("Ada masalah? %(what)s", what=f"{title}, {at}"),
    )


def _address(chosen: Mapping[str, str | None], **more: str) -> str:
    told = {name: value for name, value in {**chosen, **more}.items() if value is not None}
    return f"/riwayat?{urlencode(told)}" if told else "/riwayat"
