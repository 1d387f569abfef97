"""What the adapter makes of the gateway: the port's contract, and every way of failing."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from bubuh.adapters.development_gateway import DevelopmentGateway
from bubuh.payments.model import (
    AttemptState,
    Charge,
    GatewayRefund,
    Method,
    RefundWord,
    WantedCharge,
    WantedRefund,
)
from bubuh.payments.ports import find_gateway
from bubuh.payments.refusals import (
    GatewayMisspoke,
    GatewayRefused,
    GatewayUnavailable,
    GatewayUnknown,
    MethodUnknown,
    NoticeForged,
)
from bubuh.payments.steady import choose_gateway
from tests.adapters.listening import listening
from tests.gateway_dev.rig import SECRET, RunningGateway, closed_port

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)


def wanted(method: Method = Method.QRIS, amount_idr: int = 30_000) -> WantedCharge:
    return WantedCharge(
        reference=f"ref-{uuid4().hex}",
        amount_idr=amount_idr,
        method=method,
        expires_at=datetime.now(UTC) + timedelta(hours=1),
    )


@pytest.mark.parametrize("method", list(Method))
async def test_a_charge_from_creation_to_payment(
    gateway: DevelopmentGateway, running: RunningGateway, method: Method
) -> None:
    asked = wanted(method)
    assert await gateway.status(asked.reference) is None
    assert await gateway.cancel(asked.reference) is None
    created = await gateway.create(asked)
    assert created == await gateway.create(asked) == await gateway.status(asked.reference)
    assert created.state is AttemptState.OPEN
    assert (created.details.qris is None, created.details.va is None) == (
        method is Method.VA,
        method is Method.QRIS,
    )
    await running.pay(asked.reference)
    paid = await gateway.cancel(asked.reference)
    assert paid is not None
    assert paid.state is AttemptState.PAID
    assert [payment.amount for payment in paid.payments] == [30_000]


async def test_cancel_closes(gateway: DevelopmentGateway) -> None:
    asked = wanted()
    await gateway.create(asked)
    closed = await gateway.cancel(asked.reference)
    assert closed is not None
    assert closed.state is AttemptState.CLOSED


async def test_a_reference_used_otherwise_is_refused(gateway: DevelopmentGateway) -> None:
    asked = wanted()
    await gateway.create(asked)
    other = WantedCharge(
        reference=asked.reference, amount_idr=1, method=asked.method, expires_at=asked.expires_at
    )
    with pytest.raises(GatewayRefused):
        await gateway.create(other)


def refund_of(charge: Charge, amount_idr: int, refund_no: str | None = None) -> WantedRefund:
    (paid,) = charge.payments
    return WantedRefund(
        refund_no=refund_no or f"rfd-{uuid4().hex}",
        reference=charge.reference,
        payment_no=paid.payment_no,
        method=Method.QRIS,
        amount_idr=amount_idr,
        reason="tidak jadi",
    )


async def paid_charge(gateway: DevelopmentGateway, running: RunningGateway) -> Charge:
    asked = wanted()
    await gateway.create(asked)
    await running.pay(asked.reference)
    charge = await gateway.status(asked.reference)
    assert charge is not None
    return charge


async def test_a_refund_stands_for_its_number(gateway: DevelopmentGateway, running: RunningGateway) -> None:
    asked = refund_of(await paid_charge(gateway, running), 20_000)
    assert await gateway.refund_status(asked) is None
    done = GatewayRefund(refund_no=asked.refund_no, state=RefundWord.DONE)
    assert await gateway.refund(asked) == await gateway.refund(asked) == done
    assert await gateway.refund_status(asked) == done


async def test_more_than_is_left_is_never_given_back(
    gateway: DevelopmentGateway, running: RunningGateway
) -> None:
    charge = await paid_charge(gateway, running)
    first, rest, more = (refund_of(charge, amount) for amount in (20_000, 10_000, 1))
    answers = [await gateway.refund(asked) for asked in (first, rest, more)]
    assert [answer.state for answer in answers] == [RefundWord.DONE, RefundWord.DONE, RefundWord.FAILED]
    assert answers[2].why is not None


@pytest.mark.parametrize("end", [RefundWord.DONE, RefundWord.FAILED])
async def test_a_refund_may_take_its_time(
    gateway: DevelopmentGateway, running: RunningGateway, end: RefundWord
) -> None:
    charge = await paid_charge(gateway, running)
    await running.call("PUT", "/script", {"refund": "pending", "lose": 1})
    asked = refund_of(charge, 30_000)
    assert (await gateway.refund(asked)).state is RefundWord.PENDING
    path = f"/charges/{asked.reference}/refunds/{asked.refund_no}"
    await running.call("PUT", path, {"state": str(end)})
    known = await gateway.refund_status(asked)
    assert known is not None
    assert known.state is end


async def test_a_bank_takes_money_back(gateway: DevelopmentGateway, running: RunningGateway) -> None:
    charge = await paid_charge(gateway, running)
    (paid,) = charge.payments
    await running.reverse(charge.reference, paid.payment_no)
    after = await gateway.status(charge.reference)
    assert after is not None
    assert after.payments == charge.payments
    assert [(one.payment_no, one.amount_idr) for one in after.reversals] == [(paid.payment_no, 30_000)]
    assert (await gateway.refund(refund_of(after, 1))).state is RefundWord.FAILED


async def test_other_money_is_told_as_such(gateway: DevelopmentGateway, running: RunningGateway) -> None:
    asked = wanted()
    await gateway.create(asked)
    await running.pay(asked.reference, currency="SGD", amount=30_000)
    charge = await gateway.status(asked.reference)
    assert charge is not None
    assert charge.state is AttemptState.OPEN
    assert [(one.amount, one.currency) for one in charge.payments] == [(30_000, "SGD")]


async def test_health(gateway: DevelopmentGateway) -> None:
    await gateway.health()
    nobody = DevelopmentGateway(closed_port(), [SECRET])
    with pytest.raises(GatewayUnavailable):
        await nobody.health()
    await nobody.close()


async def test_a_wrong_key_is_refused(running: RunningGateway) -> None:
    stranger = DevelopmentGateway(running.address, [b"another secret"])
    with pytest.raises(GatewayRefused):
        await stranger.create(wanted())
    await stranger.close()


@pytest.mark.parametrize(
    ("faults", "fault"), [({"fail": 1}, GatewayUnavailable), ({"garbage": 1}, GatewayMisspoke)]
)
async def test_bad_answers(
    gateway: DevelopmentGateway,
    running: RunningGateway,
    faults: dict[str, float],
    fault: type[GatewayUnavailable],
) -> None:
    await running.script(**faults)
    with pytest.raises(fault) as raised:
        await gateway.create(wanted())
    assert type(raised.value) is fault


async def test_nobody_there() -> None:
    gateway = DevelopmentGateway(closed_port(), [SECRET])
    with pytest.raises(GatewayUnavailable):
        await gateway.status("x")
    await gateway.close()


async def test_an_answer_that_does_not_come(running: RunningGateway) -> None:
    await running.script(slow_s=3)
    gateway = DevelopmentGateway(running.address, [SECRET], timeout_s=0.2)
    with pytest.raises(GatewayUnavailable):
        await gateway.status("x")
    await gateway.close()


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nnot json!", GatewayMisspoke),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"10000\r\n" + b"x" * 65536 + b"\r\n",
            None,
        ),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{", GatewayUnavailable),
        (b"HTTP/1.1 429 Too Many\r\ncontent-length: 0\r\n\r\n", GatewayUnavailable),
        (b"\x00\x01\x02\r\n\r\n", GatewayUnavailable),
    ],
)
async def test_what_a_broken_line_brings(answer: bytes, fault: type[GatewayUnavailable] | None) -> None:
    """The second has no end: it is cut off as too long."""
    endless = answer.rpartition(b"10000\r\n")[2] if fault is None else b""
    async with listening(answer, b"10000\r\n" + endless if endless else b"") as address:
        gateway = DevelopmentGateway(address, [SECRET], timeout_s=2)
        with pytest.raises(fault or GatewayMisspoke) as raised:
            await gateway.status("x")
        assert type(raised.value) is (fault or GatewayMisspoke)
        await gateway.close()


def charge(**change: Any) -> dict[str, Any]:
    return {
        "reference": "x",
        "state": "paid",
        "currency": "IDR",
        "payments": [{"payment_no": "p", "amount": 1, "paid_at": "2026-11-01T09:00:00Z", "currency": "IDR"}],
    } | change


@pytest.mark.parametrize(
    "answered",
    [
        charge(reference="y"),
        charge(currency="USD"),
        charge(state="maybe"),
        charge(
            payments=[{"payment_no": "p", "amount": 0, "paid_at": "2026-11-01T09:00:00Z", "currency": "IDR"}]
        ),
        charge(
            payments=[
                {"payment_no": "p", "amount": 1.5, "paid_at": "2026-11-01T09:00:00Z", "currency": "IDR"}
            ]
        ),
        charge(
            payments=[{"payment_no": "p", "amount": 1, "paid_at": "2026-11-01T09:00:00", "currency": "IDR"}]
        ),
        charge(
            payments=[{"payment_no": "", "amount": 1, "paid_at": "2026-11-01T09:00:00Z", "currency": "IDR"}]
        ),
    ],
)
async def test_an_answer_that_contradicts_is_not_believed(answered: dict[str, Any]) -> None:
    body = json.dumps(answered).encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\n\r\n".encode()
    async with listening(head + body) as address:
        gateway = DevelopmentGateway(address, [SECRET])
        with pytest.raises(GatewayMisspoke):
            await gateway.status("x")
        await gateway.close()


# ------------------------------------------------------------------ notices


def notice(secret: bytes = SECRET, *, at: datetime = NOW, **change: Any) -> tuple[bytes, dict[str, str]]:
    """A notice signed as it is written down: hex HMAC-SHA256 of timestamp, a full stop, the body."""
    raw = json.dumps({"event_id": "evt_1", "charge": charge()} | change).encode()
    timestamp = str(int(at.timestamp()))
    signature = hmac.new(secret, f"{timestamp}.".encode() + raw, hashlib.sha256).hexdigest()
    return raw, {"bubuh-dev-timestamp": timestamp, "bubuh-dev-signature": signature}


async def test_a_genuine_notice_is_read(gateway: DevelopmentGateway) -> None:
    read = gateway.verify_notice(*notice(), received_at=NOW)
    assert read.event_id == "evt_1"
    assert read.charge.payments[0].payment_no == "p"


async def test_every_key_valid_now_is_believed() -> None:
    gateway = DevelopmentGateway("http://nowhere", [b"new", b"old"])
    for secret in (b"new", b"old"):
        assert gateway.verify_notice(*notice(secret), received_at=NOW).event_id == "evt_1"
    with pytest.raises(NoticeForged):
        gateway.verify_notice(*notice(b"older"), received_at=NOW)
    await gateway.close()


def spoil(raw: bytes, headers: dict[str, str], how: str) -> tuple[bytes, dict[str, str]]:
    match how:
        case "amount":
            return raw.replace(b'"amount": 1', b'"amount": 2'), headers
        case "unsigned":
            return raw, {}
        case "no timestamp":
            return raw, {"bubuh-dev-signature": headers["bubuh-dev-signature"]}
        case "other timestamp":
            return raw, headers | {"bubuh-dev-timestamp": str(int(NOW.timestamp()) + 1)}
        case "not ascii":
            return raw, headers | {"bubuh-dev-signature": "ÿ\ud800"}
        case _:
            signed = hmac.new(SECRET, b"soon." + raw, hashlib.sha256).hexdigest()
            return raw, {"bubuh-dev-timestamp": "soon", "bubuh-dev-signature": signed}


@pytest.mark.parametrize(
    "how", ["amount", "unsigned", "no timestamp", "other timestamp", "not ascii", "no number"]
)
async def test_a_spoiled_notice_is_forged(gateway: DevelopmentGateway, how: str) -> None:
    with pytest.raises(NoticeForged):
        gateway.verify_notice(*spoil(*notice(), how), received_at=NOW)


@pytest.mark.parametrize("late_s", [-86_400, -301, 301, 86_400])
async def test_a_genuine_notice_at_another_hour_is_forged(gateway: DevelopmentGateway, late_s: int) -> None:
    with pytest.raises(NoticeForged):
        gateway.verify_notice(*notice(), received_at=NOW + timedelta(seconds=late_s))


@pytest.mark.parametrize("change", [{"event_id": "x"}, {"charge": charge(currency="USD")}, {"charge": 7}])
async def test_a_genuine_notice_may_be_unreadable(
    gateway: DevelopmentGateway, change: dict[str, Any]
) -> None:
    with pytest.raises(GatewayMisspoke):
        gateway.verify_notice(*notice(**change), received_at=NOW)


async def test_a_gateway_nobody_configured(gateway: DevelopmentGateway) -> None:
    assert find_gateway({"development": gateway}, "development") is gateway
    with pytest.raises(GatewayUnknown):
        find_gateway({"development": gateway}, "midtrans")


async def test_a_way_to_pay_that_nobody_offers(gateway: DevelopmentGateway) -> None:
    assert choose_gateway({"development": gateway}, Method.VA) is gateway
    with pytest.raises(MethodUnknown):
        choose_gateway({}, Method.VA)


def test_the_clock_of_this_test_is_not_the_machines() -> None:
    assert abs(NOW.timestamp() - time.time()) > 300
