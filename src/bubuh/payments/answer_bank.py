"""A bank asks what a virtual account is for, and pays it: judged by our rows, kept raw, credited by the job.

A payment that we do not take is the bank's to give back: it is answered so before money counts anywhere. A
payment's number is kept once, as taken or as refused: whoever says it again, anywhere, finds it so.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import structlog
from prometheus_client import Counter

from bubuh.db.pool import Database
from bubuh.payments import store
from bubuh.payments.bank_calls import BankAnswer, BankCall, BankService, BankVerdict, Bill
from bubuh.payments.find_accounts import find_accounts
from bubuh.payments.model import MAX_NOTICE_BYTES, Address, Attempt, AttemptState
from bubuh.payments.ports import BankDesk, Gateway
from bubuh.payments.refusals import GatewayMisspoke, GatewayUnknown, NoticeForged, NoticeTooLarge
from bubuh.payments.store import NewNotice
from bubuh.payments.take_notice import NoticeBatch, evidence, keep_notice, take_notice

_log = structlog.get_logger(__name__)
_ANSWERS = Counter("bubuh_bank_calls", "Calls of banks, by their answer", ["gateway", "service", "verdict"])


_REFUSAL: Final = "va_"
#: of the call, not of the payment in it, which the bank may tell once more
_OF_THE_CALL: Final = frozenset({BankVerdict.CONFLICT, BankVerdict.INCONSISTENT})


def desk_of(gateway: Gateway) -> BankDesk:
    """The gateway's desk for its bank; raises `GatewayUnknown`, a Refusal, where it has none."""
    if gateway.desk is None:
        raise GatewayUnknown(gateway=gateway.name)
    return gateway.desk


async def answer_inquiry(
    raw: bytes, headers: Mapping[str, str], *, gateway: Gateway, db: Database, now: datetime
) -> BankAnswer:
    """What the account is for, and how much; nothing changes by it."""
    service = BankService.INQUIRY
    read = _read(service, raw, headers, gateway=gateway, now=now)
    if not isinstance(read, BankCall):
        return _answer(gateway, service, read)
    judged = await _judge_inquiry(db, gateway, read)
    return _answer(gateway, service, judged.verdict, judged.bill)


async def answer_payment(
    raw: bytes,
    headers: Mapping[str, str],
    *,
    gateway: Gateway,
    db: Database,
    now: datetime,
    batch: NoticeBatch | None = None,
) -> BankAnswer:
    """Take the money's notice into the inbox, or say why not; on `done` it is on the disk.

    The same payment again gets the same answer, whatever became of its account meanwhile, taken or declined.

    Raises:
        NoticeTooLarge: over MAX_NOTICE_BYTES; nothing is kept.
    """
    service = BankService.PAYMENT
    if len(raw) > MAX_NOTICE_BYTES:
        raise NoticeTooLarge(size_bytes=len(raw), most_bytes=MAX_NOTICE_BYTES)
    read = _read(service, raw, headers, gateway=gateway, now=now)
    if read is BankVerdict.FORGED:
        with suppress(NoticeForged):  # which keeps it, and calls an operator
            await take_notice(
                raw, headers, gateway=gateway, db=db, now=now, batch=batch, address=Address.PAYMENT
            )
        return _answer(gateway, service, read)
    if not isinstance(read, BankCall):
        await keep_notice(_notice(raw, headers, gateway, read, None), db=db, batch=batch)
        return _answer(gateway, service, read)
    judged = await _judge_payment(db, gateway, read)
    if not await keep_notice(_notice(raw, headers, gateway, judged.verdict, read), db=db, batch=batch):
        judged = await _judge_payment(db, gateway, read)  # its number was kept, perhaps in this moment
    return _answer(gateway, service, judged.verdict, judged.bill)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    verdict: BankVerdict
    bill: Bill


def _read(
    service: BankService, raw: bytes, headers: Mapping[str, str], *, gateway: Gateway, now: datetime
) -> BankCall | BankVerdict:
    try:
        return desk_of(gateway).read(service, raw, headers, at=now)
    except NoticeForged as refusal:
        _log.warning("bank_call_forged", gateway=gateway.name, service=str(service), why=str(refusal))
        return BankVerdict.FORGED
    except GatewayMisspoke as fault:
        _log.warning("bank_call_unreadable", gateway=gateway.name, service=str(service), why=str(fault))
        return BankVerdict.UNREADABLE


async def _judge_inquiry(db: Database, gateway: Gateway, call: BankCall) -> _Judged:
    if not await _is_new(db, gateway, call):
        return _Judged(verdict=BankVerdict.CONFLICT, bill=Bill(call=call, amount_idr=None))
    return _judge(call, await _find(db, gateway, call))


async def _judge_payment(db: Database, gateway: Gateway, call: BankCall) -> _Judged:
    """As an inquiry; but what was taken or declined once is so for ever, whatever its account is by now."""
    assert call.event_id is not None, "a payment has one"
    attempt = await _find(db, gateway, call)
    bill = Bill(call=call, amount_idr=None if attempt is None else attempt.amount_idr)
    if not await _is_new(db, gateway, call):
        return _Judged(verdict=BankVerdict.CONFLICT, bill=bill)
    before = await store.find_notice(db, gateway=gateway.name, event_id=call.event_id)
    if before is None:
        return _judge(call, attempt)
    if desk_of(gateway).paid_in(before.body) != (call.account_no, call.amount_idr):
        return _Judged(verdict=BankVerdict.INCONSISTENT, bill=bill)
    return _Judged(verdict=_declined_with(before.refusal) or BankVerdict.DONE, bill=bill)


def _judge(call: BankCall, attempt: Attempt | None) -> _Judged:
    """What our rows say of the account, in this order."""
    if attempt is None:
        return _Judged(verdict=BankVerdict.NOT_FOUND, bill=Bill(call=call, amount_idr=None))
    verdict = BankVerdict.DONE
    if attempt.state is AttemptState.PAID:
        verdict = BankVerdict.PAID
    elif attempt.is_over or attempt.state is AttemptState.CLOSED:
        verdict = BankVerdict.EXPIRED
    elif call.amount_idr not in {None, attempt.amount_idr}:
        verdict = BankVerdict.OTHER_AMOUNT
    return _Judged(verdict=verdict, bill=Bill(call=call, amount_idr=attempt.amount_idr))


async def _is_new(db: Database, gateway: Gateway, call: BankCall) -> bool:
    """Whether the call's number is free that day, or stands for this very request."""
    return await store.note_bank_call(
        db,
        gateway=gateway.name,
        day=call.day,
        external_no=call.external_no,
        request_sha256=call.request_sha256,
    )


async def _find(db: Database, gateway: Gateway, call: BankCall) -> Attempt | None:
    name = (gateway.name, call.account_no)
    return (await find_accounts(db, [name])).get(name)


def _notice(
    raw: bytes, headers: Mapping[str, str], gateway: Gateway, verdict: BankVerdict, call: BankCall | None
) -> NewNotice:
    """The payment as it is kept: by its number, taken or declined; by its hash if the call is wrong."""
    refusal = f"{_REFUSAL}{verdict}"
    notice = evidence(
        "declined", raw, headers, gateway=gateway.name, address=Address.PAYMENT, refusal=refusal
    )
    if call is None or call.event_id is None or verdict in _OF_THE_CALL:
        return notice
    return replace(notice, event_id=call.event_id, refusal=None if verdict is BankVerdict.DONE else refusal)


def _declined_with(refusal: str | None) -> BankVerdict | None:
    """The verdict of a payment that is kept as refused by us; None: it was taken."""
    is_ours = refusal is not None and refusal.startswith(_REFUSAL)
    return BankVerdict(refusal.removeprefix(_REFUSAL)) if refusal is not None and is_ours else None


def _answer(
    gateway: Gateway, service: BankService, verdict: BankVerdict, bill: Bill | None = None
) -> BankAnswer:
    _ANSWERS.labels(gateway.name, str(service), str(verdict)).inc()
    return desk_of(gateway).answer(service, verdict, bill)
