"""What providers publish, read by our adapters; and signatures computed here, the signed text written out.

The development gateway and an adapter could share a misreading. Each example names where it was published;
all were read on 2026-11-22.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import HealthCheck, given, settings, strategies as st

from bubuh.adapters.gateway_calls import jakarta_time, whole_units
from bubuh.adapters.midtrans import Midtrans, MidtransProfile
from bubuh.adapters.snap.gateway import SnapGateway
from bubuh.adapters.snap.profile import BadProfile, SnapKeys, read_profile
from bubuh.adapters.snap.signing import call_text, minify, notice_text, sign_hmac, token_text
from bubuh.adapters.xendit import Xendit, XenditProfile
from bubuh.payments.bank_calls import BankService, BankVerdict
from bubuh.payments.model import AttemptState, Payment
from bubuh.payments.refusals import GatewayMisspoke, NoticeForged
from tests.adapters.gateways import DIALECTS, PROFILE

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)

# ------------------------------------------------------------------ Midtrans

#: docs.midtrans.com/reference/receiving-notifications: the inputs; the digest stands in several public tests,
#: among them github.com/thephpleague's omnipay-midtrans.
DOCS_KEY = "askvnoibnosifnboseofinbofinfgbiufglnbfg"
DOCS_SIGNATURE = (
    "edc076b21793ebe3e17926350f5b8ae67d902fe657b3d0aa31b932d5c127e237"
    "5d308a2bc94f3265ac2d80a1f181a79b997ac178a236fcff35af263fc4d4c231"
)


def midtrans(*keys: str) -> Midtrans:
    return Midtrans(MidtransProfile(server_keys=keys or (DOCS_KEY,)), "https://nowhere.invalid")


def notification(**change: Any) -> bytes:
    """A bank transfer as docs.midtrans.com/docs/https-notification-webhooks tells it, signed with `key`."""
    key = change.pop("key", DOCS_KEY)
    told = {
        "va_numbers": [{"va_number": "333333333333", "bank": "bca"}],
        "transaction_time": "2021-06-23 11:53:34",
        "transaction_status": "settlement",
        "transaction_id": "9aed5972-5b6a-401e-894b-a32c91ed1a3a",
        "status_message": "midtrans payment notification",
        "status_code": "200",
        "settlement_time": "2021-06-23 11:59:00",
        "payment_type": "bank_transfer",
        "payment_amounts": [],
        "order_id": "1111",
        "merchant_id": "G141532850",
        "gross_amount": "100000.00",
        "fraud_status": "accept",
        "currency": "IDR",
    } | change
    text = f"{told['order_id']}{told['status_code']}{told['gross_amount']}{key}"
    return json.dumps({"signature_key": hashlib.sha512(text.encode()).hexdigest()} | told).encode()


def test_the_published_signature_of_midtrans_is_believed() -> None:
    raw = notification(signature_key=DOCS_SIGNATURE)
    charge = midtrans().verify_notice(raw, {}, received_at=NOW).charge
    paid_at = datetime(2021, 6, 23, 4, 59, tzinfo=UTC)
    assert charge.state is AttemptState.PAID
    assert charge.payments == (Payment(payment_no="1111", amount=100_000, paid_at=paid_at),)


def test_every_server_key_valid_now_is_believed() -> None:
    adapter = midtrans("new", "old")
    for key in ("new", "old"):
        assert adapter.verify_notice(notification(key=key), {}, received_at=NOW).charge.payments
    with pytest.raises(NoticeForged):
        adapter.verify_notice(notification(key="older"), {}, received_at=NOW)


@pytest.mark.parametrize(
    ("status", "code", "state", "payments"),
    [
        ("pending", "201", AttemptState.OPEN, 0),
        ("settlement", "200", AttemptState.PAID, 1),
        ("capture", "200", AttemptState.PAID, 1),
        ("deny", "202", AttemptState.CLOSED, 0),
        ("expire", "202", AttemptState.CLOSED, 0),
        ("cancel", "200", AttemptState.CLOSED, 0),
        ("refund", "200", AttemptState.PAID, 1),
        ("partial_refund", "200", AttemptState.PAID, 1),
        ("chargeback", "200", AttemptState.PAID, 1),
    ],
)
def test_what_midtrans_calls_a_state(status: str, code: str, state: AttemptState, payments: int) -> None:
    """docs.midtrans.com/docs/transaction-status-cycle."""
    raw = notification(transaction_status=status, status_code=code)
    charge = midtrans().verify_notice(raw, {}, received_at=NOW).charge
    assert (charge.state, len(charge.payments)) == (state, payments)
    assert len(charge.reversals) == (status == "chargeback")


def test_what_midtrans_does_not_sign_moves_no_money_twice() -> None:
    """A genuine signature beside other unsigned words still names the payment that was counted."""
    genuine = midtrans().verify_notice(notification(), {}, received_at=NOW).charge
    raw = notification(transaction_id="another", signature_key=json.loads(notification())["signature_key"])
    again = midtrans().verify_notice(raw, {}, received_at=NOW).charge
    assert again.payments == genuine.payments


def test_paid_beside_the_code_of_a_pending_one_is_not_believed() -> None:
    with pytest.raises(GatewayMisspoke):
        midtrans().verify_notice(notification(status_code="201"), {}, received_at=NOW)


# ------------------------------------------------------------------ Xendit

#: a callback as Xendit sends it, from edrus.gitbook.io/appgregator-api-docs
CALLBACK = {
    "id": "62f00ac409accd62c85673c4",
    "amount": 8500000,
    "status": "PAID",
    "created": "2022-08-07T18:56:04.761Z",
    "is_high": False,
    "paid_at": "2022-08-07T18:58:35.534Z",
    "updated": "2022-08-07T18:58:35.843Z",
    "user_id": "6279ce4495d10c9afc3171b8",
    "currency": "IDR",
    "bank_code": "MANDIRI",
    "description": "Invoice Demo #INV0048",
    "external_id": "INV0048/VIII/2022",
    "paid_amount": 8500000,
    "merchant_name": "aplikasi keuangan",
    "initial_amount": 8500000,
    "payment_method": "BANK_TRANSFER",
    "payment_channel": "MANDIRI",
    "payment_destination": "8860861087714",
}


def xendit(*secrets: str) -> Xendit:
    profile = XenditProfile(secret_keys=["k"], callback_tokens=["new", "old"], callback_secrets=secrets)
    return Xendit(profile, "https://nowhere.invalid")


def test_a_callback_of_xendit_is_read() -> None:
    raw = json.dumps(CALLBACK).encode()
    for token in ("new", "old"):
        told = xendit().verify_notice(raw, {"x-callback-token": token}, received_at=NOW)
        paid_at = datetime(2022, 8, 7, 18, 58, 35, 534_000, tzinfo=UTC)
        assert told.charge.reference == "INV0048/VIII/2022"
        assert told.charge.payments == (
            Payment(payment_no="62f00ac409accd62c85673c4", amount=8_500_000, paid_at=paid_at),
        )
    for headers in ({}, {"x-callback-token": "older"}):
        with pytest.raises(NoticeForged):
            xendit().verify_notice(raw, headers, received_at=NOW)


def test_a_signed_callback_needs_both_token_and_signature() -> None:
    raw, headers = json.dumps(CALLBACK).encode(), {"x-callback-token": "new"}
    signature = hmac.new(b"kunci", raw, hashlib.sha256).hexdigest()
    told = xendit("lama", "kunci").verify_notice(
        raw, headers | {"x-callback-signature": signature}, received_at=NOW
    )
    assert told.charge.state is AttemptState.PAID
    for spoiled in (
        headers,
        headers | {"x-callback-signature": "0" * 64},
        {"x-callback-signature": signature},
    ):
        with pytest.raises(NoticeForged):
            xendit("lama", "kunci").verify_notice(raw, spoiled, received_at=NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"paid_at": None, "updated": None},
        {"paid_amount": 0},
        {"paid_amount": 1e16},
        {"amount": -1},
        {"status": "LUNAS"},
        {"status": "VOIDED"},  # of invoices it is no word; on the unmatched list, as all that cannot be read
        {"amount": "x"},
        {"external_id": "a\0b"},
    ],
)
def test_a_callback_that_contradicts_itself_is_not_believed(change: dict[str, Any]) -> None:
    raw = json.dumps(CALLBACK | change).encode()
    with pytest.raises(GatewayMisspoke):
        xendit().verify_notice(raw, {"x-callback-token": "new"}, received_at=NOW)


# ------------------------------------------------------------------ SNAP

#: developers.doku.com/get-started-with-doku-api/signature-component/snap/symmetric-signature: body and digest
DOKU_BODY = b"""{
   "partnerServiceId":"  088899",
   "customerNo":"12345678901234567890",
   "virtualAccountNo":"  08889912345678901234567890",
   "virtualAccountName":"Jokul Doe",
   "virtualAccountEmail":"jokul@email.com",
   "virtualAccountPhone":"6281828384858",
   "trxId":"abcdefgh1234",
   "totalAmount":{
      "value":"12345678.00",
      "currency":"IDR"
   }
}"""
DOKU_DIGEST = "3274fab8dac896837b106a16da2a974e7e65142dcecb4b768ef0294102838977"

#: docs.finpay.id/api-reference/finpay-pg/snap/qris/payment-notify
FINPAY_NOTICE = {
    "originalReferenceNo": "2020102977770000000009",
    "originalPartnerReferenceNo": "2020102900000000000001",
    "latestTransactionStatus": "00",
    "transactionStatusDesc": "success",
    "amount": {"value": "12345678.00", "currency": "IDR"},
    "additionalInfo": {
        "merchantName": "BB011 WARTEG MUSTIKA",
        "rrn": "000019001390",
        "nmid": "ID1023249949984",
        "FeeAmount": {"value": "1234.00", "currency": "IDR"},
        "paidTime": "2024-06-07T10:03:54+07:00",
        "qr_type": "12",
    },
}


def test_the_published_digest_of_a_body_is_ours() -> None:
    assert hashlib.sha256(minify(DOKU_BODY)).hexdigest() == DOKU_DIGEST
    assert call_text("POST", "/bi-snap-va/v1/transfer-va/create-va", "TOKEN", DOKU_BODY, "T").decode() == (
        f"POST:/bi-snap-va/v1/transfer-va/create-va:TOKEN:{DOKU_DIGEST}:T"
    )
    assert notice_text("POST", "/x", DOKU_BODY, "T").decode() == f"POST:/x:{DOKU_DIGEST}:T"


def test_a_token_is_asked_for_in_the_published_words() -> None:
    """docs.qoinhub.id/reference/signature-b2b-token."""
    assert (
        token_text("G1234325-SNAP", "2023-07-31T07:10:00+07:00") == b"G1234325-SNAP|2023-07-31T07:10:00+07:00"
    )


def test_a_symmetric_signature_is_hmac_sha512_in_base64() -> None:
    """RFC 4231, test case 2."""
    digest = (
        "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
        "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
    )
    assert base64.b64decode(sign_hmac("Jefe", b"what do ya want for nothing?")).hex() == digest


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(value=values)
def test_minifying_drops_blanks_and_nothing_else(value: Any) -> None:
    compact = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
    assert minify(json.dumps(value, indent=3, ensure_ascii=False).encode("utf-8", "surrogatepass")) == compact
    assert minify(compact) == compact


def snap(*secrets: str, notices: str = "hmac", banks: tuple[rsa.RSAPublicKey, ...] = ()) -> SnapGateway:
    profile = msgspec.structs.replace(PROFILE, notices=notices)
    return SnapGateway(profile, SnapKeys(ours=KEY, banks=banks, secrets=secrets or ("rahasia",)))


def snap_notice(
    *,
    secret: str = "rahasia",
    key: rsa.RSAPrivateKey | None = None,
    at: str = "2026-11-22T15:00:00+07:00",
    path: str = "/gateway/snap/notices",
    body: dict[str, Any] | None = None,
) -> tuple[bytes, dict[str, str]]:
    """Signed as the standard says, written out here: blanks go, order and nulls stay."""
    raw = json.dumps(FINPAY_NOTICE | (body or {}), indent=2).encode()
    compact = json.dumps(FINPAY_NOTICE | (body or {}), separators=(",", ":")).encode()
    digest = hashlib.sha256(compact).hexdigest()
    if key is None:
        text = f"POST:{path}:tok:{digest}:{at}".encode()
        signed = hmac.new(secret.encode(), text, hashlib.sha512).digest()
    else:
        signed = key.sign(f"POST:{path}:{digest}:{at}".encode(), padding.PKCS1v15(), hashes.SHA256())
    signature = base64.b64encode(signed).decode()
    return raw, {"authorization": "Bearer tok", "x-timestamp": at, "x-signature": signature}


def test_a_published_notice_is_read_over_its_raw_bytes() -> None:
    told = snap("baru", "rahasia").verify_notice(*snap_notice(), received_at=NOW)
    paid_at = datetime(2024, 6, 7, 3, 3, 54, tzinfo=UTC)
    assert told.charge.state is AttemptState.PAID
    assert told.charge.payments == (
        Payment(payment_no="2020102977770000000009", amount=12_345_678, paid_at=paid_at),
    )


def test_a_bank_may_sign_with_rsa() -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    gateway = snap(notices="rsa", banks=(other.public_key(), KEY.public_key()))
    assert gateway.verify_notice(*snap_notice(key=KEY), received_at=NOW).charge.payments
    for forged in (snap_notice(), snap_notice(key=rsa.generate_private_key(65537, 2048))):
        with pytest.raises(NoticeForged):
            gateway.verify_notice(*forged, received_at=NOW)


@pytest.mark.parametrize(
    "forged",
    [
        snap_notice(secret="other"),
        snap_notice(path="/gateway/other/notices"),
        snap_notice(at="2026-11-22T15:05:01+07:00"),
        snap_notice(at="2026-11-21T15:00:00+07:00"),
        snap_notice(at="2026-11-22T15:00:00"),
        snap_notice(at="soon"),
        (snap_notice()[0].replace(b"12345678.00", b"12345679.00"), snap_notice()[1]),
        (snap_notice()[0], {}),
        (snap_notice()[0], snap_notice()[1] | {"authorization": "Bearer other"}),
        (snap_notice()[0], snap_notice()[1] | {"x-signature": "ÿ"}),
    ],
)
def test_a_spoiled_notice_is_forged(forged: tuple[bytes, dict[str, str]]) -> None:
    with pytest.raises(NoticeForged):
        snap().verify_notice(*forged, received_at=NOW)


@pytest.mark.parametrize(
    "body",
    [
        {"latestTransactionStatus": "99"},
        {"amount": {"value": "x", "currency": "IDR"}},
        {"amount": None},
        {"originalReferenceNo": ""},
    ],
)
def test_a_genuine_notice_may_contradict_itself(body: dict[str, Any]) -> None:
    with pytest.raises(GatewayMisspoke):
        snap().verify_notice(*snap_notice(body=body), received_at=NOW)


#: hub.finpay.id/id/docs/finpay-pg/SNAP/QRIS/queryPayment, docs.qoinhub.id/reference/qr-mpm-query (08);
#: read on 2026-11-23
QUERY_STATUSES = {
    "00": AttemptState.PAID,
    "01": AttemptState.OPEN,
    "02": AttemptState.OPEN,
    "03": AttemptState.OPEN,
    "04": AttemptState.PAID,
    "05": AttemptState.CLOSED,
    "06": AttemptState.CLOSED,
    "08": AttemptState.CLOSED,
}
#: cases of virtual accounts after developers.doku.com, as api-evangelist/doku lists them
#: (errors/doku-decline-codes.yml of 2026-07-17); read on 2026-11-23
DOKU_CASES = {
    BankVerdict.DONE: "200xx00",
    BankVerdict.FORGED: "401xx00",
    BankVerdict.NOT_FOUND: "404xx12",
    BankVerdict.PAID: "404xx14",
    BankVerdict.CONFLICT: "409xx00",
}


@pytest.mark.parametrize(("status", "state"), QUERY_STATUSES.items())
def test_every_status_that_providers_list_is_understood(status: str, state: AttemptState) -> None:
    notice = snap_notice(body={"latestTransactionStatus": status})
    assert snap().verify_notice(*notice, received_at=NOW).charge.state is state


@pytest.mark.parametrize(("verdict", "code"), DOKU_CASES.items())
def test_a_bank_is_answered_by_the_cases_that_a_provider_lists(verdict: BankVerdict, code: str) -> None:
    desk = DIALECTS["snap"].make("https://bank.invalid").desk
    for service, number in ((BankService.INQUIRY, "24"), (BankService.PAYMENT, "25")):
        answer = desk.answer(service, verdict)
        assert json.loads(answer.body)["responseCode"] == code.replace("xx", number)
        assert str(answer.status) == code[:3]


# ------------------------------------------------------------------ profiles and small words


def write_profile(folder: Path, **change: str) -> Path:
    private = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "ours.pem").write_bytes(private)
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / "bank.pem").write_bytes(public)
    (folder / "secret").write_text("rahasia\n")
    lines = {
        "name": '"bank_contoh"',
        "address": '"https://api.bank.example"',
        "client_key": '"K"',
        "partner_id": '"P"',
        "channel_id": '"95221"',
        "merchant_id": '"M"',
        "our_key": '"ours.pem"',
        "bank_keys": '["bank.pem"]',
        "client_secrets": '["secret"]',
        "notices": '"rsa"',
    } | change
    path = folder / "bank.toml"
    path.write_text(
        "".join(f"{name} = {value}\n" for name, value in lines.items()) + '[paths]\nquery = "/q"\n'
    )
    return path


def test_a_profile_says_what_differs_from_bank_to_bank(tmp_path: Path) -> None:
    profile, keys = read_profile(write_profile(tmp_path))
    assert (profile.name, profile.paths.query, profile.paths.token) == (
        "bank_contoh",
        "/q",
        "/v1.0/access-token/b2b",
    )
    assert keys.secrets == ("rahasia",)
    assert len(keys.banks) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"notices": '"md5"'},
        {"our_key": '"nowhere.pem"'},
        {"our_key": '"bank.pem"'},
        {"bank_keys": "[]"},
        {"client_secrets": "[]"},
        {"address": '"ftp://bank.example"'},
        {"surprise": "1"},
        {"name": '"Bank Contoh"'},
        {"clock_skew_s": "0"},
        {"accounts": '{partner_service_id = "88899", payment = "/gateway/bank_contoh/notices"}'},
        {"accounts": '{partner_service_id = "88899", payment = "/x", inquiry = "/x"}'},
    ],
)
def test_a_profile_that_cannot_be_used_says_why(tmp_path: Path, change: dict[str, str]) -> None:
    with pytest.raises(BadProfile, match=r"bank\.toml: "):
        read_profile(write_profile(tmp_path, **change))


@pytest.mark.parametrize(
    ("text", "units"), [("10000.00", 10_000), ("1", 1), ("0.99", 0), ("12345678.00", 12345678)]
)
def test_amounts_are_whole_units(text: str, units: int) -> None:
    assert whole_units(text) == units


@pytest.mark.parametrize("text", ["", "-1", "1e3", "1,000", " 1", "1.x", "٣", "1" * 16])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(GatewayMisspoke):
        whole_units(text)


def test_times_without_a_zone_are_jakartas() -> None:
    assert jakarta_time("2026-11-22 15:00:00") == NOW
    assert jakarta_time("2026-11-22 15:00:00").utcoffset() == timedelta(hours=7)
    with pytest.raises(GatewayMisspoke):
        jakarta_time("2026-11-22T15:00:00Z")
