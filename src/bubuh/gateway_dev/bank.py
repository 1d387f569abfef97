"""A bank calls its customer about virtual accounts (SNAP services 24 and 25), as the standard has it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from bubuh.adapters.http_calls import AnswerTooLong, HttpCalls, NotAnswered
from bubuh.gateway_dev.credentials import NATIVE, Credentials
from bubuh.gateway_dev.lines import Refused, ShownCharge

_WIB: Final = timezone(timedelta(hours=7))
_TIMEOUT_S: Final = 5.0
_MOST_BYTES: Final = 65_536
_SERVICE_ID_LETTERS: Final = 8
_BILL_IS_DONE: Final = "2002500"
_AGAIN: Final = ("401", "5")  #: answers after which the bank tells once more


class Bank:
    """Calls that the customer's desk answers."""

    def __init__(self, credentials: Credentials, notify_url: Callable[[], str | None]) -> None:
        self._credentials = credentials
        self._notify_url = notify_url
        self._calls = HttpCalls()

    def close(self) -> None:
        """Let go of the connections."""
        self._calls.close()

    async def inquire(self, account_no: str) -> dict[str, Any]:
        """What the customer says the account is for; raises `Refused` when it says nothing."""
        body = self.named(account_no) | {"inquiryRequestId": secrets.token_hex(16)}
        told = await self._call("inquiry", body, _number())
        if told is None:
            raise Refused(503, "the customer does not answer")
        return told

    async def pay(self, event_id: str, charge: ShownCharge) -> bool | None:
        """Tell the last payment: true when it was taken, false when declined, None when to tell it again."""
        paid = charge.payments[-1]
        body = self.named(charge.reference) | {
            "paymentRequestId": paid.payment_no,
            "paidAmount": {"value": f"{paid.amount}.00", "currency": paid.currency},
            "trxDateTime": paid.paid_at.astimezone(_WIB).isoformat(timespec="seconds"),
        }
        told = await self._call("payment", body, str(int(event_id.removeprefix("evt_"), 16)))
        if told is None or str(told["responseCode"]).startswith(_AGAIN):
            return None
        return bool(told["responseCode"] == _BILL_IS_DONE)

    def named(self, account_no: str) -> dict[str, Any]:
        """The three fields that name an account."""
        digits = self._credentials.snap_customer_digits
        service_id, customer_no = account_no[:-digits].rjust(_SERVICE_ID_LETTERS), account_no[-digits:]
        return {
            "partnerServiceId": service_id,
            "customerNo": customer_no,
            "virtualAccountNo": service_id + customer_no,
        }

    async def _call(self, service: str, body: Mapping[str, Any], external_no: str) -> dict[str, Any] | None:
        url = self._notify_url()
        if url is None:
            return None
        host, _, _ = url.partition(f"/gateway/{NATIVE}/")
        try:
            token = await self._token(host)
            path, at = f"/gateway/snap/v1.0/transfer-va/{service}", _now()
            raw = json.dumps(body, separators=(",", ":")).encode()
            signed_path = self._credentials.snap_signed_paths.get(service, path)
            text = f"POST:{signed_path}:{token}:{hashlib.sha256(raw).hexdigest()}:{at}"
            signed = hmac.digest(self._credentials.snap_client_secret.encode(), text.encode(), "sha512")
            headers = {
                "authorization": f"Bearer {token}",
                "x-timestamp": at,
                "x-signature": base64.b64encode(signed).decode(),
                "x-external-id": external_no,
            }
            return await self._send(host + path, raw, headers)
        except (NotAnswered, AnswerTooLong, ValueError, KeyError):
            return None  # whoever asked tells it again, or says so

    async def _token(self, host: str) -> str:
        key = serialization.load_pem_private_key(self._credentials.snap_token_key.encode(), password=None)
        assert isinstance(key, rsa.RSAPrivateKey)
        known = self._credentials
        at, client_key = _now(), known.snap_accounts_client_key or known.snap_client_key
        signed = key.sign(f"{client_key}|{at}".encode(), padding.PKCS1v15(), hashes.SHA256())
        headers = {
            "x-client-key": client_key,
            "x-timestamp": at,
            "x-signature": base64.b64encode(signed).decode(),
        }
        path = "/gateway/snap/v1.0/access-token/b2b"
        told = await self._send(host + path, b'{"grantType":"client_credentials"}', headers)
        return str(told["accessToken"])

    async def _send(self, url: str, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
        answer = await self._calls.send(
            "POST",
            url,
            body=body,
            headers={"content-type": "application/json", **headers},
            timeout_s=_TIMEOUT_S,
            most_bytes=_MOST_BYTES,
        )
        told: dict[str, Any] = json.loads(answer.body)
        return told


def _number() -> str:
    return str(secrets.randbelow(10**30))


def _now() -> str:
    return datetime.now(_WIB).isoformat(timespec="seconds")
