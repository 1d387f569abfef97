"""The job behind the inbox: believe what is signed, credit what it says, and leave nothing in limbo."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import structlog

from bubuh.core.shards import Shard
from bubuh.db.pool import Database
from bubuh.payments import store
from bubuh.payments.find_accounts import find_accounts
from bubuh.payments.lines import Kind, Unmatched
from bubuh.payments.model import (
    IDR,
    Address,
    Attempt,
    Charge,
    SettleOutcome,
    Word,
    account_no_of,
    account_reference,
    shard_of_reference,
)
from bubuh.payments.ports import Books, Gateways
from bubuh.payments.refusals import GatewayMisspoke, NoticeForged
from bubuh.payments.store import KeptNotice, NoticeEnd
from bubuh.payments.take_in import take_in_apart
from bubuh.payments.take_notice import read_at
from bubuh.payments.unmatched import list_unmatched

_log = structlog.get_logger(__name__)

MOST_NOTICES: Final = 200  #: in one pass
MOST_SHOWN: Final = 100  #: letters of somebody else's reference

_Told = tuple[KeptNotice, Charge]


async def process_notices(
    db: Database, gateways: Gateways, books: Books, *, at_most: int = MOST_NOTICES
) -> int:
    """Process the notices that wait, at most `at_most`; how many there were.

    Each signature is checked again, as of the moment its notice came. A crash anywhere leaves the notice
    waiting, and its money counts once. A notice for an order nobody knows waits a day (its order may not be
    committed yet), then it is `unmatched`; on the unmatched list it stands from the first. So does one that
    could not be booked, for a fault of ours: it is tried again, and goes from the list once it is.
    """
    notices = await store.lease_notices_n(db, at_most=at_most)
    ends, told = _read(notices, gateways)
    attempts = await _match(db, [(notice.gateway, charge.reference) for notice, charge in told])
    ours = [pair for pair in told if _name(pair) in attempts]
    words = [Word(attempt=attempts[_name(pair)], charge=pair[1]) for pair in ours]
    outcomes = await take_in_apart(db, words, books)
    ends += [
        NoticeEnd(notice=notice, state=_state_after(outcome, notice), outcome=outcome)
        for (notice, _), outcome in zip(ours, outcomes, strict=True)
        if outcome is not None
    ]
    strange = [pair for pair in told if _name(pair) not in attempts]
    ends += [_strange(*pair) for pair in strange]
    failed = [
        _unbooked(notice, word)
        for (notice, _), word, outcome in zip(ours, words, outcomes, strict=True)
        if outcome is None
    ]
    unread = [_unread(end) for end in ends if _is_unread(end)]
    await list_unmatched(db, [*map(_stranger, strange), *unread, *failed])
    again = [
        line
        for pair, word, outcome in zip(ours, words, outcomes, strict=True)
        if pair[0].tries > 1 and outcome is not None
        for line in (_stranger(pair), _unbooked(pair[0], word))
    ]
    await store.match_lines(db, again)
    await store.end_notices_n(db, ends)
    return len(notices)


def _read(notices: Sequence[KeptNotice], gateways: Gateways) -> tuple[list[NoticeEnd], list[_Told]]:
    """Which notices end here, and what the others say. What a gateway we left out told waits."""
    ends: list[NoticeEnd] = []
    told: list[_Told] = []
    for notice in notices:
        gateway = gateways.get(notice.gateway)
        if gateway is None or (notice.address is Address.PAYMENT and gateway.desk is None):
            continue
        try:
            read = read_at(
                gateway, notice.address, notice.body, notice.headers, received_at=notice.received_at
            )
        except NoticeForged as refusal:
            ends.append(NoticeEnd(notice=notice, state="refused", outcome=refusal.code))
        except GatewayMisspoke as fault:
            _log.error("notice_unreadable", gateway=notice.gateway, event_no=notice.event_id)
            ends.append(NoticeEnd(notice=notice, state="unmatched", outcome=fault.code))
        else:
            told.append((notice, read.charge))
    return ends, told


def _name(pair: _Told) -> tuple[str, str]:
    return pair[0].gateway, pair[1].reference


async def _match(db: Database, names: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Attempt]:
    """The attempts that (gateway, reference) stand for, looked up a shard at a time."""
    numbered = [(gateway, account_no_of(reference)) for gateway, reference in names]
    accounts = await find_accounts(db, [(gateway, no) for gateway, no in numbered if no is not None])
    by_shard: dict[Shard, set[tuple[str, str]]] = defaultdict(set)
    for name in names:
        shard = shard_of_reference(name[1])
        if shard is not None and account_no_of(name[1]) is None:
            by_shard[shard].add(name)
    found = await store.match_attempts(db, {shard: sorted(group) for shard, group in by_shard.items()})
    by_number = {(gateway, account_reference(no)): attempt for (gateway, no), attempt in accounts.items()}
    return by_number | {(attempt.gateway, attempt.reference): attempt for attempt in found}


def _strange(notice: KeptNotice, charge: Charge) -> NoticeEnd:
    """A genuine notice of something we do not know: perhaps not yet."""
    if shard_of_reference(charge.reference) is None:
        return NoticeEnd(notice=notice, state="unmatched", outcome="foreign_reference")
    return NoticeEnd(
        notice=notice, state="unmatched" if notice.is_old else "waiting", outcome="unknown_order"
    )


def _stranger(told: _Told) -> Unmatched:
    """A notice of what we do not know, as it stands on the list; the same line whenever it is read."""
    notice, charge = told
    is_ours = shard_of_reference(charge.reference) is not None
    return Unmatched(
        kind=Kind.UNKNOWN_ORDER if is_ours else Kind.FOREIGN_REFERENCE,
        gateway=notice.gateway,
        subject=notice.event_id,
        why="a genuine notice of an order that is not here"
        if is_ours
        else "a genuine notice of somebody else's",
        suggestion="ask the gateway whose money it is, and have it given back",
        reference=charge.reference[:MOST_SHOWN],
        amount=sum(payment.amount for payment in charge.payments) or None,
        currency=next((payment.currency for payment in charge.payments), IDR),
    )


def _is_unread(end: NoticeEnd) -> bool:
    return end.outcome == GatewayMisspoke.code


def _unread(end: NoticeEnd) -> Unmatched:
    return Unmatched(
        kind=Kind.UNREADABLE,
        gateway=end.notice.gateway,
        subject=end.notice.event_id,
        why="a genuine notice that cannot be read",
        suggestion="read it in payment_notices, and ask the gateway about its payment",
    )


def _unbooked(notice: KeptNotice, word: Word) -> Unmatched:
    return Unmatched(
        kind=Kind.UNREADABLE,
        gateway=notice.gateway,
        subject=notice.event_id,
        why="a genuine notice of ours that could not be booked",
        suggestion="read the worker's log for this reference; it is tried again every five minutes",
        account_id=word.attempt.account_id,
        order_id=word.attempt.order_id,
        reference=word.attempt.reference,
    )


def _state_after(outcome: str, notice: KeptNotice) -> str:
    """Money that contradicts what was told before is for people to look at; all else is booked.

    A reversal of a payment that nobody told of waits a day for it: words come in any order.
    """
    if outcome == SettleOutcome.UNKNOWN and not notice.is_old:
        return "waiting"
    return "unmatched" if outcome in {SettleOutcome.CONFLICT, SettleOutcome.UNKNOWN} else "done"
