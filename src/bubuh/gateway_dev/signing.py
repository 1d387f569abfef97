"""The gateway's own reading of how messages are signed; its customer has another."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping

from bubuh.gateway_dev.lines import Refused

_TIMESTAMP = "bubuh-dev-timestamp"
_SIGNATURE = "bubuh-dev-signature"
_CALL_TOLERANCE_S = 300


def notice_headers(secret: bytes, body: bytes) -> dict[str, str]:
    """What a notice carries so that it is believed."""
    timestamp = f"{time.time():.0f}"
    return {
        _TIMESTAMP: timestamp,
        _SIGNATURE: hmac.digest(secret, timestamp.encode() + b"." + body, "sha256").hex(),
        "content-type": "application/json",
    }


def call_headers(secret: bytes, method: str, path: str, body: bytes) -> dict[str, str]:
    """What a call carries so that it passes `check_call`: for who drills the gateway."""
    timestamp = f"{time.time():.0f}"
    message = b".".join((timestamp.encode(), f"{method} {path}".encode(), body))
    return {_TIMESTAMP: timestamp, _SIGNATURE: hmac.new(secret, message, hashlib.sha256).hexdigest()}


def check_call(secret: bytes, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Pass when our customer signed this call just now; else raise `Refused`, 401."""
    timestamp = headers.get(_TIMESTAMP, "")
    message = b".".join((timestamp.encode(), f"{method} {path}".encode(), body))
    wanted = hmac.new(secret, message, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(headers.get(_SIGNATURE, "").encode(), wanted.encode()):
        raise Refused(401, "bad signature")
    if not timestamp.isdecimal() or abs(int(timestamp) - time.time()) > _CALL_TOLERANCE_S:
        raise Refused(401, "stale signature")
