"""The contract of the `Gateway` port, held by every adapter against the development gateway."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from bubuh.core.ids import fresh_account_id, fresh_id
from bubuh.db.pool import Database
from bubuh.orders.collect import run_notices_pass
from bubuh.payments.bank_calls import BankService, BankVerdict, Bill
from bubuh.payments.model import (
    AttemptState,
    Charge,
    Method,
    Notice,
    RefundWord,
    WantedCharge,
    WantedRefund,
    reference_of,
)
from bubuh.payments.ports import Gateway
from bubuh.payments.refusals import GatewayMisspoke, GatewayRefused, GatewayUnavailable, NoticeForged
from bubuh.payments.take_notice import FORGED, keeping, take_notice
from tests.adapters.gateways import DIALECTS, Dialect
from tests.adapters.listening import listening
from tests.gateway_dev.rig import RunningGateway, Shop, closed_port, gateway_process, make_principal, running  # noqa: F401 -- fixtures

DIALECT_METHODS = [(name, method) for name, one in DIALECTS.items() for method in sorted(one.methods)]


@dataclass(frozen=True)
class Customer:
    """An adapter at a running gateway, and what a payer does."""

    dialect: Dialect
    gateway: Gateway
    running: RunningGateway

    async def opened(self, method: Method = Method.QRIS) -> tuple[WantedCharge, Charge]:
        asked = wanted(method)
        return asked, await self.gateway.create(asked)

    async def pay(self, asked: WantedCharge, **how: Any) -> dict[str, Any]:
        """Pay by the name that the gateway knows a reference by: SNAP's numbers have no punctuation.

        A virtual account that we numbered is typed at the bank, which asks us and then pays us.
        """
        if asked.method in self.dialect.numbered_by_us:
            va = (await self.gateway.create(asked)).details.va
            async with answering(self), httpx.AsyncClient(trust_env=False) as client:
                answer = await client.post(f"{self.running.address}/accounts/{va}", json=how)
                assert answer.status_code == 200, answer.text
                paid: dict[str, Any] = answer.json()
                return paid
        for name in (asked.reference, asked.reference[4:30] + asked.reference[31:]):
            if name in {one["reference"] for one in await self.running.book()}:
                return await self.running.pay(name, **how)
        raise AssertionError(f"{asked.reference} is not in the book")

    async def paid(self, method: Method = Method.QRIS) -> Charge:
        asked, _ = await self.opened(method)
        await self.pay(asked)
        charge = await self.gateway.status(asked.reference, method)
        assert charge is not None
        return charge


def wanted(method: Method = Method.QRIS, amount_idr: int = 30_000) -> WantedCharge:
    return WantedCharge(
        reference=reference_of(fresh_id(fresh_account_id())),
        amount_idr=amount_idr,
        method=method,
        expires_at=datetime.now(UTC) + timedelta(hours=1),
    )


def refund_of(charge: Charge, amount_idr: int, method: Method = Method.QRIS) -> WantedRefund:
    (paid,) = charge.payments
    return WantedRefund(
        refund_no=f"rfd-{uuid4().hex}",
        reference=charge.reference,
        payment_no=paid.payment_no,
        method=method,
        amount_idr=amount_idr,
        reason="tidak jadi",
    )


@pytest.fixture(params=list(DIALECTS))
async def customer(request: pytest.FixtureRequest, running: RunningGateway) -> AsyncIterator[Customer]:  # noqa: F811
    dialect = DIALECTS[request.param]
    gateway = dialect.make(lambda: running.address)
    yield Customer(dialect, gateway, running)
    await gateway.close()


@pytest.mark.parametrize(("name", "method"), DIALECT_METHODS)
async def test_a_charge_from_creation_to_payment(running: RunningGateway, name: str, method: Method) -> None:  # noqa: F811
    dialect = DIALECTS[name]
    gateway = dialect.make(lambda: running.address)
    customer = Customer(dialect, gateway, running)
    asked, is_ours = wanted(method), method in dialect.numbered_by_us
    before = [await ask(asked.reference, method) for ask in (gateway.status, gateway.cancel)]
    assert [one and one.state for one in before] == (
        [AttemptState.OPEN, AttemptState.CLOSED] if is_ours else [None, None]
    )
    created = await gateway.create(asked)
    again = await gateway.create(asked)
    assert (created.reference, created.state) == (asked.reference, AttemptState.OPEN)
    assert created.details.pay_url is not None or created.details.va is not None
    assert (again.reference, again.state, again.payments) == (created.reference, created.state, ())
    if dialect.tells_code_again or is_ours:
        assert again == created == await gateway.status(asked.reference, method)
    await customer.pay(asked)
    paid = await gateway.cancel(asked.reference, method)
    assert paid is not None
    assert paid.state is AttemptState.PAID
    assert [(one.amount, one.currency) for one in paid.payments] == [(30_000, "IDR")]
    assert abs(paid.payments[0].paid_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert await gateway.status(asked.reference, method) == paid
    await gateway.close()


async def test_a_qris_code_is_for_the_amount(customer: Customer) -> None:
    _, created = await customer.opened()
    if created.details.qris is not None:
        assert "540530000" in created.details.qris
    else:
        assert created.details.pay_url is not None


async def test_cancel_closes(customer: Customer) -> None:
    asked, _ = await customer.opened()
    closed = await customer.gateway.cancel(asked.reference)
    assert closed is not None
    assert (closed.state, closed.payments) == (AttemptState.CLOSED, ())


async def test_money_on_a_closed_charge_is_told(customer: Customer) -> None:
    asked, _ = await customer.opened()
    await customer.gateway.cancel(asked.reference)
    await customer.pay(asked, insist=True)
    charge = await customer.gateway.status(asked.reference)
    assert charge is not None
    assert (charge.state, [one.amount for one in charge.payments]) == (AttemptState.PAID, [30_000])


async def test_a_reference_used_otherwise_is_refused(customer: Customer) -> None:
    asked, _ = await customer.opened()
    other = WantedCharge(
        reference=asked.reference, amount_idr=1, method=asked.method, expires_at=asked.expires_at
    )
    with pytest.raises(GatewayRefused):
        await customer.gateway.create(other)


async def test_a_refund_stands_for_its_number(customer: Customer) -> None:
    asked = refund_of(await customer.paid(), 20_000)
    assert await customer.gateway.refund_status(asked) is None
    for answer in (
        await customer.gateway.refund(asked),
        await customer.gateway.refund(asked),
        await customer.gateway.refund_status(asked),
    ):
        assert answer is not None
        assert (answer.refund_no, answer.state) == (asked.refund_no, RefundWord.DONE)


async def test_more_than_is_left_is_never_given_back(customer: Customer) -> None:
    charge = await customer.paid()
    answers = [await customer.gateway.refund(refund_of(charge, amount)) for amount in (20_000, 10_000, 1)]
    assert [one.state for one in answers] == [RefundWord.DONE, RefundWord.DONE, RefundWord.FAILED]
    assert answers[2].why


@asynccontextmanager
async def saying(answers: Mapping[str, tuple[int, dict[str, Any]]]) -> AsyncIterator[str]:
    """A gateway's address that answers by the end of a path."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path, _, _ = await request_from(reader)
        status, told = next(said for end, said in answers.items() if path.endswith(end))
        body = json.dumps(told).encode()
        head = f"HTTP/1.1 {status} x\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


REFUNDED = wanted().reference


def xendit_says(status: int, code: str) -> dict[str, tuple[int, dict[str, Any]]]:
    return {
        "/refunds": (status, {"error_code": code, "message": "no"}),
        "limit=100": (200, {"data": []}),
    }


def midtrans_says(status: int, code: str) -> dict[str, tuple[int, dict[str, Any]]]:
    paid = {"order_id": REFUNDED, "gross_amount": "30000.00", "transaction_status": "settlement"}
    return {
        "/refund": (status, {"status_code": code, "status_message": "no"}),
        "/status": (200, paid | {"status_code": "200"}),
    }


def snap_says(status: int, code: str) -> dict[str, tuple[int, dict[str, Any]]]:
    told = {
        "responseCode": "2005100",
        "originalPartnerReferenceNo": REFUNDED[4:30] + REFUNDED[31:],
        "latestTransactionStatus": "00",
    }
    return {
        "/b2b": (200, {"responseCode": "2007300", "accessToken": "t", "expiresIn": "900"}),
        "/qr-mpm-refund": (status, {"responseCode": code, "responseMessage": "no"}),
        "/qr-mpm-query": (200, told),
    }


@pytest.mark.parametrize(
    ("name", "says", "code", "is_never"),
    [
        ("xendit", partial(xendit_says, 400), "MAXIMUM_REFUND_AMOUNT_REACHED", True),
        ("xendit", partial(xendit_says, 400), "PARTIAL_REFUND_NOT_SUPPORTED", True),
        ("xendit", partial(xendit_says, 400), "REFUND_NOT_SUPPORTED", True),
        ("xendit", partial(xendit_says, 403), "INELIGIBLE_TRANSACTION", True),
        ("xendit", partial(xendit_says, 400), "REFUND_IN_PROGRESS", False),
        ("xendit", partial(xendit_says, 401), "INVALID_API_KEY", False),
        ("xendit", partial(xendit_says, 409), "IDEMPOTENCY_ERROR", False),
        ("midtrans", partial(midtrans_says, 200), "412", True),
        ("midtrans", partial(midtrans_says, 200), "414", False),
        ("midtrans", partial(midtrans_says, 200), "406", False),
        ("snap", partial(snap_says, 404), "4047813", True),
        ("snap", partial(snap_says, 403), "4037800", True),
        ("snap", partial(snap_says, 403), "4037814", False),  # no funds just now
        ("snap", partial(snap_says, 409), "4097801", False),
        ("snap", partial(snap_says, 200), "4297800", False),
    ],
)
async def test_a_refund_has_failed_only_where_it_will_never_be_carried(
    name: str, says: Callable[[str], dict[str, tuple[int, dict[str, Any]]]], code: str, *, is_never: bool
) -> None:
    """While one may be at work its stamps stay held. Of Xendit: docs.xendit.co/qr-codes/test-scenarios."""
    asked = WantedRefund(
        refund_no="rfd-1",
        reference=REFUNDED,
        payment_no="inv_1",
        method=Method.QRIS,
        amount_idr=1,
        reason="tidak jadi",
    )
    async with saying(says(code)) as address:
        gateway = DIALECTS[name].make(address)
        if is_never:
            said = await gateway.refund(asked)
            assert (said.state, code in str(said.why)) == (RefundWord.FAILED, True)
        else:
            with pytest.raises(GatewayRefused):
                await gateway.refund(asked)
        await gateway.close()


@pytest.mark.parametrize("name", [name for name, one in DIALECTS.items() if one.pends])
async def test_a_refund_may_take_its_time(running: RunningGateway, name: str) -> None:  # noqa: F811
    gateway = DIALECTS[name].make(lambda: running.address)
    charge = await Customer(DIALECTS[name], gateway, running).paid()
    await running.call("PUT", "/script", {"refund": "pending", "lose": 1})
    asked = refund_of(charge, 30_000)
    assert (await gateway.refund(asked)).state is RefundWord.PENDING
    known = await gateway.refund_status(asked)
    assert known is not None
    assert known.state is RefundWord.PENDING
    await gateway.close()


@pytest.mark.parametrize(
    ("name", "method"), [(n, m) for n, m in DIALECT_METHODS if m not in DIALECTS[n].refunds]
)
async def test_what_cannot_go_back_is_refused_for_good(
    running: RunningGateway,  # noqa: F811
    name: str,
    method: Method,
) -> None:
    gateway = DIALECTS[name].make(lambda: running.address)
    charge = await Customer(DIALECTS[name], gateway, running).paid(method)
    assert (await gateway.refund(refund_of(charge, 1, method))).state is RefundWord.FAILED
    await gateway.close()


@pytest.mark.parametrize("name", [name for name, one in DIALECTS.items() if one.tells_reversals])
async def test_a_bank_takes_money_back(running: RunningGateway, name: str) -> None:  # noqa: F811
    gateway = DIALECTS[name].make(lambda: running.address)
    charge = await Customer(DIALECTS[name], gateway, running).paid()
    (kept,) = (one for one in await running.book() if one["reference"] == charge.reference)
    await running.reverse(charge.reference, kept["payments"][0]["payment_no"])
    after = await gateway.status(charge.reference)
    assert after is not None
    assert after.payments == charge.payments
    assert [(one.payment_no, one.amount_idr) for one in after.reversals] == [
        (charge.payments[0].payment_no, 30_000)
    ]
    await gateway.close()


async def test_health(customer: Customer) -> None:
    await customer.gateway.health()
    nobody = customer.dialect.make(closed_port())
    with pytest.raises(GatewayUnavailable):
        await nobody.health()
    await nobody.close()


async def test_a_wrong_key_is_refused(customer: Customer) -> None:
    stranger = customer.dialect.make(lambda: customer.running.address, "another key")
    with pytest.raises(GatewayRefused):
        await stranger.create(wanted())
    await stranger.close()


@pytest.mark.parametrize(
    ("faults", "fault"), [({"fail": 1}, GatewayUnavailable), ({"garbage": 1}, GatewayMisspoke)]
)
async def test_bad_answers(
    customer: Customer, faults: dict[str, float], fault: type[GatewayUnavailable]
) -> None:
    await customer.running.script(**faults)
    with pytest.raises(fault) as raised:
        await customer.gateway.create(wanted())
    assert type(raised.value) is fault


async def test_an_outage_ends(customer: Customer) -> None:
    asked = wanted()
    await customer.running.script(outage_s=0.4)
    with pytest.raises(GatewayUnavailable):
        await customer.gateway.create(asked)
    await asyncio.sleep(0.5)
    assert (await customer.gateway.create(asked)).state is AttemptState.OPEN


async def test_an_answer_that_does_not_come(customer: Customer) -> None:
    await customer.running.script(slow_s=3)
    hasty = customer.dialect.make(lambda: customer.running.address, timeout_s=0.2)
    with pytest.raises(GatewayUnavailable):
        await hasty.status(wanted().reference)
    await hasty.close()


async def test_a_line_that_never_ends(customer: Customer) -> None:
    async with listening(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n", b"x" * 65536) as address:
        gateway = customer.dialect.make(address, timeout_s=5)
        with pytest.raises(GatewayMisspoke):
            await gateway.health()
        await gateway.close()


@asynccontextmanager
async def answering(customer: Customer, amount_idr: int = 30_000) -> AsyncIterator[None]:
    """A server where the adapter's own desk answers its bank: every account is for `amount_idr`.

    At its end the bank has told what was paid meanwhile.
    """
    desk, paid = customer.gateway.desk, asyncio.Event()
    assert desk is not None

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path, body, headers = await request_from(reader)
        now = datetime.now(UTC)
        if path.endswith("/access-token/b2b"):
            said = desk.give_token(body, headers, now=now)
        else:
            service = BankService(path.rpartition("/")[2])
            call = desk.read(service, body, headers, at=now)
            said = desk.answer(service, BankVerdict.DONE, Bill(call=call, amount_idr=amount_idr))
        head = f"HTTP/1.1 {said.status} Said\r\ncontent-length: {len(said.body)}\r\nconnection: close\r\n\r\n"
        writer.write(head.encode() + said.body)
        await writer.drain()
        writer.close()
        if path.endswith("/payment"):
            paid.set()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        customer.running.notify(f"{address}/gateway/development/notices")
        await customer.running.script()
        yield
        async with asyncio.timeout(10):
            await paid.wait()
        await customer.running.script(lose=1)
        (customer.running.folder / "notify").unlink()


async def request_from(reader: asyncio.StreamReader) -> tuple[str, bytes, dict[str, str]]:
    """Path, body and headers of one request."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.rstrip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in lines)}
    return first.split()[1], await reader.readexactly(int(headers["content-length"])), headers


# ------------------------------------------------------------------ notices, as they come over the wire


@dataclass
class Ears:
    """A server that keeps what comes, by address."""

    heard: asyncio.Queue[tuple[str, bytes, dict[str, str]]]
    address: str

    async def next(self) -> tuple[str, bytes, dict[str, str]]:
        async with asyncio.timeout(10):
            return await self.heard.get()


@pytest.fixture
async def ears(running: RunningGateway) -> AsyncIterator[Ears]:  # noqa: F811
    heard: asyncio.Queue[tuple[str, bytes, dict[str, str]]] = asyncio.Queue()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await heard.put(await request_from(reader))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        running.notify(f"{address}/gateway/development/notices")
        await running.script()
        yield Ears(heard, address)
        await running.script(lose=1)
        (running.folder / "notify").unlink()


def read(customer: Customer, body: bytes, headers: dict[str, str], *, late_s: float = 0) -> Notice:
    now = datetime.now(UTC) + timedelta(seconds=late_s)
    return customer.gateway.verify_notice(body, headers, received_at=now)


async def test_a_payment_is_told_and_believed(customer: Customer, ears: Ears) -> None:
    asked, _ = await customer.opened()
    await customer.pay(asked)
    path, body, headers = await ears.next()
    told = read(customer, body, headers)
    assert path == f"/gateway/{customer.gateway.name}/notices"
    assert (told.charge.reference, told.charge.state) == (asked.reference, AttemptState.PAID)
    asked_about = await customer.gateway.status(asked.reference)
    assert asked_about is not None
    assert told.charge.payments == asked_about.payments
    assert read(customer, body, headers).event_id == told.event_id


@pytest.mark.parametrize("by", [1, -1, 1_000_000])
async def test_an_amount_that_was_changed_is_forged(customer: Customer, ears: Ears, by: int) -> None:
    asked, _ = await customer.opened()
    await customer.pay(asked)
    _, body, headers = await ears.next()
    changed = body.replace(b"30000", str(30_000 + by).encode())
    assert changed != body
    with pytest.raises(NoticeForged):
        read(customer, changed, headers)


async def test_another_merchants_key_is_forged(customer: Customer, ears: Ears) -> None:
    await customer.running.script(forge=1, lose=1)
    asked, _ = await customer.opened()
    _, body, headers = await ears.next()
    with pytest.raises(NoticeForged):
        read(customer, body, headers)
    charge = await customer.gateway.status(asked.reference)
    assert charge is not None
    assert charge.payments == ()


async def test_a_strangers_words_are_forged(customer: Customer) -> None:
    deep = b'{"x":' * 10_000 + b"1" + b"}" * 10_000
    for body in (b"", b"{}", b"\xff\xfe", b"[1", b'{"signature_key":"x"}', b'{"id":1}' * 1000, deep):
        with pytest.raises(NoticeForged):
            read(customer, body, {"authorization": "Bearer x", "x-callback-token": "ÿ\ud800"})


async def test_a_replay_after_a_day_tells_nothing_new(customer: Customer, ears: Ears) -> None:
    """Where a notice bears its time it is forged by then; else it names the payment that was counted."""
    asked, _ = await customer.opened()
    await customer.pay(asked)
    _, body, headers = await ears.next()
    first = read(customer, body, headers)
    try:
        late = read(customer, body, headers, late_s=86_400)
    except NoticeForged:
        return
    assert late.event_id == first.event_id
    assert late.charge.payments == first.charge.payments


async def test_a_notice_becomes_quota(customer: Customer, ears: Ears, db: Database) -> None:
    """Kept with its headers, believed once more by the job, credited once however often it came."""
    shop = Shop(db, customer.running, customer.gateway, make_principal())  # type: ignore[arg-type]
    placed = await shop.place(3)
    await customer.pay(_wanted_of(placed.shown.order.id))
    _, body, headers = await ears.next()
    batch = keeping(db)
    for _ in range(3):
        now = datetime.now(UTC)
        await take_notice(body, headers, gateway=customer.gateway, db=db, now=now, batch=batch)
    gateways = {customer.gateway.name: customer.gateway}
    assert await run_notices_pass(db, gateways) == 1
    assert await shop.free() == 3


async def test_what_is_forged_is_kept_alarms_and_credits_nothing(
    customer: Customer, ears: Ears, db: Database
) -> None:
    """A stranger's, another merchant's and a changed amount; after the true one, that one a day later."""
    shop = Shop(db, customer.running, customer.gateway, make_principal())  # type: ignore[arg-type]
    gateways = {customer.gateway.name: customer.gateway}
    await customer.running.script(forge=1, lose=1)  # by another merchant's key, of whatever is opened
    asked = _wanted_of((await shop.place(3)).shown.order.id)
    _, of_another, by_another = await ears.next()
    await customer.running.script()
    await customer.pay(asked)
    _, body, headers = await ears.next()
    forged = [
        (of_another, by_another),
        (body.replace(b"30000", b"30001"), headers),
        (b'{"status": "PAID"}', dict[str, str]()),
    ]
    for raw, said in forged:
        with pytest.raises(NoticeForged):
            await take_notice(raw, said, gateway=customer.gateway, db=db, now=datetime.now(UTC))
    assert await run_notices_pass(db, gateways) == 0
    assert await shop.free() == 0
    kept = await db.fetch("SELECT body FROM payment_notices WHERE event_id LIKE 'forged:%'")
    assert {row["body"] for row in kept} == {raw for raw, _ in forged}
    assert await db.fetchval("SELECT count(*) FROM outbox_facts WHERE topic = $1", FORGED) == 1
    await take_notice(body, headers, gateway=customer.gateway, db=db, now=datetime.now(UTC))
    await run_notices_pass(db, gateways)
    assert await shop.free() == 3
    late = datetime.now(UTC) + timedelta(days=1)
    with suppress(NoticeForged):  # where a notice bears no time it is the one that is kept already
        assert not await take_notice(body, headers, gateway=customer.gateway, db=db, now=late)
    assert await run_notices_pass(db, gateways) == 0
    assert await shop.free() == 3


def _wanted_of(order_id: UUID) -> WantedCharge:
    return replace(wanted(), reference=reference_of(order_id))
