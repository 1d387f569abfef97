"""A gateway tells us something: keep it, answer, think later."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final

import msgspec
import structlog
from prometheus_client import Counter

from bubuh.core.ids import THE_SERVICE, derived_id
from bubuh.core.shards import Shard
from bubuh.db.batch import Batch, OneByOne
from bubuh.db.pool import Database
from bubuh.db.self_clocked import SelfClocked
from bubuh.outbox.publish import publish
from bubuh.payments import store
from bubuh.payments.model import MAX_NOTICE_BYTES, Address, Notice
from bubuh.payments.ports import Gateway
from bubuh.payments.refusals import GatewayMisspoke, NoticeForged, NoticeTooLarge
from bubuh.payments.store import NewNotice

_log = structlog.get_logger(__name__)

_FORGED = Counter("bubuh_notices_forged", "Notices whose signature was bad", ["gateway"])

FORGED: Final = "notices.forged"  #: the topic that pages an operator, at most once an hour and gateway
_NEVER_KEPT: Final = frozenset({"cookie", "proxy-authorization"})
_OUR_KEY: Final = "bbh_"  #: what an API key begins with
_NO_SHARD: Final = Shard(0)  #: a notice is nobody's; all stand in one queue

NoticeBatch = Batch[NewNotice, bool]


async def take_notice(
    raw: bytes,
    headers: Mapping[str, str],
    *,
    gateway: Gateway,
    db: Database,
    now: datetime,
    batch: NoticeBatch | None = None,
    address: Address = Address.NOTICES,
) -> bool:
    """Keep the notice `raw`, byte for byte; false: this one is kept already. Nothing is acted on here.

    A genuine notice is kept under the gateway's event number, so that 1,000 copies are one. Anything else is
    kept under its own hash: a forger who guesses a number must not take the place of the true one. With a
    `batch` many are kept in one commit.

    Raises:
        NoticeTooLarge: over MAX_NOTICE_BYTES; nothing is kept.
        NoticeForged: the signature is bad. It is kept, as refused.
    """
    try:
        notice = read_notice(raw, headers, gateway=gateway, now=now, address=address)
    except NoticeForged as refusal:
        forged = evidence("forged", raw, headers, gateway=gateway.name, address=address, refusal=refusal.code)
        await keep_notice(forged, db=db, batch=batch)
        _log.warning("notice_forged", gateway=gateway.name, event_no=forged.event_id)
        _FORGED.labels(gateway.name).inc()
        await _alarm(db, gateway.name, now)
        raise
    return await keep_notice(notice, db=db, batch=batch)


def read_notice(
    raw: bytes,
    headers: Mapping[str, str],
    *,
    gateway: Gateway,
    now: datetime,
    address: Address = Address.NOTICES,
) -> NewNotice:
    """A genuine notice, to be kept.

    Raises:
        NoticeTooLarge: over MAX_NOTICE_BYTES.
        NoticeForged: the signature is bad.
    """
    if len(raw) > MAX_NOTICE_BYTES:
        raise NoticeTooLarge(size_bytes=len(raw), most_bytes=MAX_NOTICE_BYTES)
    kept = kept_headers(headers)
    try:
        event_id = read_at(gateway, address, raw, kept, received_at=now).event_id
    except GatewayMisspoke:
        event_id = "unread:" + hashlib.sha256(raw).hexdigest()
    return NewNotice(gateway=gateway.name, event_id=event_id, address=address, body=raw, headers=kept)


def read_at(
    gateway: Gateway, address: Address, raw: bytes, headers: Mapping[str, str], *, received_at: datetime
) -> Notice:
    """What came to `address`, by what is signed for that address alone; raises as `Gateway.verify_notice`."""
    if address is Address.NOTICES:
        return gateway.verify_notice(raw, headers, received_at=received_at)
    assert gateway.desk is not None, "only a desk has that address"
    return gateway.desk.read_payment(raw, headers, at=received_at)


def evidence(
    what: str, raw: bytes, headers: Mapping[str, str], *, gateway: str, address: Address, refusal: str
) -> NewNotice:
    """Words that are not believed, to be kept under their own hash and never acted on."""
    kept = kept_headers(headers)
    whole = hashlib.sha256(raw + msgspec.json.encode(sorted(kept.items()))).hexdigest()
    return NewNotice(
        gateway=gateway, event_id=f"{what}:{whole}", address=address, body=raw, headers=kept, refusal=refusal
    )


async def keep_notice(notice: NewNotice, *, db: Database, batch: NoticeBatch | None = None) -> bool:
    """Keep `notice`, with others where there is a `batch`; false: it is kept already."""
    return await (batch or OneByOne(db, _keep_n)).submit(_NO_SHARD, notice)


async def _keep_n(db: Database, _shard: Shard, notices: Sequence[NewNotice]) -> list[bool]:
    return await store.keep_notices_n(db, notices)


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """What of `headers` is kept, by lower-case names."""
    return {name.lower(): value for name, value in headers.items() if _may_be_kept(name.lower(), value)}


def keeping(db: Database) -> SelfClocked[NewNotice, bool]:
    """A batch that keeps what came while the one before committed."""
    return SelfClocked(partial(_keep_n, db), name="notices", key=lambda notice: notice.key)


def _may_be_kept(name: str, value: str) -> bool:
    """A token that a bank got from us is part of what it signed; a key of ours is nobody's business here."""
    if name == "authorization":
        return value.startswith("Bearer ") and not value.startswith(f"Bearer {_OUR_KEY}")
    return name not in _NEVER_KEPT


async def _alarm(db: Database, gateway: str, now: datetime) -> None:
    """Call an operator, once however many come: who forges one forges thousands."""
    hour = now.astimezone(UTC).strftime("%Y-%m-%dT%H")
    async with db.connection() as conn:
        await publish(
            conn,
            account_id=THE_SERVICE,
            topic=FORGED,
            subject=derived_id(THE_SERVICE, gateway, hour),
            facts={"gateway": gateway, "hour": hour},
        )
