"""A gateway tells us something: keep it, answer, think later."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec
import structlog

from bubuh.db.pool import Database
from bubuh.payments import store
from bubuh.payments.model import MAX_NOTICE_BYTES
from bubuh.payments.ports import Gateway
from bubuh.payments.refusals import GatewayMisspoke, NoticeForged, NoticeTooLarge

_log = structlog.get_logger(__name__)

_NEVER_KEPT: Final = frozenset({"authorization", "cookie", "proxy-authorization"})


async def take_notice(
    raw: bytes, headers: Mapping[str, str], *, gateway: Gateway, db: Database, now: datetime
) -> bool:
    """Keep the notice `raw`, byte for byte; false: this one is kept already. Nothing is acted on here.

    A genuine notice is kept under the gateway's event number, so that 1,000 copies are one. Anything else is
    kept under its own hash: a forger who guesses a number must not take the place of the true one.

    Raises:
        NoticeTooLarge: over MAX_NOTICE_BYTES; nothing is kept.
        NoticeForged: the signature is bad. It is kept, as refused.
    """
    if len(raw) > MAX_NOTICE_BYTES:
        raise NoticeTooLarge(size_bytes=len(raw), most_bytes=MAX_NOTICE_BYTES)
    kept = {name.lower(): value for name, value in headers.items() if name.lower() not in _NEVER_KEPT}
    try:
        event_id = gateway.verify_notice(raw, kept, received_at=now).event_id
    except GatewayMisspoke:
        event_id = "unread:" + hashlib.sha256(raw).hexdigest()
    except NoticeForged as refusal:
        whole = hashlib.sha256(raw + msgspec.json.encode(sorted(kept.items()))).hexdigest()
        await store.keep_notice(
            db, gateway=gateway.name, event_id="forged:" + whole, body=raw, headers=kept, refusal=refusal.code
        )
        _log.warning("notice_forged", gateway=gateway.name, event_no="forged:" + whole)
        raise
    return await store.keep_notice(
        db, gateway=gateway.name, event_id=event_id, body=raw, headers=kept, refusal=None
    )
