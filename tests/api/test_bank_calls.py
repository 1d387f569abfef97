"""A bank calls us about virtual accounts (SNAP services 24 and 25); every signature is written out here.

Response codes are HTTP status, service, case. No bank's own list of them was at hand.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, cast
from uuid import uuid4

import httpx
import msgspec
import pytest
import pytest_asyncio
import uvicorn
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from bubuh.adapters.snap.gateway import SnapGateway
from bubuh.adapters.snap.profile import SnapKeys
from bubuh.core.ids import fresh_account_id, fresh_id
from bubuh.core.shards import shard_of_account
from bubuh.db.pool import connect
from bubuh.orders.collect import run_notices_pass
from bubuh.payments.model import MAX_NOTICE_BYTES, AttemptState, Method, WantedCharge, reference_of
from bubuh.payments.refusals import NoticeForged
from tests.adapters.gateways import ACCOUNTS, PROFILE
from tests.api.site import Person, Site
from tests.gateway_dev.rig import BANK_KEY, CUSTOMER_KEY

SECRET = "rahasia bank"
WIB = timezone(timedelta(hours=7))
ROOT = "/gateway/snap/v1.0"


SISTER = "snap_lain"


def adapter(
    address: str = "http://127.0.0.1:9", *, name: str = "snap", secrets: tuple[str, ...] = (SECRET, "lama")
) -> SnapGateway:
    """Of a bank that signs its payments for one path, whichever profile it calls."""
    accounts = msgspec.structs.replace(ACCOUNTS, payment=f"{ROOT}/transfer-va/payment")
    profile = msgspec.structs.replace(PROFILE, name=name, accounts=accounts)
    keys = SnapKeys(ours=CUSTOMER_KEY, banks=(BANK_KEY.public_key(),), secrets=secrets)
    return SnapGateway(profile, keys, address=address)


@dataclass
class Bank:
    """Calls as the standard says: RSA for the token, HMAC-SHA512 for the rest."""

    site: Site
    number: int = field(default_factory=lambda: uuid4().int % 10**20)

    def now(self, late: timedelta = timedelta()) -> str:
        return (datetime.now(WIB) + late).isoformat(timespec="seconds")

    async def token(
        self, *, key: rsa.RSAPrivateKey = BANK_KEY, client: str = "BUBUH-SNAP", late: timedelta = timedelta()
    ) -> Any:
        at = self.now(late)
        signed = key.sign(f"{client}|{at}".encode(), padding.PKCS1v15(), hashes.SHA256())
        return await self.site.anyone.post(
            f"{ROOT}/access-token/b2b",
            content=b'{"grantType": "client_credentials"}',
            headers={
                "X-CLIENT-KEY": client,
                "X-TIMESTAMP": at,
                "X-SIGNATURE": base64.b64encode(signed).decode(),
            },
        )

    async def call(
        self,
        service: str,
        body: dict[str, Any],
        *,
        secret: str = SECRET,
        token: str | None = None,
        at: str | None = None,
        external: str | None = None,
    ) -> dict[str, Any]:
        """The answer; its HTTP status is what its code begins with."""
        if token is None:
            token = (await self.token()).json()["accessToken"]
        self.number += 1
        signed = self.signed(
            service,
            body,
            secret=secret,
            token=token,
            at=at or self.now(),
            external=external or str(self.number),
        )
        return await self.send(f"{ROOT}/transfer-va/{service}", signed)

    def signed(
        self, service: str, body: dict[str, Any], *, secret: str, token: str, at: str, external: str
    ) -> tuple[bytes, dict[str, str]]:
        """The call's bytes and headers, as somebody on its way could keep them."""
        raw = json.dumps(body, indent=1).encode()
        digest = hashlib.sha256(json.dumps(body, separators=(",", ":")).encode()).hexdigest()
        text = f"POST:{ROOT}/transfer-va/{service}:{token}:{digest}:{at}"
        signature = hmac.new(secret.encode(), text.encode(), hashlib.sha512).digest()
        return raw, {
            "Authorization": f"Bearer {token}",
            "X-TIMESTAMP": at,
            "X-SIGNATURE": base64.b64encode(signature).decode(),
            "X-EXTERNAL-ID": external,
            "X-PARTNER-ID": "88899",
            "CHANNEL-ID": "95221",
        }

    async def send(self, path: str, signed: tuple[bytes, dict[str, str]]) -> dict[str, Any]:
        raw, headers = signed
        answer = await self.site.anyone.post(path, content=raw, headers=headers)
        told: dict[str, Any] = answer.json()
        assert told["responseCode"].startswith(str(answer.status_code)), told
        return told

    async def inquire(self, account_no: str, **how: Any) -> dict[str, Any]:
        return await self.call("inquiry", named(account_no) | {"inquiryRequestId": uuid4().hex}, **how)

    async def pay(
        self, account_no: str, value: str = "20000.00", *, no: str | None = None, **how: Any
    ) -> dict[str, Any]:
        body = payment(account_no, value, no or uuid4().hex)
        return await self.call("payment", body, **how)


def named(account_no: str) -> dict[str, Any]:
    customer_no = account_no.removeprefix("88899")
    return {
        "partnerServiceId": "   88899",
        "customerNo": customer_no,
        "virtualAccountNo": f"   88899{customer_no}",
    }


def payment(account_no: str, value: str, no: str, currency: str = "IDR") -> dict[str, Any]:
    return named(account_no) | {
        "virtualAccountName": "METERAI ELEKTRONIK",
        "paymentRequestId": no,
        "paidAmount": {"value": value, "currency": currency},
        "trxDateTime": datetime.now(WIB).isoformat(timespec="seconds"),
        "flagAdvise": "N",
    }


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def bank(site: Site) -> AsyncIterator[Bank]:
    """Orders of this module are placed at the bank; the same bank has another profile, with the same keys."""
    gateway, sister = adapter(site.gateway.address), adapter(site.gateway.address, name=SISTER)
    gateways = cast("dict[str, Any]", site.services.gateways)
    before = dict(gateways)
    gateways.clear()
    gateways["snap"] = gateway
    gateways.update(before)
    gateways[SISTER] = sister
    yield Bank(site)
    gateways.clear()
    gateways.update(before)
    await gateway.close()
    await sister.close()


async def ordered(site: Site) -> tuple[Person, str]:
    """Somebody who wants two stamps, and the account to pay them to."""
    person = await site.person(stamps=0)
    answer = await person.post("/v1/orders", key=str(uuid4()), json={"stamps": 2, "method": "va"})
    account_no = str(answer.json()["payment"]["va"])
    assert account_no.startswith("88899")
    assert int(account_no[-2:]) == shard_of_account(person.principal.account_id)
    return person, account_no


async def credited(site: Site, person: Person) -> int:
    await run_notices_pass(site.services.db, site.services.gateways)
    return await person.free()


async def test_an_account_is_asked_about_paid_and_credited(site: Site, bank: Bank) -> None:
    person, account_no = await ordered(site)
    asked = await bank.inquire(account_no)
    assert (asked["responseCode"], asked["responseMessage"]) == ("2002400", "Successful")
    told = asked["virtualAccountData"]
    assert told | named(account_no) == told
    assert (told["inquiryStatus"], told["virtualAccountTrxType"]) == ("00", "C")
    assert told["totalAmount"] == {"value": "20000.00", "currency": "IDR"}
    paid = await bank.pay(account_no)
    assert paid["responseCode"] == "2002500"
    assert paid["virtualAccountData"]["paymentFlagStatus"] == "00"
    assert await credited(site, person) == 2
    assert (await bank.inquire(account_no))["responseCode"] == "4042414"
    assert (await bank.pay(account_no))["responseCode"] == "4042514"
    assert await credited(site, person) == 2


async def test_a_payment_told_again_is_answered_alike_and_counts_once(site: Site, bank: Bank) -> None:
    person, account_no = await ordered(site)
    token = (await bank.token()).json()["accessToken"]
    for _ in range(2):
        told = await bank.pay(account_no, no="sekali" + account_no, token=token)
        assert told["responseCode"] == "2002500"
    assert await credited(site, person) == 2
    again = await bank.pay(account_no, no="sekali" + account_no)
    assert again["responseCode"] == "2002500"
    otherwise = await bank.pay(account_no, "30000.00", no="sekali" + account_no)
    assert otherwise["responseCode"] == "4042518"
    assert await credited(site, person) == 2


async def test_a_payment_told_again_once_the_secret_has_changed_is_answered_alike(
    site: Site, bank: Bank
) -> None:
    """What was genuine when it came is not judged by the keys of today."""
    person, account_no = await ordered(site)
    declined, taken = uuid4().hex, uuid4().hex
    assert (await bank.pay(account_no, "1.00", no=declined))["responseCode"] == "4042513"
    assert (await bank.pay(account_no, no=taken))["responseCode"] == "2002500"
    assert await credited(site, person) == 2
    gateways = cast("dict[str, Any]", site.services.gateways)
    before, gateways["snap"] = gateways["snap"], adapter(secrets=("baru",))
    try:
        assert (await bank.pay(account_no, no=taken, secret="baru"))["responseCode"] == "2002500"
        again = await bank.pay(account_no, "1.00", no=declined, secret="baru")
        assert again["responseCode"] == "4042513"
    finally:
        await gateways["snap"].close()
        gateways["snap"] = before
    assert await credited(site, person) == 2


async def test_a_body_that_is_no_banks_is_refused_and_not_kept(site: Site) -> None:
    sql = "SELECT count(*) FROM payment_notices"
    before = await site.services.db.fetchval(sql)
    for path in ("access-token/b2b", "transfer-va/inquiry", "transfer-va/payment"):
        answer = await site.anyone.post(f"{ROOT}/{path}", content=b" " * (MAX_NOTICE_BYTES + 1))
        assert answer.status_code == 413, path
    assert await site.services.db.fetchval(sql) == before


async def test_a_calls_number_is_good_for_one_request_a_day(site: Site, bank: Bank) -> None:
    _, account_no = await ordered(site)
    external = str(uuid4().int % 10**30)
    body = named(account_no) | {"inquiryRequestId": "satu"}
    for _ in range(2):
        assert (await bank.call("inquiry", body, external=external))["responseCode"] == "2002400"
    other = await bank.call("inquiry", body | {"inquiryRequestId": "dua"}, external=external)
    assert other["responseCode"] == "4092400"
    assert (await bank.pay(account_no, external=external))["responseCode"] == "4092500"


@pytest.mark.parametrize("value", ["20001.00", "19999.00", "1.00", "30000.00"])
async def test_another_amount_is_declined_and_stays_the_banks(site: Site, bank: Bank, value: str) -> None:
    person, account_no = await ordered(site)
    assert (await bank.pay(account_no, value))["responseCode"] == "4042513"
    typed = named(account_no) | {"inquiryRequestId": "a", "amount": {"value": value, "currency": "IDR"}}
    assert (await bank.call("inquiry", typed))["responseCode"] == "4042413"
    assert await credited(site, person) == 0
    assert await kept_of(site, account_no) == [("snap", "refused", "va_other_amount")]
    assert (await bank.pay(account_no))["responseCode"] == "2002500"
    assert await credited(site, person) == 2


ADDRESSES = {
    "the inbox": "/gateway/snap/notices",
    "the inbox, the long way": "/gateway/snap/notices/",
    "another gateway's inbox": "/gateway/development/notices",
    "another profile's inbox": f"/gateway/{SISTER}/notices",
    "another profile's desk": f"/gateway/{SISTER}/v1.0/transfer-va/payment",
    "the inquiry": f"{ROOT}/transfer-va/inquiry",
}


@pytest.mark.parametrize("why", ["other_amount", "expired", "not_found"])
async def test_what_was_declined_is_money_at_no_address(site: Site, bank: Bank, why: str) -> None:
    """Somebody kept the bytes of a payment that the bank gave back, and says them again in time."""
    person, account_no = await ordered(site)
    reference = await reference_with(site, account_no)
    conn = await connect(site.dsns.owner)
    change = "UPDATE payment_attempts SET expires_at = now() + make_interval(secs => $2) WHERE va = $1"
    if why == "expired":
        await conn.execute(change, account_no, -1)
    if why == "not_found":  # as it is until its order is committed
        await conn.execute("UPDATE payment_attempts SET va = NULL WHERE va = $1", account_no)
    token = (await bank.token()).json()["accessToken"]
    body = payment(account_no, "30000.00" if why == "other_amount" else "20000.00", uuid4().hex)
    external = str(uuid4().int % 10**30)
    signed = bank.signed("payment", body, secret=SECRET, token=token, at=bank.now(), external=external)
    case = {"other_amount": "13", "expired": "19", "not_found": "12"}[why]
    desk = f"{ROOT}/transfer-va/payment"
    assert (await bank.send(desk, signed))["responseCode"] == f"40425{case}"
    if why == "expired":
        await conn.execute(change, account_no, 3600)
    if why == "not_found":
        await conn.execute("UPDATE payment_attempts SET va = $1 WHERE reference = $2", account_no, reference)
    await conn.close()
    for said, path in ADDRESSES.items():
        answer = await site.anyone.post(path, content=signed[0], headers=signed[1])
        assert answer.status_code == 401, said
    assert await credited(site, person) == 0
    assert (await bank.send(desk, signed))["responseCode"] == f"40425{case}"  # once declined, for ever
    assert await credited(site, person) == 0
    kept = await kept_of(site, account_no)
    assert {state for _, state, _ in kept} == {"refused"}
    assert kept.count(("snap", "refused", f"va_{why}")) == 1
    assert {gateway for gateway, _, outcome in kept if outcome == "notice_forged"} == {
        "snap",
        "development",
        SISTER,
    }
    assert (await bank.pay(account_no))["responseCode"] == "2002500"
    assert await credited(site, person) == 2


async def test_what_was_declined_is_money_at_no_time(site: Site, bank: Bank) -> None:
    person, account_no = await ordered(site)
    token = (await bank.token()).json()["accessToken"]
    late = bank.now(timedelta(seconds=-301))
    body = payment(account_no, "20000.00", uuid4().hex)
    signed = bank.signed("payment", body, secret=SECRET, token=token, at=late, external="1")
    assert (await bank.send(f"{ROOT}/transfer-va/payment", signed))["responseCode"] == "4012500"
    for path in ADDRESSES.values():
        await site.anyone.post(path, content=signed[0], headers=signed[1])
    assert await credited(site, person) == 0
    assert {(state, why) for _, state, why in await kept_of(site, account_no)} == {
        ("refused", "notice_forged")
    }


async def test_a_payment_told_twice_at_once_has_one_answer(site: Site, bank: Bank) -> None:
    """Two amounts under one number: whichever is kept first, the other is no part of it."""
    person, account_no = await ordered(site)
    no, token = uuid4().hex, (await bank.token()).json()["accessToken"]
    told = await asyncio.gather(
        *(bank.pay(account_no, value, no=no, token=token) for value in ("20000.00", "15000.00") * 4)
    )
    codes = {value: {answer["responseCode"] for answer in told[at::2]} for at, value in enumerate("ab")}
    taken = codes == {"a": {"2002500"}, "b": {"4042518"}}
    declined = codes == {"a": {"4042518"}, "b": {"4042513"}}
    assert taken or declined, codes
    assert await credited(site, person) == (2 if taken else 0)


@pytest.mark.parametrize(
    "amount",
    [
        {"value": "20000", "currency": "IDR"},
        {"value": "20000.0", "currency": "IDR"},
        {"value": "20000.50", "currency": "IDR"},
        {"value": "20,000.00", "currency": "IDR"},
        {"value": "-20000.00", "currency": "IDR"},
        {"value": "020000.00", "currency": "IDR"},
        {"value": "20000.00\n", "currency": "IDR"},
        {"value": "٢٠٠٠٠.00", "currency": "IDR"},
        {"value": 20000, "currency": "IDR"},
        {"value": "20000.00", "currency": "USD"},
        {"value": "20000.00"},
        None,
    ],
)
async def test_money_is_written_with_two_noughts(site: Site, bank: Bank, amount: object) -> None:
    person, account_no = await ordered(site)
    body = payment(account_no, "20000.00", uuid4().hex) | {"paidAmount": amount}
    assert (await bank.call("payment", body))["responseCode"] == "4002501"
    assert await credited(site, person) == 0


async def test_an_account_that_is_not_ours_is_not_found(site: Site, bank: Bank) -> None:
    _, account_no = await ordered(site)
    for stranger in (
        account_no[:-3] + f"{(int(account_no[-3]) + 1) % 10}" + account_no[-2:],
        "8889912345678999",
    ):
        assert (await bank.inquire(stranger))["responseCode"] == "4042412"
        assert (await bank.pay(stranger))["responseCode"] == "4042512"


async def test_fields_that_disagree_are_refused(site: Site, bank: Bank) -> None:
    _, account_no = await ordered(site)
    for other in ({"partnerServiceId": "   11111"}, {"virtualAccountNo": "   888991"}, {"customerNo": "x"}):
        body = named(account_no) | {"inquiryRequestId": "a"} | other
        assert (await bank.call("inquiry", body))["responseCode"] == "4002401"
    nameless = await bank.call("inquiry", named(account_no))
    assert nameless["responseCode"] == "4002401"
    odd = await bank.inquire(account_no, external="bukan angka")
    assert odd["responseCode"] == "4002401"


@pytest.mark.parametrize("state", ["closed", "over"])
async def test_what_is_closed_or_over_takes_no_money(site: Site, bank: Bank, state: str) -> None:
    person, account_no = await ordered(site)
    change = "state = 'closed'" if state == "closed" else "expires_at = now() - interval '1 second'"
    conn = await connect(site.dsns.owner)
    await conn.execute(f"UPDATE payment_attempts SET {change} WHERE va = $1", account_no)
    await conn.close()
    assert (await bank.inquire(account_no))["responseCode"] == "4042419"
    assert (await bank.pay(account_no))["responseCode"] == "4042519"
    assert await credited(site, person) == 0


async def test_a_strangers_calls_are_unauthorised(site: Site, bank: Bank) -> None:
    person, account_no = await ordered(site)
    token = (await bank.token()).json()["accessToken"]
    expired = f"{int(datetime.now(UTC).timestamp()) + 900}.{'0' * 32}.{'0' * 64}"
    for how in (
        {"secret": "tebakan"},
        {"token": expired},
        {"token": "tok"},
        {"token": token[:-1] + ("0" if token[-1] != "0" else "1")},
        {"at": bank.now(timedelta(minutes=6))},
        {"at": bank.now(timedelta(minutes=-6))},
        {"at": "sekarang"},
        {"at": "2026-11-23T10:00:00"},
    ):
        assert (await bank.inquire(account_no, **how))["responseCode"] == "4012400"
        assert (await bank.pay(account_no, **how))["responseCode"] == "4012500"
    assert await credited(site, person) == 0


async def test_a_token_is_for_who_holds_the_banks_key(bank: Bank) -> None:
    granted = await bank.token()
    assert granted.status_code == 200
    told = granted.json()
    assert (told["responseCode"], told["tokenType"], told["expiresIn"]) == ("2007300", "Bearer", "900")
    for refused in (
        await bank.token(key=CUSTOMER_KEY),
        await bank.token(client="LAIN"),
        await bank.token(late=timedelta(minutes=-6)),
    ):
        assert (refused.status_code, refused.json()["responseCode"]) == (401, "4017300")


async def test_a_token_ends_after_its_minutes() -> None:
    gateway = adapter()
    assert gateway.desk is not None
    then = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
    at = then.astimezone(WIB).isoformat()
    signed = BANK_KEY.sign(f"BUBUH-SNAP|{at}".encode(), padding.PKCS1v15(), hashes.SHA256())
    asked = {
        "x-client-key": "BUBUH-SNAP",
        "x-timestamp": at,
        "x-signature": base64.b64encode(signed).decode(),
    }
    answer = gateway.desk.give_token(b'{"grantType":"client_credentials"}', asked, now=then)
    token = json.loads(answer.body)["accessToken"]
    raw = json.dumps(payment("8889912345678901", "20000.00", "n")).encode()
    digest = hashlib.sha256(raw.replace(b": ", b":").replace(b", ", b",")).hexdigest()
    for after_s, is_good in ((899, True), (900, False)):
        later = then + timedelta(seconds=after_s)
        stamp = later.astimezone(WIB).isoformat()
        text = f"POST:{ROOT}/transfer-va/payment:{token}:{digest}:{stamp}"
        mac = hmac.new(SECRET.encode(), text.encode(), hashlib.sha512).digest()
        headers = {
            "authorization": f"Bearer {token}",
            "x-timestamp": stamp,
            "x-signature": base64.b64encode(mac).decode(),
        }
        if is_good:
            assert gateway.desk.read_payment(raw, headers, at=later).charge.payments[0].amount == 20_000
        else:
            with pytest.raises(NoticeForged):
                gateway.desk.read_payment(raw, headers, at=later)
    await gateway.close()


async def test_a_gateway_without_a_desk_has_no_such_addresses(site: Site) -> None:
    for path in ("access-token/b2b", "transfer-va/inquiry", "transfer-va/payment"):
        for name in ("development", "nobody"):
            answer = await site.anyone.post(f"/gateway/{name}/v1.0/{path}", content=b"{}")
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_number_stands_for_its_reference_and_is_closed_by_us() -> None:
    gateway = adapter()
    numbers = set()
    for _ in range(200):
        order_id = fresh_id(fresh_account_id())
        wanted = WantedCharge(
            reference=reference_of(order_id),
            amount_idr=20_000,
            method=Method.VA,
            expires_at=datetime.now(UTC) + timedelta(hours=1),
        )
        charge = await gateway.create(wanted)
        assert charge == await gateway.create(wanted)
        assert charge.state is AttemptState.OPEN
        assert charge.details.va is not None
        assert len(charge.details.va) == 5 + 18
        numbers.add(charge.details.va)
    assert len(numbers) == 200
    await gateway.close()


# ------------------------------------------------------------------ the development gateway plays the bank


@pytest_asyncio.fixture
async def served(site: Site) -> AsyncIterator[None]:
    """The application on a port, where the development gateway calls it."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(site.app, log_config=None, access_log=False, lifespan="off"))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    site.gateway.notify(f"http://127.0.0.1:{listener.getsockname()[1]}/gateway/development/notices")
    await site.gateway.script()
    yield
    await site.gateway.script(lose=1)
    (site.gateway.folder / "notify").unlink()
    server.should_exit = True
    await task


async def typed(site: Site, account_no: str, **how: Any) -> httpx.Response:
    """A payer types the number at the bank."""
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.post(f"{site.gateway.address}/accounts/{account_no}", json=how)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(400):
        if await holds():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it never came to hold")


@pytest.mark.usefixtures("served")
async def test_a_payer_types_the_number_at_the_bank_and_has_quota(site: Site) -> None:
    person, account_no = await ordered(site)
    gateway = site.services.gateways["snap"]
    reference = await reference_with(site, account_no)
    before = await gateway.status(reference, Method.VA)
    assert before is not None
    assert (before.state, before.details.va) == (AttemptState.OPEN, account_no)
    paid = (await typed(site, account_no)).json()
    await until(lambda: has(site, person, 2))
    after = await gateway.status(reference, Method.VA)
    assert after is not None
    assert after.state is AttemptState.PAID
    assert [(one.payment_no, one.amount) for one in after.payments] == [
        (paid["payments"][0]["payment_no"], 20_000)
    ]
    again = await typed(site, account_no)
    assert (again.status_code, again.json()["responseCode"]) == (409, "4042414")


@pytest.mark.usefixtures("served")
async def test_what_we_decline_the_bank_gives_back(site: Site) -> None:
    person, account_no = await ordered(site)
    assert (await typed(site, account_no, amount=15_000)).status_code == 200
    kept: dict[str, Any] = {}

    async def given_back() -> bool:
        (kept["charge"],) = [one for one in await site.gateway.book() if one["reference"] == account_no]
        return bool(kept["charge"]["refunds"])

    await until(given_back)
    assert [one["amount_idr"] for one in kept["charge"]["refunds"]] == [15_000]
    charge = await site.services.gateways["snap"].status(await reference_with(site, account_no), Method.VA)
    assert charge is not None
    assert (charge.state, charge.payments) == (AttemptState.OPEN, ())
    assert await credited(site, person) == 0


@pytest.mark.usefixtures("served")
async def test_a_lost_notice_is_found_by_asking(site: Site) -> None:
    """Service 26 tells what service 25 did not."""
    person, account_no = await ordered(site)
    await site.gateway.script(lose=1)
    assert (await typed(site, account_no)).status_code == 200
    assert await credited(site, person) == 0
    order_id = (await reference_with(site, account_no)).rpartition("-")[0]
    assert (await person.post(f"/v1/orders/{order_id}/check")).status_code == 200
    assert await person.free() == 2


async def kept_of(site: Site, account_no: str) -> list[tuple[str, str, str]]:
    """Gateway, state and outcome of what the inbox has about an account."""
    sql = (
        "SELECT n.gateway, w.state, w.outcome FROM payment_notices AS n"
        " JOIN payment_notice_work AS w ON w.gateway = n.gateway AND w.event_id = n.event_id"
        " WHERE convert_from(n.body, 'UTF8') LIKE $1"
    )
    return [tuple(row) for row in await site.services.db.fetch(sql, f"%{account_no[5:]}%")]


async def has(site: Site, person: Person, stamps: int) -> bool:
    return await credited(site, person) == stamps


async def reference_with(site: Site, account_no: str) -> str:
    sql = "SELECT reference FROM payment_attempts WHERE va = $1"
    return str(await site.services.db.fetchval(sql, account_no))
