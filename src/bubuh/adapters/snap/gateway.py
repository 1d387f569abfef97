"""A bank that speaks SNAP behind payments' `Gateway` port: QRIS made, asked about, told of and given back;
virtual accounts numbered by us, of which `desk.py` has the bank's calls.

A code comes with the answer to `create` and never again: SNAP's query does not tell it.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec

from bubuh.adapters.gateway_calls import TIMEOUT_S, WIB, GatewayCalls, read_json, whole_units
from bubuh.adapters.snap.desk import SnapDesk, moment
from bubuh.adapters.snap.profile import SnapKeys, SnapProfile
from bubuh.adapters.snap.signing import (
    call_text,
    is_hmac,
    is_rsa,
    notice_text,
    sign_hmac,
    sign_rsa,
    token_text,
)
from bubuh.core.clock import Clock, utc_now
from bubuh.payments.model import (
    IDR,
    AttemptState,
    Charge,
    GatewayRefund,
    Method,
    Notice,
    Pace,
    Payment,
    PaymentDetails,
    RefundWord,
    WantedCharge,
    WantedRefund,
)
from bubuh.payments.qris import checked_qris
from bubuh.payments.refusals import GatewayMisspoke, GatewayRefused, GatewayUnavailable, NoticeForged

_EARLY: Final = timedelta(seconds=60)  #: before its end a token is not used any more
_LONGEST_TOKEN_S: Final = 86_400
_REFERENCE: Final = re.compile(r"ord_([0-9A-Z]{26})-([1-9][0-9]{0,3})")
_PARTNER_NO: Final = re.compile(r"([0-9A-Z]{26})([1-9][0-9]{0,3})")
_STATES: Final = {
    "00": AttemptState.PAID,
    "01": AttemptState.OPEN,  # initiated
    "02": AttemptState.OPEN,  # paying
    "03": AttemptState.OPEN,  # pending
    "04": AttemptState.PAID,  # refunded: it was paid
    "05": AttemptState.CLOSED,  # cancelled
    "06": AttemptState.CLOSED,  # failed
    "08": AttemptState.CLOSED,  # expired; not every bank tells it
}
_UNKNOWN_TO_THE_BANK: Final = "07"
_NEVER: Final = frozenset({"400", "403", "404", "405"})  #: of what will not be carried out later either
_REFUNDS: Final = {"00": RefundWord.DONE, "03": RefundWord.PENDING, "06": RefundWord.FAILED}


class _Amount(msgspec.Struct, frozen=True):
    value: str
    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]


class _Said(msgspec.Struct, frozen=True, rename="camel"):
    """The head of every answer: three digits of HTTP, two of the service, two of the case."""

    response_code: Annotated[str, msgspec.Meta(pattern="^[0-9]{7}$")]
    response_message: str = ""


class _Token(msgspec.Struct, frozen=True, rename="camel"):
    access_token: Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
    expires_in: (
        Annotated[int, msgspec.Meta(ge=0)] | Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,9}\Z")]
    ) = 900


class _Made(msgspec.Struct, frozen=True, rename="camel"):
    partner_reference_no: str
    qr_content: str
    qr_url: str | None = None


class _RefundLine(msgspec.Struct, frozen=True, rename="camel"):
    partner_refund_no: str
    refund_status: str = "00"


class _Told(msgspec.Struct, frozen=True, rename="camel"):
    """What a query answers, and what a notice says."""

    original_partner_reference_no: str
    latest_transaction_status: Annotated[str, msgspec.Meta(pattern="^[0-9]{2}$")]
    amount: _Amount | None = None
    original_reference_no: str = ""
    paid_time: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    additional_info: dict[str, object] = {}
    refund_history: tuple[_RefundLine, ...] = ()


class SnapGateway:
    """See `payments.ports.Gateway`. References are those of `payments.model.reference_of`."""

    def __init__(
        self,
        profile: SnapProfile,
        keys: SnapKeys,
        *,
        address: str | Callable[[], str] | None = None,
        timeout_s: float = TIMEOUT_S,
        clock: Clock = utc_now,
    ) -> None:
        """`address` stands in for the profile's."""
        self.name = profile.name
        self.methods = profile.methods
        self.desk = None if profile.accounts is None else SnapDesk(profile, profile.accounts, keys)
        self.pace = Pace(per_s=profile.per_s, burst=max(1, int(profile.per_s)), at_once=5)
        self._profile = profile
        self._keys = keys
        self._clock = clock
        self._calls = GatewayCalls(address or profile.address, timeout_s=timeout_s)
        self._token: tuple[str, datetime] | None = None

    async def close(self) -> None:
        """Let go of the connections."""
        await self._calls.close()

    async def create(self, wanted: WantedCharge) -> Charge:
        """See `Gateway.create`. A number that is taken is asked about; its code is not told again."""
        if wanted.method is Method.VA:
            return self._account(wanted.reference)
        partner_no = _partner_no(wanted.reference)
        body = {
            "partnerReferenceNo": partner_no,
            "amount": _rupiah(wanted.amount_idr),
            "merchantId": self._profile.merchant_id,
            "validityPeriod": self._time(wanted.expires_at),
        }
        if self._profile.terminal_id is not None:
            body["terminalId"] = self._profile.terminal_id
        said, answer = await self._ask(self._profile.paths.generate, body)
        if said.response_code.startswith("409"):
            before = await self._query(wanted.reference)
            if before is None or (before.amount and whole_units(before.amount.value) != wanted.amount_idr):
                raise GatewayRefused(f"generate: {wanted.reference} is taken otherwise")
            return self._charge(before)
        self._expect(said, self._profile.services.generate)
        made = read_json(answer, _Made, "generate")
        if made.partner_reference_no != partner_no:
            raise GatewayMisspoke("generate: an answer about another one")
        qris = checked_qris(made.qr_content, amount_idr=wanted.amount_idr)
        return Charge(
            reference=wanted.reference,
            state=AttemptState.OPEN,
            details=PaymentDetails(qris=qris, pay_url=made.qr_url),
        )

    async def status(self, reference: str, method: Method = Method.QRIS) -> Charge | None:
        """See `Gateway.status`. A virtual account is there before its bank has heard of it: we number it."""
        if method is Method.VA:
            return await self._account_status(reference)
        told = await self._query(reference)
        return None if told is None else self._charge(told)

    async def cancel(self, reference: str, method: Method = Method.QRIS) -> Charge | None:
        """See `Gateway.cancel`. Where the bank cannot, its code ends by itself; an account by our answers."""
        if method is Method.VA:
            charge = await self._account_status(reference)
            return replace(charge, state=AttemptState.CLOSED) if charge.state is AttemptState.OPEN else charge
        if self._profile.paths.cancel is not None:
            body = {
                "originalPartnerReferenceNo": _partner_no(reference),
                "merchantId": self._profile.merchant_id,
                "reason": "expired",
            }
            await self._ask(self._profile.paths.cancel, body)
        return await self.status(reference)

    async def refund(self, wanted: WantedRefund) -> GatewayRefund:
        """See `Gateway.refund`. SNAP gives nothing back by virtual account."""
        if wanted.method is Method.VA:
            why = "money of a virtual account goes back by transfer only"
            return GatewayRefund(refund_no=wanted.refund_no, state=RefundWord.FAILED, why=why)
        body = {
            "merchantId": self._profile.merchant_id,
            "originalPartnerReferenceNo": _partner_no(wanted.reference),
            "originalReferenceNo": wanted.payment_no,
            "partnerRefundNo": wanted.refund_no,
            "refundAmount": _rupiah(wanted.amount_idr),
            "reason": wanted.reason,
        }
        said, _ = await self._ask(self._profile.paths.refund, body)
        if said.response_code == f"200{self._profile.services.refund}00":
            return GatewayRefund(refund_no=wanted.refund_no, state=RefundWord.DONE)
        if said.response_code.startswith("202"):
            return GatewayRefund(refund_no=wanted.refund_no, state=RefundWord.PENDING)
        before = await self.refund_status(wanted)
        if before is not None:
            return before
        no_funds = said.response_code == f"403{self._profile.services.refund}14"
        if no_funds or said.response_code[:3] not in _NEVER:  # it may do it yet, or be at it
            raise GatewayRefused(f"refund: {said.response_code} {said.response_message}")
        why = f"{said.response_code} {said.response_message}"
        return GatewayRefund(refund_no=wanted.refund_no, state=RefundWord.FAILED, why=why)

    async def refund_status(self, wanted: WantedRefund) -> GatewayRefund | None:
        """See `Gateway.refund_status`. A bank that lists no refunds leaves it unknown once there is one."""
        if wanted.method is Method.VA:
            return None
        told = await self._query(wanted.reference)
        if told is None:
            return None
        for one in told.refund_history:
            if one.partner_refund_no == wanted.refund_no:
                state = _REFUNDS.get(one.refund_status, RefundWord.UNKNOWN)
                return GatewayRefund(refund_no=wanted.refund_no, state=state)
        if told.latest_transaction_status == "04" and not told.refund_history:
            return GatewayRefund(refund_no=wanted.refund_no, state=RefundWord.UNKNOWN)
        return None

    async def health(self) -> None:
        """See `Gateway.health`: it gives us a token."""
        self._token = None
        await self._bearer()

    def verify_notice(self, raw: bytes, headers: Mapping[str, str], *, received_at: datetime) -> Notice:
        """See `Gateway.verify_notice`. The path of the notices is part of what is signed."""
        timestamp, signature = headers.get("x-timestamp", ""), headers.get("x-signature", "")
        path = self._profile.called_paths["notices"]
        if self._profile.notices == "rsa":
            text = notice_text("POST", path, raw, timestamp)
            is_theirs = any([is_rsa(key, text, signature) for key in self._keys.banks])  # noqa: C419
        else:
            token = headers.get("authorization", "").removeprefix("Bearer ")
            text = call_text("POST", path, token, raw, timestamp)
            is_theirs = any([is_hmac(one, text, signature) for one in self._keys.secrets])  # noqa: C419
        if not is_theirs:
            raise NoticeForged(gateway=self.name, why="signature")
        signed_at = moment(timestamp)
        if signed_at is None or abs(signed_at - received_at) > timedelta(seconds=self._profile.clock_skew_s):
            raise NoticeForged(gateway=self.name, why="timestamp")
        told = read_json(raw, _Told, "notice")
        return Notice(event_id=hashlib.sha256(raw).hexdigest(), charge=self._charge(told, at=signed_at))

    def _account(self, reference: str) -> Charge:
        assert self.desk is not None, "profile.methods"
        details = PaymentDetails(va=self.desk.account_no(reference))
        return Charge(reference=reference, state=AttemptState.OPEN, details=details)

    async def _account_status(self, reference: str) -> Charge:
        """What the bank has taken for an account (service 26); one it does not know is open."""
        assert self.desk is not None, "profile.methods"
        accounts, service = self.desk.accounts, self._profile.services.va_status
        if accounts.status is None:
            return self._account(reference)
        said, answer = await self._ask(accounts.status, self.desk.named(self.desk.account_no(reference)))
        if said.response_code in {f"404{service}01", f"404{service}12"}:
            return self._account(reference)
        self._expect(said, service)
        return self.desk.read_status(answer, reference)

    async def _query(self, reference: str) -> _Told | None:
        partner_no = _partner_no(reference)
        body = {
            "originalPartnerReferenceNo": partner_no,
            "serviceCode": self._profile.services.generate,
            "merchantId": self._profile.merchant_id,
        }
        said, answer = await self._ask(self._profile.paths.query, body)
        if said.response_code == f"404{self._profile.services.query}01":
            return None
        self._expect(said, self._profile.services.query)
        told = read_json(answer, _Told, "query")
        if told.original_partner_reference_no != partner_no:
            raise GatewayMisspoke("query: an answer about another one")
        return None if told.latest_transaction_status == _UNKNOWN_TO_THE_BANK else told

    def _charge(self, told: _Told, *, at: datetime | None = None) -> Charge:
        """In the port's words; money whose time is not told came by `at`, or now."""
        state = _STATES.get(told.latest_transaction_status)
        reference = _reference(told.original_partner_reference_no)
        if state is None:
            raise GatewayMisspoke(f"a transaction that is {told.latest_transaction_status}")
        if state is not AttemptState.PAID:
            return Charge(reference=reference, state=state)
        if told.amount is None or not told.original_reference_no:
            raise GatewayMisspoke("money without an amount or a number")
        stated = told.paid_time or moment(str(told.additional_info.get("paidTime", "")))
        payment = Payment(
            payment_no=told.original_reference_no,
            amount=whole_units(told.amount.value),
            currency=told.amount.currency,
            paid_at=stated or at or self._clock(),
        )
        return Charge(reference=reference, state=state, payments=(payment,))

    async def _bearer(self) -> str:
        """A token of the bank; the one before while it lasts."""
        now = self._clock()
        if self._token is not None and now < self._token[1]:
            return self._token[0]
        timestamp = self._time(now)
        signature = sign_rsa(self._keys.ours, token_text(self._profile.client_key, timestamp))
        headers = {
            "content-type": "application/json",
            "x-timestamp": timestamp,
            "x-client-key": self._profile.client_key,
            "x-signature": signature,
        }
        path = self._profile.paths.token
        _, answer = await self._calls.send(
            "POST", path, body=b'{"grantType":"client_credentials"}', headers=headers
        )
        self._expect(read_json(answer, _Said, path), self._profile.services.token)
        told = read_json(answer, _Token, path)
        lasts_s = min(int(told.expires_in), _LONGEST_TOKEN_S)
        self._token = told.access_token, now + timedelta(seconds=lasts_s) - _EARLY
        return told.access_token

    async def _ask(self, path: str, body: Mapping[str, object]) -> tuple[_Said, bytes]:
        """One signed call. A token that is refused is forgotten, so that the next call gets another."""
        token, timestamp, raw = await self._bearer(), self._time(self._clock()), msgspec.json.encode(body)
        text = call_text("POST", path, token, raw, timestamp)
        headers = {
            "content-type": "application/json",
            "authorization": f"Bearer {token}",
            "x-timestamp": timestamp,
            "x-signature": sign_hmac(self._keys.secrets[0], text),
            "x-partner-id": self._profile.partner_id,
            "x-external-id": str(secrets.randbelow(10**32)).zfill(32),
            "channel-id": self._profile.channel_id,
        }
        _, answer = await self._calls.send("POST", path, body=raw, headers=headers)
        said = read_json(answer, _Said, path)
        if said.response_code.startswith("401"):
            self._token = None
            raise GatewayRefused(f"{path}: {said.response_code} {said.response_message}")
        if said.response_code.startswith("5"):
            raise GatewayUnavailable(f"{path}: {said.response_code}")
        return said, answer

    def _expect(self, said: _Said, service: str) -> None:
        if said.response_code != f"200{service}00":
            raise GatewayRefused(f"{said.response_code} {said.response_message}")

    def _time(self, moment: datetime) -> str:
        return moment.astimezone(WIB).isoformat(timespec="seconds")


def _rupiah(amount_idr: int) -> dict[str, str]:
    return {"value": f"{amount_idr}.00", "currency": IDR}


def _partner_no(reference: str) -> str:
    """A reference without what some banks do not take in a number."""
    parts = _REFERENCE.fullmatch(reference)
    assert parts is not None, "a reference of ours"
    return parts[1] + parts[2]


def _reference(partner_no: str) -> str:
    """The reference of a number; what is none of ours is told as it is, and matches nothing."""
    parts = _PARTNER_NO.fullmatch(partner_no)
    return partner_no if parts is None else f"ord_{parts[1]}-{parts[2]}"
