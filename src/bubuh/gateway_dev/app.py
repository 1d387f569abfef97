"""The gateway's HTTP surface: calls of its customer (signed), the payer's page, and the script of faults."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Literal

import msgspec
import structlog
from litestar import Litestar, MediaType, Response, get, post, put
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from bubuh.core.clock import utc_now
from bubuh.gateway_dev.book import Book
from bubuh.gateway_dev.credentials import NATIVE, Credentials
from bubuh.gateway_dev.desk import Asked, Desk, address_of, decode, is_form
from bubuh.gateway_dev.dialects import midtrans, snap, snap_accounts, xendit
from bubuh.gateway_dev.lines import NewCharge, NewRefund, PayNow, Refused, ShownCharge, ShownNotice
from bubuh.gateway_dev.page import pay_page
from bubuh.gateway_dev.script import Script
from bubuh.gateway_dev.signing import check_call, notice_headers
from bubuh.gateway_dev.teller import Teller, Voice

_log = structlog.get_logger(__name__)

_MOST_BYTES: Final = 65_536


class TakeBack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which payment the payer's bank takes back."""

    payment_no: str


class EndRefund(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a pending refund ends."""

    state: Literal["done", "failed"]


@post("/charges", status_code=200)
async def create_charge(request: Asked, desk: Desk) -> Response[bytes]:
    """Make a charge; its reference stands for it, for ever."""
    wanted = decode(await desk.called(request), NewCharge)
    is_new = wanted.reference not in desk.book.charges
    desk.book.open(wanted)
    answer = await desk.answer(wanted.reference, request)
    if is_new:
        desk.teller.maybe_forge(desk.book.show(wanted.reference, address_of(request)))
    return answer


@get("/charges/{reference:str}")
async def show_charge(reference: str, request: Asked, desk: Desk) -> Response[bytes]:
    """The charge as it is now."""
    await desk.called(request)
    return await desk.answer(reference, request)


@post("/charges/{reference:str}/cancel", status_code=200)
async def cancel_charge(reference: str, request: Asked, desk: Desk) -> Response[bytes]:
    """Close the charge if it is open."""
    await desk.called(request)
    event_id = desk.book.close(reference)
    answer = await desk.answer(reference, request)
    if event_id is not None:
        desk.teller.tell(event_id, desk.book.show(reference, address_of(request)))
    return answer


@get("/book")
async def show_book(request: Asked, desk: Desk) -> Response[bytes]:
    """Every charge and payment: what the merchant's ledger must equal."""
    check_call(desk.credentials.native, request.method, request.url.path, b"", request.headers)
    await desk.book.flush()
    shown: list[ShownCharge] = [desk.book.show(name, address_of(request)) for name in desk.book.charges]
    return Response(msgspec.json.encode(shown), media_type=MediaType.JSON)


@put("/script")
async def follow_script(request: Asked, desk: Desk) -> Response[bytes]:
    """Behave so from now on."""
    body = await request.body()
    check_call(desk.credentials.native, request.method, request.url.path, body, request.headers)
    desk.teller.follow(decode(body, Script))
    return Response(msgspec.json.encode(desk.teller.script), media_type=MediaType.JSON)


@get("/pay/{reference:str}", media_type=MediaType.HTML)
async def show_pay_page(reference: str, request: Asked, desk: Desk) -> str:
    """The payer's page."""
    return pay_page(desk.book.show(reference, address_of(request)))


@post("/pay/{reference:str}", status_code=200)
async def pay_charge(reference: str, request: Asked, desk: Desk) -> Response[bytes] | Redirect:
    """Pay: the page's button leads back to the page; a program sends JSON or nothing and gets the charge."""
    body, by_form = await request.body(), is_form(request)
    told = decode(body, PayNow) if body and not by_form else PayNow()
    asked_idr = desk.book.find(reference).opened.amount_idr
    amount = told.amount or max(1, asked_idr + desk.teller.script.amount_off_idr)
    event_id = desk.book.pay(reference, amount, insist=told.insist, currency=told.currency)
    await desk.book.flush()
    shown = desk.book.show(reference, address_of(request))
    desk.teller.tell(event_id, shown)
    if by_form:
        return Redirect(f"/pay/{reference}", status_code=303)
    return Response(msgspec.json.encode(shown), media_type=MediaType.JSON, status_code=200)


@post("/pay/{reference:str}/reversals", status_code=200)
async def reverse_payment(reference: str, request: Asked, desk: Desk) -> Response[bytes]:
    """The payer's bank takes the money back."""
    event_id = desk.book.reverse(reference, decode(await request.body(), TakeBack).payment_no)
    await desk.book.flush()
    shown = desk.book.show(reference, address_of(request))
    desk.teller.tell(event_id, shown)
    return Response(msgspec.json.encode(shown), media_type=MediaType.JSON, status_code=200)


@post("/charges/{reference:str}/refunds", status_code=200)
async def create_refund(reference: str, request: Asked, desk: Desk) -> Response[bytes]:
    """Give money of one payment back; a refund's number stands for it, for ever."""
    wanted = decode(await desk.called(request), NewRefund)
    return await desk.answer_refund(desk.book.refund(reference, wanted, desk.teller.script.refund))


@get("/charges/{reference:str}/refunds/{refund_no:str}")
async def show_refund(reference: str, refund_no: str, request: Asked, desk: Desk) -> Response[bytes]:
    """The refund as it is now."""
    await desk.called(request)
    return await desk.answer_refund(desk.book.find_refund(reference, refund_no))


@put("/charges/{reference:str}/refunds/{refund_no:str}")
async def end_refund(reference: str, refund_no: str, request: Asked, desk: Desk) -> Response[bytes]:
    """Whoever rehearses says how a pending refund ends."""
    wanted = decode(await desk.called(request), EndRefund)
    return await desk.answer_refund(desk.book.end_refund(reference, refund_no, wanted.state))


@get("/health")
async def show_health() -> dict[str, str]:
    """Alive."""
    return {"gateway": "development"}


def create_app(
    book_path: Path, credentials: Credentials, notify_url: str | Callable[[], str | None]
) -> Litestar:
    """The gateway with its book in file `book_path`.

    `credentials` are what it shares with its one customer. Notices go to `notify_url`; a callable is asked
    before each, and None puts the notice off.
    """
    where = notify_url if callable(notify_url) else lambda: notify_url

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        _log.warning("development_gateway", note="for development only: no real money moves here")
        with Book.at(book_path, utc_now) as book:
            app.state.desk = Desk(book, Teller(book, credentials, where, _VOICES), credentials)
            for event_id, reference in list(book.untold.items()):
                app.state.desk.teller.tell(event_id, book.show(reference, None))
            try:
                yield
            finally:
                await app.state.desk.teller.close()
                await book.flush()

    return Litestar(
        [
            create_charge,
            show_charge,
            cancel_charge,
            show_book,
            follow_script,
            show_pay_page,
            pay_charge,
            reverse_payment,
            create_refund,
            show_refund,
            end_refund,
            show_health,
            *_dialects(credentials),
        ],
        dependencies={"desk": _desk},
        exception_handlers={Refused: _refuse},
        lifespan=[lifespan],
        request_max_body_size=_MOST_BYTES,
        openapi_config=None,
    )


def _dialects(credentials: Credentials) -> list[HTTPRouteHandler]:
    """What those dialects want whose credentials are there."""
    spoken = (
        (credentials.midtrans_server_key, midtrans.HANDLERS),
        (credentials.xendit_secret_key, xendit.HANDLERS),
        (credentials.snap_client_key, snap.HANDLERS),
        (credentials.snap_token_key, snap_accounts.HANDLERS),
    )
    return [handler for known, handlers in spoken if known for handler in handlers]


def _say_natively(
    event_id: str, charge: ShownCharge, credentials: Credentials, _url: str
) -> tuple[bytes, dict[str, str]]:
    body = msgspec.json.encode(ShownNotice(event_id=event_id, charge=charge))
    return body, notice_headers(credentials.native, body)


_VOICES: Final[Mapping[str, Voice]] = {
    NATIVE: _say_natively,
    midtrans.NAME: midtrans.notice,
    xendit.NAME: xendit.notice,
    snap.NAME: snap.notice,
}


async def _desk(state: State) -> Desk:
    desk: Desk = state.desk
    return desk


def _refuse(_request: Asked, refused: Refused) -> Response[bytes]:
    body = msgspec.json.encode({"error": refused.why})
    return Response(body, media_type=MediaType.JSON, status_code=refused.status)
