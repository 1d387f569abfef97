"""The development gateway as its payers and its customer meet it: a real process over HTTP."""

from __future__ import annotations

import json
import signal
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from bubuh.gateway_dev.qris import dynamic_qris
from tests.gateway_dev.rig import RunningGateway


def wanted(reference: str, **change: Any) -> dict[str, Any]:
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    return {"reference": reference, "amount_idr": 30_000, "method": "qris", "expires_at": until} | change


async def test_one_reference_is_one_charge(running: RunningGateway) -> None:
    reference = f"ref-{uuid4().hex}"
    first = await running.call("POST", "/charges", wanted(reference))
    again = await running.call("POST", "/charges", wanted(reference))
    other = await running.call("POST", "/charges", wanted(reference, amount_idr=40_000))
    assert (first.status_code, again.status_code, other.status_code) == (200, 200, 409)
    assert first.json() == again.json()
    assert first.json()["state"] == "open"
    assert first.json()["va"] is None


async def test_a_virtual_account_has_a_number_and_no_code(running: RunningGateway) -> None:
    reference = f"ref-{uuid4().hex}"
    charge = (await running.call("POST", "/charges", wanted(reference, method="va"))).json()
    assert charge["va"].isdecimal()
    assert len(charge["va"]) == 16
    assert charge["qris"] is None


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/charges/nobody", None, 404),
        ("POST", "/charges/nobody/cancel", None, 404),
        ("POST", "/charges", {"reference": "x"}, 400),
        (
            "POST",
            "/charges",
            {"reference": "../x", "amount_idr": 1, "method": "qris", "expires_at": "x"},
            400,
        ),
        ("PUT", "/script", {"lose": 2}, 400),
        ("PUT", "/script", {"explode": 1}, 400),
    ],
)
async def test_what_it_cannot_grant(
    running: RunningGateway, method: str, path: str, body: Any, status: int
) -> None:
    assert (await running.call(method, path, body)).status_code == status


@pytest.mark.parametrize("path", ["/charges/x", "/book"])
async def test_only_its_customer_may_ask(running: RunningGateway, path: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        unsigned = await client.get(running.address + path)
        headers = {"Bubuh-Dev-Timestamp": str(int(time.time())), "Bubuh-Dev-Signature": "0" * 64}
        forged = await client.get(running.address + path, headers=headers)
    assert (unsigned.status_code, forged.status_code) == (401, 401)


async def test_the_page_says_development_and_its_button_pays(running: RunningGateway) -> None:
    reference = f"ref-{uuid4().hex}"
    charge = (await running.call("POST", "/charges", wanted(reference))).json()
    async with httpx.AsyncClient(trust_env=False, follow_redirects=True) as client:
        page = await client.get(charge["pay_url"])
        form = {"content-type": "application/x-www-form-urlencoded"}
        after = await client.post(charge["pay_url"], headers=form)
        twice = await client.post(charge["pay_url"], headers=form)
    assert "PENGEMBANGAN" in page.text
    assert "Rp30.000" in page.text
    assert page.text.count("<button") == 1
    assert "<svg" in page.text
    assert "Sudah dibayar" in after.text
    assert "<button" not in after.text
    assert twice.status_code == 409


async def test_a_closed_charge_is_paid_only_by_who_insists(running: RunningGateway) -> None:
    reference = f"ref-{uuid4().hex}"
    await running.call("POST", "/charges", wanted(reference))
    assert (await running.call("POST", f"/charges/{reference}/cancel")).json()["state"] == "closed"
    async with httpx.AsyncClient(trust_env=False) as client:
        refused = await client.post(f"{running.address}/pay/{reference}", json={})
    assert refused.status_code == 409
    assert (await running.pay(reference, insist=True))["state"] == "paid"
    assert (await running.call("POST", f"/charges/{reference}/cancel")).json()["state"] == "paid"


async def test_too_little_leaves_the_charge_open(running: RunningGateway) -> None:
    reference = f"ref-{uuid4().hex}"
    await running.call("POST", "/charges", wanted(reference))
    assert (await running.pay(reference, amount=29_999))["state"] == "open"
    paid = await running.pay(reference, amount=1)
    assert paid["state"] == "paid"
    assert len({payment["payment_no"] for payment in paid["payments"]}) == 2


async def test_the_book_survives_a_kill_and_a_torn_line(own_gateway: RunningGateway) -> None:
    await own_gateway.call("POST", "/charges", wanted("paid"))
    await own_gateway.call("POST", "/charges", wanted("closed"))
    await own_gateway.pay("paid")
    await own_gateway.call("POST", "/charges/closed/cancel")
    before = await own_gateway.book()
    own_gateway.end(signal.SIGKILL)
    with own_gateway.book_path.open("ab") as file:
        file.write(b'{"line":"paid","reference":"pa')
    own_gateway.start()
    assert await own_gateway.book() == before
    await own_gateway.call("POST", "/charges", wanted("later"))
    own_gateway.end()
    assert [json.loads(line)["line"] for line in own_gateway.book_path.read_text().splitlines()] == [
        "opened", "opened", "paid", "closed", "opened",
    ]  # fmt: skip


async def test_it_warns_that_it_is_for_development(own_gateway: RunningGateway) -> None:
    own_gateway.end()
    assert b"for development only" in own_gateway.log


@pytest.mark.parametrize("amount_idr", [1, 10_000, 10_000_000])
def test_a_qris_text_bears_its_amount_and_a_right_crc(amount_idr: int) -> None:
    text = dynamic_qris("ord_0123456789ABCDEFGHJKMNPQRS-1", amount_idr)
    fields: dict[str, str] = {}
    rest = text
    while rest:
        length = int(rest[2:4])
        fields[rest[:2]], rest = rest[4 : 4 + length], rest[4 + length :]
    assert fields["54"] == str(amount_idr)
    assert (fields["01"], fields["53"], fields["58"]) == ("12", "360", "ID")
    assert int(fields["63"], 16) == crc(text[:-4].encode())


def crc(data: bytes) -> int:
    """CRC-16/CCITT-FALSE by long division, unlike the gateway's own."""
    value = int.from_bytes(data) << 16
    bits = len(data) * 8 + 16
    value ^= 0xFFFF << bits - 16
    for place in range(bits - 1, 15, -1):
        if value >> place & 1:
            value ^= 0x11021 << place - 16
    return value


def test_the_crc_of_the_standards_own_example() -> None:
    assert crc(b"123456789") == 0x29B1
