"""`/riwayat`: every stamp, order and refund of the account, newest first, and how far each is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from litestar import MediaType, Request, get

from bubuh.core.ids import show_id
from bubuh.edge.cursors import Cursor
from bubuh.edge.figures import moment, rupiah
from bubuh.edge.guards import SignedIn
from bubuh.edge.reasons import RETURN_REASONS
from bubuh.edge.words import Language
from bubuh.history.model import PHASES, Entry, EntryKind, Filter, Phase
from bubuh.history.show import list_with_free
from bubuh.orders.model import OrderState
from bubuh.refunds.model import RefundState as R
from bubuh.stamping.moves import StampState as S
from bubuh.web.frame import Page, language_here, parts_of, session_of, show_filled
from bubuh.web.mould import Mould
from bubuh.web.words import Voice, voice

AnyRequest = Request[Any, Any, Any]

ROWS: Final = 25  #: on a page

_STAMP: Final = EntryKind.STAMP  # at hand: Python 3.11 finds an enumeration's member by a call
_ORDER: Final = EntryKind.ORDER
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
_LOOKS: Final = {Phase.OPEN: "wait", Phase.DONE: "good", Phase.RETURNED: "fail", Phase.DROPPED: ""}


class Row(NamedTuple):
    """What a page shows of an entry."""

    look: str
    word: str
    address: str
    title: str
    lead: str  #: before the moment; may be empty
    at: str
    note: str  #: may be empty
    own: str  #: its id


ROW: Final = Mould("history/row.html", *Row._fields)
PAGE: Final = Mould("history/entries.html", "rows", "free", "first", "older", "session.account_name")


@get("/riwayat", guards=[SignedIn()], media_type=MediaType.HTML)
async def get_history(request: AnyRequest) -> Page:
    """One page; `jenis` and `keadaan` say what of it, `sesudah` is a cursor that the page before gave."""
    asked = request.query_params
    kind = asked["jenis"] if asked.get("jenis") in _KINDS else ""
    phase = asked["keadaan"] if asked.get("keadaan") in _PHASES else ""
    after = Cursor.read(asked["sesudah"]) if "sesudah" in asked else None
    services, account_id = parts_of(request), session_of(request).account_id
    found, free = await list_with_free(
        services.db,
        account_id,
        Filter(kind=_KINDS.get(kind), phase=_PHASES.get(phase)),
        before=None if after is None else (after.at, after.id),
        most=ROWS + 1,
    )
    shown, language = found[:ROWS], language_here(request)
    last = Cursor(at=shown[-1].at, id=shown[-1].id).show() if len(found) > ROWS else None
    row = _rows_in(language)
    return show_filled(
        request,
        PAGE,
        ROW.fill_all(language, [row(entry) for entry in shown]),
        str(free),
        "" if after is None else _address(kind, phase),
        "" if last is None else _address(kind, phase, sesudah=last),
        kind=kind,
        phase=phase,
    )


HANDLERS: Final = [get_history]


def _looks_and_words(say: Voice) -> Mapping[tuple[EntryKind, str], tuple[str, str]]:
    """How far things are: how that looks, and in words."""
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
    return {
        (kind, str(state)): (_LOOKS[PHASES[kind, str(state)]], word)
        for kind, words in kinds.items()
        for state, word in words.items()
    }


@lru_cache(maxsize=len(Language))
def _rows_in(language: Language) -> Callable[[Entry], Row]:
    """What makes rows in `language`: what all of them say is looked up once."""
    say = voice(language)
    far, stamp, back = _looks_and_words(say), say("Meterai"), say("Kuota sudah kembali.")
    bought, paid_back = say("Pembelian meterai: %(num)s"), say("Pengembalian dana %(amount)s")
    reasons = {code: f"{back} {why.said(language)}" for code, why in RETURN_REASONS.items()}
    no_reason = f"{back} {say('Meterai tidak dapat dibubuhkan.')}"

    def row(entry: Entry) -> Row:
        at, note = moment(entry.ended_at or entry.at), ""
        look, word = far[entry.kind, entry.state]
        if entry.kind is _STAMP:
            own = show_id("stm", entry.id)
            if entry.reason is not None:
                note = reasons.get(entry.reason, no_reason)
            title = f"{entry.title} · {entry.number}"
            return Row(look, word, f"/meterai/{own}", title, stamp, at, note, own)
        amount = rupiah(entry.amount_idr or 0)
        if entry.kind is _ORDER:
            own = show_id("ord", entry.id)
            title = bought % {"num": entry.stamps}
            return Row(look, word, f"/pesanan/{own}", title, amount, at, note, own)
        assert entry.order_id is not None, "a refund is of an order"
        order, title = show_id("ord", entry.order_id), paid_back % {"amount": amount}
        return Row(look, word, f"/pesanan/{order}", title, "", at, note, show_id("rfd", entry.id))

    return row


def _address(kind: str, phase: str, **more: str) -> str:
    """Nothing of it has to be quoted: words of ours, and cursors."""
    told = [f"{name}={value}" for name, value in {"jenis": kind, "keadaan": phase, **more}.items() if value]
    return f"/riwayat?{'&'.join(told)}" if told else "/riwayat"
