"""The machine looks first, two seconds at most: order and gateway, hold, signer, file."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from bubuh.complaints import store
from bubuh.complaints.model import Code, Finding, Subject, SubjectKind
from bubuh.complaints.store import SeenRefund, SeenStamp
from bubuh.core.errors import Fault
from bubuh.core.ids import AccountId
from bubuh.db.doorbell import Doorbell
from bubuh.db.pool import Database
from bubuh.documents.keys import StoreKey
from bubuh.documents.ports import Objects
from bubuh.documents.refusals import DocumentNotReady
from bubuh.orders.check import check
from bubuh.orders.model import Order, OrderState
from bubuh.orders.show import show_order
from bubuh.payments.ports import Gateways
from bubuh.payments.refusals import GatewayUnknown
from bubuh.refunds.refusals import RefundUnknown
from bubuh.stamping.deliver import open_stamped_document
from bubuh.stamping.moves import StampState
from bubuh.stamping.refusals import StampUnknown

PATIENCE_S: Final = 1.5  #: with whoever is asked outside the database
_WATCHED: Final = frozenset({OrderState.PLACED, OrderState.EXPIRED, OrderState.CANCELLED})
_HOLDS: Final = {"held": Code.QUOTA_HELD, "released": Code.QUOTA_RELEASED, "captured": Code.QUOTA_USED}
_REFUNDS: Final = {
    "waiting": Code.REFUND_WAITS,
    "asked": Code.REFUND_SENT,
    "unknown": Code.REFUND_SENT,
    "pending": Code.REFUND_SENT,
    "done": Code.REFUND_DONE,
    "failed": Code.REFUND_FAILED,
    "declined": Code.REFUND_DECLINED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Eyes:
    """What the machine looks with."""

    db: Database
    gateways: Gateways
    signer_health: Callable[[], Awaitable[bool]]
    doorbell: Doorbell
    objects: Objects
    store_key: StoreKey = field(repr=False)
    patience_s: float = PATIENCE_S


async def look(eyes: Eyes, account_id: AccountId, subject: Subject) -> tuple[Finding, ...]:
    """What is the matter with a thing of the account's, the weightiest first; a gateway is asked now.

    Raises:
        StampUnknown, OrderUnknown, RefundUnknown: the account has no such thing.
    """
    match subject.kind:
        case SubjectKind.STAMP:
            return await _look_at_stamp(eyes, account_id, subject.id)
        case SubjectKind.ORDER:
            return await _look_at_order(eyes, account_id, subject.id)
        case SubjectKind.REFUND:
            seen = await store.look_at_refund(eyes.db, account_id, subject.id)
            if seen is None:
                raise RefundUnknown
            return (_told_of_refund(seen),)


async def _look_at_stamp(eyes: Eyes, account_id: AccountId, stamp_id: UUID) -> tuple[Finding, ...]:
    seen = await store.look_at_stamp(eyes.db, account_id, stamp_id)
    if seen is None:
        raise StampUnknown
    found = list(_told_of_stamp(seen))
    if seen.state == StampState.AFFIXED:
        found.append(await _look_at_file(eyes, account_id, stamp_id, seen))
    elif seen.ended_at is None and not seen.is_sealed:
        is_well = await _within(eyes.signer_health(), eyes.patience_s)
        found.append(Finding(code=Code.SIGNER_WELL if is_well else Code.SIGNER_AWAY))
    return tuple(found)


def _told_of_stamp(seen: SeenStamp) -> Iterator[Finding]:
    ended = {"at": _at(seen.ended_at)} if seen.ended_at is not None else {}
    match StampState(seen.state):
        case StampState.AFFIXED:
            yield Finding(code=Code.STAMP_AFFIXED, facts=ended)
        case StampState.RETURNED:
            yield Finding(code=Code.STAMP_RETURNED, facts={**ended, "reason": seen.reason or ""})
        case StampState.ACCEPTED:
            yield Finding(code=Code.STAMP_WAITS, facts={"at": _at(seen.accepted_at)})
        case StampState.PROCESSING:
            yield Finding(code=Code.STAMP_SEALED if seen.is_sealed else Code.STAMP_IN_WORK)
    if seen.hold is not None:
        yield Finding(code=_HOLDS[seen.hold])


async def _look_at_file(eyes: Eyes, account_id: AccountId, stamp_id: UUID, seen: SeenStamp) -> Finding:
    """Whether its beginning can be read now, as a download would."""
    if seen.content_unseen:
        return Finding(code=Code.FILE_AT_HOME)
    if seen.is_gone:
        return Finding(code=Code.FILE_GONE)
    try:
        async with asyncio.timeout(eyes.patience_s):
            opened = await open_stamped_document(
                account_id,
                stamp_id,
                db=eyes.db,
                doorbell=eyes.doorbell,
                objects=eyes.objects,
                store_key=eyes.store_key,
            )
            await anext(aiter(opened.chunks))
    except DocumentNotReady:
        return Finding(code=Code.FILE_GONE)
    except (Fault, TimeoutError):
        return Finding(code=Code.FILE_AWAY)
    return Finding(code=Code.FILE_READY)


async def _look_at_order(eyes: Eyes, account_id: AccountId, order_id: UUID) -> tuple[Finding, ...]:
    order = (await show_order(eyes.db, account_id, order_id)).order
    asked: list[Finding] = []
    if order.state in _WATCHED:
        answered = await _asked(eyes, account_id, order_id)
        asked.append(Finding(code=Code.GATEWAY_ASKED if answered else Code.GATEWAY_SILENT))
        order = (await show_order(eyes.db, account_id, order_id)).order
    return (*_told_of_order(order), *asked)


async def _asked(eyes: Eyes, account_id: AccountId, order_id: UUID) -> bool:
    """Have the order's gateway asked; whether it answered in time."""
    try:
        async with asyncio.timeout(eyes.patience_s):
            await check(eyes.db, account_id, order_id, gateways=eyes.gateways)
    except (Fault, GatewayUnknown, TimeoutError):
        return False
    return True


def _told_of_order(order: Order) -> Iterator[Finding]:
    kept_idr = order.amount_paid_idr - order.amount_returned_idr
    match order.state:
        case OrderState.FILLED:
            yield Finding(code=Code.ORDER_FILLED, facts={"stamps": order.stamps})
        case OrderState.PAID:
            yield Finding(code=Code.ORDER_PAID, facts={"amount_idr": kept_idr})
        case OrderState.PLACED if kept_idr:
            yield Finding(code=Code.ORDER_UNDERPAID, facts={"amount_idr": order.amount_idr - kept_idr})
        case OrderState.PLACED:
            yield Finding(code=Code.ORDER_UNPAID, facts={"at": _at(order.expires_at)})
        case OrderState.EXPIRED:
            yield Finding(code=Code.ORDER_EXPIRED, facts={"at": _at(order.expires_at)})
        case OrderState.CANCELLED:
            yield Finding(code=Code.ORDER_CANCELLED)
    if order.amount_returned_idr:
        yield Finding(code=Code.SURPLUS_RETURNS, facts={"amount_idr": order.amount_returned_idr})


def _told_of_refund(seen: SeenRefund) -> Finding:
    facts: dict[str, str | int] = {"amount_idr": seen.amount_idr, "at": _at(seen.ended_at or seen.asked_at)}
    return Finding(code=Code.REFUND_OVERDUE if seen.is_overdue else _REFUNDS[seen.state], facts=facts)


async def _within(asked: Awaitable[bool], patience_s: float) -> bool:
    try:
        async with asyncio.timeout(patience_s):
            return await asked
    except (Fault, TimeoutError):
        return False


def _at(moment: datetime) -> str:
    return moment.isoformat()
