"""Virtual accounts as a SNAP bank calls us about them: its token, service 24 (inquiry), service 25 (payment).

Shape of fields, signatures and codes (HTTP status, service, case): Standar Nasional Open API Pembayaran, as
providers tell it. The cases of what is unauthorised, not found, paid and in conflict are those of DOKU's
list; 13, 18 and 19 stand in no public list that we found, and DOKU's has 19 for another amount. Service
numbers differ too (`services` in a profile). Hold them against the bank's own list before it is connected.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bubuh.adapters.gateway_calls import WIB, read_json
from bubuh.adapters.snap.profile import SnapAccounts, SnapKeys, SnapProfile
from bubuh.adapters.snap.signing import call_text, is_hmac, is_rsa, minify, token_text
from bubuh.payments.bank_calls import BankAnswer, BankCall, BankService, BankVerdict, Bill
from bubuh.payments.model import (
    IDR,
    AttemptState,
    Charge,
    Notice,
    Payment,
    PaymentDetails,
    account_reference,
    shard_of_reference,
)
from bubuh.payments.refusals import GatewayMisspoke, NoticeForged

TOKEN_S: Final = 900
_EXTERNAL_NO: Final = re.compile(r"[0-9]{1,36}")
_TOKEN: Final = re.compile(r"([0-9]{10,12})\.[0-9a-f]{32}\.([0-9a-f]{64})")
_SERVICE_ID_LETTERS: Final = 8  #: blanks in front
_PAID: Final = "00"

#: HTTP status, case, message; of an unreadable or forged call the case is the whole service's
_VERDICTS: Final = {
    BankVerdict.DONE: ("200", "00", "Successful"),
    BankVerdict.FORGED: ("401", "00", "Unauthorized. Signature or token"),
    BankVerdict.UNREADABLE: ("400", "01", "Invalid Field Format"),
    BankVerdict.CONFLICT: ("409", "00", "Conflict"),
    BankVerdict.NOT_FOUND: ("404", "12", "Invalid Bill/Virtual Account [Not Found]"),
    BankVerdict.PAID: ("404", "14", "Paid Bill"),
    BankVerdict.EXPIRED: ("404", "19", "Invalid Bill/Virtual Account [Expired]"),
    BankVerdict.OTHER_AMOUNT: ("404", "13", "Invalid Amount"),
    BankVerdict.INCONSISTENT: ("404", "18", "Inconsistent Request"),
}
_REASONS: Final = {
    BankVerdict.DONE: ("Success", "Sukses"),
    BankVerdict.NOT_FOUND: ("Bill not found", "Tagihan tidak ditemukan"),
    BankVerdict.PAID: ("Bill has been paid", "Tagihan telah dibayar"),
    BankVerdict.EXPIRED: ("Bill expired", "Tagihan kedaluwarsa"),
    BankVerdict.OTHER_AMOUNT: ("Invalid amount", "Jumlah tidak sesuai"),
    BankVerdict.INCONSISTENT: ("Inconsistent request", "Permintaan tidak konsisten"),
    BankVerdict.CONFLICT: ("Conflict", "Nomor panggilan telah dipakai"),
}


class _Grant(msgspec.Struct, frozen=True, rename="camel"):
    grant_type: str


class _Rupiah(msgspec.Struct, frozen=True):
    """Whole rupiah, written with two decimals; anything else is refused."""

    value: Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{0,14}\.00\Z")]
    currency: Annotated[str, msgspec.Meta(pattern=rf"^{IDR}\Z")]


class _Asked(msgspec.Struct, frozen=True, rename="camel"):
    """What both services are called with."""

    partner_service_id: Annotated[str, msgspec.Meta(max_length=_SERVICE_ID_LETTERS)]
    customer_no: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,20}\Z")]
    virtual_account_no: Annotated[str, msgspec.Meta(max_length=28)]


class _Inquiry(_Asked, frozen=True, rename="camel"):
    inquiry_request_id: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    amount: _Rupiah | None = None


class _Payment(_Asked, frozen=True, rename="camel"):
    payment_request_id: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    paid_amount: _Rupiah
    trx_date_time: str | None = None


class _Status(msgspec.Struct, frozen=True, rename="camel"):
    virtual_account_no: str
    payment_flag_status: str
    payment_request_id: str = ""
    paid_amount: _Rupiah | None = None
    transaction_date: str | None = None


class _StatusTold(msgspec.Struct, frozen=True, rename="camel"):
    virtual_account_data: _Status


class SnapDesk:
    """See `payments.ports.BankDesk`."""

    def __init__(self, profile: SnapProfile, accounts: SnapAccounts, keys: SnapKeys) -> None:
        self.accounts = accounts
        self._profile = profile
        self._keys = keys
        ours = keys.ours.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        self._token_key = hmac.digest(ours, b"bubuh-snap-token-2 " + profile.name.encode(), "sha256")
        self._paths = profile.called_paths
        services = profile.services
        self._services = {BankService.INQUIRY: services.va_inquiry, BankService.PAYMENT: services.va_payment}

    def account_no(self, reference: str) -> str:
        """The number for a reference of ours, for ever: it ends in the shard of the attempt's row."""
        shard = shard_of_reference(reference)
        assert shard is not None, "a reference of ours"
        digits = self.accounts.customer_digits - 2
        drawn = int.from_bytes(hashlib.sha256(reference.encode()).digest()) % 10**digits
        return f"{self.accounts.partner_service_id}{drawn:0{digits}}{shard:02}"

    def named(self, account_no: str) -> dict[str, str]:
        """The three fields that name an account."""
        service_id = self.accounts.partner_service_id.rjust(_SERVICE_ID_LETTERS)
        customer_no = account_no.removeprefix(self.accounts.partner_service_id)
        return {
            "partnerServiceId": service_id,
            "customerNo": customer_no,
            "virtualAccountNo": service_id + customer_no,
        }

    def give_token(self, raw: bytes, headers: Mapping[str, str], *, now: datetime) -> BankAnswer:
        """See `BankDesk.give_token`."""
        timestamp, signature = headers.get("x-timestamp", ""), headers.get("x-signature", "")
        client_key = self.accounts.client_key or self._profile.client_key
        text = token_text(client_key, timestamp)
        is_theirs = any([is_rsa(key, text, signature) for key in self._keys.banks])  # noqa: C419
        is_known = hmac.compare_digest(
            headers.get("x-client-key", "").encode("utf-8", "replace"), client_key.encode()
        )
        service = self._profile.services.token
        if not (is_theirs and is_known) or not self._is_timely(timestamp, now):
            return _said("401", service, "00", "Unauthorized. Signature")
        try:
            granted = read_json(raw, _Grant, "token").grant_type == "client_credentials"
        except GatewayMisspoke:
            granted = False
        if not granted:
            return _said("400", service, "00", "Bad Request")
        told = {"accessToken": self._token(now), "tokenType": "Bearer", "expiresIn": str(TOKEN_S)}
        return _said("200", service, "00", "Successful", told)

    def _is_signed(self, service: BankService, raw: bytes, headers: Mapping[str, str]) -> bool:
        """Whether somebody with a secret of ours signed these bytes for this service's path."""
        token = headers.get("authorization", "").removeprefix("Bearer ")
        text = call_text("POST", self._paths[service], token, raw, headers.get("x-timestamp", ""))
        signature = headers.get("x-signature", "")
        return any([is_hmac(one, text, signature) for one in self._keys.secrets])  # noqa: C419

    def read(self, service: BankService, raw: bytes, headers: Mapping[str, str], *, at: datetime) -> BankCall:
        """See `BankDesk.read`."""
        signed_at = self._check(service, raw, headers, at)
        external_no = headers.get("x-external-id", "")
        if _EXTERNAL_NO.fullmatch(external_no) is None:
            raise GatewayMisspoke(f"{service}: an X-EXTERNAL-ID has 1 to 36 digits")
        asked: _Inquiry | _Payment
        amount: int | None
        if service is BankService.PAYMENT:
            asked = read_json(raw, _Payment, service)
            request_no, amount = asked.payment_request_id, _amount_idr(asked.paid_amount)
        else:
            asked = read_json(raw, _Inquiry, service)
            request_no = asked.inquiry_request_id
            amount = None if asked.amount is None else _amount_idr(asked.amount)
        return BankCall(
            account_no=self._account_no(asked),
            day=signed_at.astimezone(WIB).date(),
            external_no=external_no,
            request_sha256=hashlib.sha256(service.encode() + b"\0" + minify(raw)).digest(),
            request_no=request_no,
            amount_idr=amount,
            event_id=_event_id(asked) if isinstance(asked, _Payment) else None,
        )

    def read_payment(self, raw: bytes, headers: Mapping[str, str], *, at: datetime) -> Notice:
        """See `BankDesk.read_payment`."""
        signed_at = self._check(BankService.PAYMENT, raw, headers, at)
        paid = read_json(raw, _Payment, "payment")
        payment = Payment(
            payment_no=paid.payment_request_id,
            amount=_amount_idr(paid.paid_amount),
            paid_at=moment(paid.trx_date_time or "") or signed_at,
        )
        reference = account_reference(self._account_no(paid))
        charge = Charge(reference=reference, state=AttemptState.PAID, payments=(payment,))
        return Notice(event_id=_event_id(paid), charge=charge)

    def paid_in(self, raw: bytes) -> tuple[str, int]:
        """See `BankDesk.paid_in`."""
        paid = read_json(raw, _Payment, "payment")
        return self._account_no(paid), _amount_idr(paid.paid_amount)

    def read_status(self, answer: bytes, reference: str) -> Charge:
        """What the bank's service 26 says of an account; raises `GatewayMisspoke`."""
        told = read_json(answer, _StatusTold, "status").virtual_account_data
        account_no = self.account_no(reference)
        if told.virtual_account_no.strip() != account_no:
            raise GatewayMisspoke("status: an answer about another one")
        details = PaymentDetails(va=account_no)
        if told.payment_flag_status != _PAID:
            return Charge(reference=reference, state=AttemptState.OPEN, details=details)
        paid_at = moment(told.transaction_date or "")
        if told.paid_amount is None or not told.payment_request_id or paid_at is None:
            raise GatewayMisspoke("status: money without an amount, a number or a time")
        payment = Payment(
            payment_no=told.payment_request_id, amount=_amount_idr(told.paid_amount), paid_at=paid_at
        )
        return Charge(reference=reference, state=AttemptState.PAID, details=details, payments=(payment,))

    def answer(self, service: BankService, verdict: BankVerdict, bill: Bill | None = None) -> BankAnswer:
        """See `BankDesk.answer`."""
        status, case, message = _VERDICTS[verdict]
        told = {} if bill is None else {"virtualAccountData": self._data(service, verdict, bill)}
        return _said(status, self._services[service], case, message, told)

    def _data(self, service: BankService, verdict: BankVerdict, bill: Bill) -> dict[str, object]:
        english, indonesian = _REASONS[verdict]
        flag, words = (
            ("inquiryStatus", "inquiryReason")
            if service is BankService.INQUIRY
            else ("paymentFlagStatus", "paymentFlagReason")
        )
        call = bill.call
        told: dict[str, object] = {
            flag: "00" if verdict is BankVerdict.DONE else "01",
            words: {"english": english, "indonesia": indonesian},
            **self.named(call.account_no),
            "virtualAccountName": self.accounts.name,
        }
        if bill.amount_idr is not None:
            told["totalAmount"] = _shown(bill.amount_idr)
        if service is BankService.INQUIRY:
            return told | {"inquiryRequestId": call.request_no, "virtualAccountTrxType": "C"}
        assert call.amount_idr is not None, "a payment has one"
        return told | {"paymentRequestId": call.request_no, "paidAmount": _shown(call.amount_idr)}

    def _account_no(self, asked: _Asked) -> str:
        """The number as payers type it; raises `GatewayMisspoke` where the three fields do not agree."""
        service_id = asked.partner_service_id.strip()
        account_no = service_id + asked.customer_no
        if service_id != self.accounts.partner_service_id or asked.virtual_account_no.strip() != account_no:
            raise GatewayMisspoke("the fields of the account do not agree")
        return account_no

    def _check(self, service: BankService, raw: bytes, headers: Mapping[str, str], at: datetime) -> datetime:
        """When it was signed; raises `NoticeForged`."""
        if not self._is_signed(service, raw, headers):
            raise NoticeForged(gateway=self._profile.name, why="signature")
        signed_at = moment(headers["x-timestamp"])
        if signed_at is None or not self._is_timely(headers["x-timestamp"], at):
            raise NoticeForged(gateway=self._profile.name, why="timestamp")
        if not self._is_token(headers.get("authorization", ""), at):
            raise NoticeForged(gateway=self._profile.name, why="token")
        return signed_at

    def _is_timely(self, timestamp: str, now: datetime) -> bool:
        signed_at = moment(timestamp)
        return signed_at is not None and abs(signed_at - now) <= timedelta(seconds=self._profile.clock_skew_s)

    def _token(self, now: datetime) -> str:
        """Good for TOKEN_S, at every process that has our key; nothing is stored."""
        signed = f"{int(now.timestamp()) + TOKEN_S}.{secrets.token_hex(16)}"
        return f"{signed}.{self._token_mac(signed)}"

    def _is_token(self, authorization: str, at: datetime) -> bool:
        token = authorization.removeprefix("Bearer ")
        parts = _TOKEN.fullmatch(token)
        if parts is None:
            return False
        wanted = self._token_mac(token.rpartition(".")[0])
        return hmac.compare_digest(wanted, parts[2]) and at.timestamp() < int(parts[1])

    def _token_mac(self, signed: str) -> str:
        return hmac.digest(self._token_key, signed.encode(), "sha256").hex()


def moment(text: str) -> datetime | None:
    """An ISO 8601 time with its zone; None: it is none."""
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        return None
    return told if told.tzinfo is not None else None


def _event_id(paid: _Payment) -> str:
    return f"va:{paid.payment_request_id}"


def _amount_idr(amount: _Rupiah) -> int:
    return int(amount.value.removesuffix(".00"))


def _shown(amount_idr: int) -> dict[str, str]:
    return {"value": f"{amount_idr}.00", "currency": IDR}


def _said(
    status: str, service: str, case: str, message: str, told: Mapping[str, object] | None = None
) -> BankAnswer:
    said = {"responseCode": status + service + case, "responseMessage": message} | dict(told or {})
    return BankAnswer(status=int(status), body=msgspec.json.encode(said))
