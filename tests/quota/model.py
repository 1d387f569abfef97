"""The oracle: what the money functions should do, told again in plain Python, one request after the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.orders.model import OrderState
from bubuh.payments.model import SettleOutcome
from bubuh.quota.model import (
    Balance,
    Leg,
    Outcome,
    OwnShare,
    ShareOutcome,
    Sink,
    WantedAllotment,
    WantedEnd,
    WantedHold,
    WantedLeg,
)
from bubuh.quota.moves import MOVES, HoldState

PRICE_IDR = 10_000

Key = tuple[AccountId, UUID]


@dataclass
class Purse:
    """One account's buckets. `paid_back`, `sent` and `lent` are what left them for good."""

    free: int = 0
    held: int = 0
    used: int = 0
    in_transit: int = 0
    frozen: bool = False
    exists: bool = False  #: whether a balance row was made
    allotted: int = 0
    received: int = 0
    paid_back: int = 0
    sent: int = 0
    lent: int = 0  #: what children used of it
    #: of a child, which has nothing of its own
    parent: AccountId | None = None
    limit: int = 0
    closed: bool = False

    @property
    def room(self) -> int:
        """What a child's limit leaves."""
        return 0 if self.closed else self.limit - self.held - self.used


@dataclass
class Hold:
    stamps: int
    state: HoldState = HoldState.HELD
    is_childs: bool = False  #: the parent's side of what a child holds


@dataclass
class Order:
    """A wish to buy; `payments` by the gateway's own numbers."""

    stamps: int
    is_due: bool  #: its time is over already
    state: OrderState = OrderState.PLACED
    payments: dict[int, int] = field(default_factory=dict)

    @property
    def paid_idr(self) -> int:
        return sum(self.payments.values())


@dataclass
class Books:
    """All accounts, as they should be."""

    purses: dict[AccountId, Purse] = field(default_factory=lambda: defaultdict(Purse))
    holds: dict[Key, Hold] = field(default_factory=dict)
    allotments: dict[Key, int] = field(default_factory=dict)
    orders: dict[Key, Order] = field(default_factory=dict)
    legs: dict[tuple[Leg, AccountId, UUID], tuple[AccountId, int]] = field(default_factory=dict)

    def allot(self, wanted: WantedAllotment) -> Outcome:
        purse, key = self.purses[wanted.account_id], (wanted.account_id, wanted.ref)
        purse.exists = True
        if key in self.allotments:
            return _again(self.allotments[key] == wanted.stamps)
        self.allotments[key] = wanted.stamps
        purse.free += wanted.stamps
        purse.allotted += wanted.stamps
        return Outcome.DONE

    def hold_n(self, wanted: Sequence[WantedHold]) -> list[Outcome]:
        """A batch: those of no child first, then child by child of each parent, each in the batch's order."""
        turns = sorted(range(len(wanted)), key=lambda turn: self._turn(wanted[turn].account_id))
        outcomes = {turn: self.hold(wanted[turn]) for turn in turns}
        return [outcomes[turn] for turn in range(len(wanted))]

    def hold(self, wanted: WantedHold) -> Outcome:
        purse, key = self.purses[wanted.account_id], (wanted.account_id, wanted.id)
        payer = self.payer(wanted.account_id)
        if key in self.holds:
            hold = self.holds[key]
            return _again(hold.stamps == wanted.stamps and not hold.is_childs)
        if purse.parent is not None and (purse.parent, wanted.id) in self.holds:
            return Outcome.CONFLICT
        if purse.frozen or payer.frozen:
            return Outcome.FROZEN
        if self.left(wanted.account_id) < wanted.stamps:
            return Outcome.EXHAUSTED
        self.holds[key] = Hold(wanted.stamps)
        payer.free -= wanted.stamps
        payer.held += wanted.stamps
        if purse.parent is not None:
            self.holds[purse.parent, wanted.id] = Hold(wanted.stamps, is_childs=True)
            purse.held += wanted.stamps
        return Outcome.DONE

    def capture(self, wanted: WantedEnd, sink: Sink) -> Outcome:
        outcome, stamps = self._end(wanted, HoldState.CAPTURED)
        purse = self.purses[wanted.account_id]
        if sink is Sink.USED:
            purse.used += stamps
        else:
            purse.paid_back += stamps
        if purse.parent is not None:
            self.purses[purse.parent].lent += stamps
        return outcome

    def release(self, wanted: WantedEnd) -> Outcome:
        outcome, stamps = self._end(wanted, HoldState.RELEASED)
        self.payer(wanted.account_id).free += stamps
        return outcome

    def share(self, child: AccountId, *, parent: AccountId, limit: int) -> None:
        self.purses[parent].exists = True
        self.purses[child] = Purse(parent=parent, limit=limit, exists=True)

    def change_share(self, child: AccountId, *, limit: int, closed: bool) -> ShareOutcome:
        purse = self.purses[child]
        if limit < purse.held + purse.used:
            return ShareOutcome.LOW
        same = (purse.limit, purse.closed) == (limit, closed)
        purse.limit, purse.closed = limit, closed
        return ShareOutcome.ALREADY_DONE if same else ShareOutcome.DONE

    def payer(self, account_id: AccountId) -> Purse:
        """Whose stamps the account uses: its parent's, or its own."""
        purse = self.purses[account_id]
        return purse if purse.parent is None else self.purses[purse.parent]

    def left(self, account_id: AccountId) -> int:
        """What the account may hold now."""
        purse, payer = self.purses[account_id], self.payer(account_id)
        return payer.free if purse.parent is None else min(payer.free, purse.room)

    def balance(self, account_id: AccountId) -> Balance:
        purse = self.purses[account_id]
        share = None
        if purse.parent is not None:
            share = OwnShare(parent_id=purse.parent, limit=purse.limit, closed=purse.closed)
        return Balance(
            free=self.left(account_id),
            held=purse.held,
            used=purse.used,
            in_transit=purse.in_transit,
            frozen=purse.frozen or self.payer(account_id).frozen,
            share=share,
        )

    def leg(self, leg: Leg, wanted: WantedLeg) -> Outcome:
        purse = self.purses[wanted.account_id]
        purse.exists = True
        key, what = (leg, wanted.account_id, wanted.ref), (wanted.counter_account_id, wanted.stamps)
        if key in self.legs:
            return _again(self.legs[key] == what)
        if (refusal := self._refuse_leg(leg, wanted, purse)) is not None:
            return refusal
        self.legs[key] = what
        match leg:
            case Leg.OUT:
                purse.free -= wanted.stamps
                purse.in_transit += wanted.stamps
            case Leg.IN:
                purse.free += wanted.stamps
                purse.received += wanted.stamps
            case Leg.ACK:
                purse.in_transit -= wanted.stamps
                purse.sent += wanted.stamps
        return Outcome.DONE

    def place(self, key: Key, stamps: int, *, is_due: bool) -> str:
        if key in self.orders:
            return str(_again(self.orders[key].stamps == stamps))
        self.orders[key] = Order(stamps, is_due)
        return str(Outcome.DONE)

    def settle(self, key: Key, payment_no: int, amount_idr: int) -> SettleOutcome:
        order = self.orders.get(key)
        if order is None:
            return SettleOutcome.UNKNOWN
        is_filled = order.state is OrderState.FILLED
        if payment_no in order.payments:
            if order.payments[payment_no] != amount_idr:
                return SettleOutcome.CONFLICT
            return SettleOutcome.ALREADY_DONE if is_filled else SettleOutcome.UNDERPAID
        order.payments[payment_no] = amount_idr
        if is_filled:
            return SettleOutcome.SURPLUS
        if order.paid_idr < order.stamps * PRICE_IDR:
            return SettleOutcome.UNDERPAID
        order.state = OrderState.FILLED
        purse = self.purses[key[0]]
        purse.exists = True
        purse.free += order.stamps
        purse.allotted += order.stamps
        return SettleOutcome.DONE

    def expire(self, accounts: Collection[AccountId]) -> set[UUID]:
        """The orders of `accounts` that expire now. Money may still come."""
        due = {
            order_id: order
            for (account_id, order_id), order in self.orders.items()
            if account_id in accounts and order.is_due and order.state is OrderState.PLACED
        }
        for order in due.values():
            order.state = OrderState.EXPIRED
        return set(due)

    def freeze(self, account_id: AccountId, *, frozen: bool) -> None:
        if self.purses[account_id].exists:
            self.purses[account_id].frozen = frozen

    def sent(self) -> Iterator[WantedLeg]:
        """The out legs of all transfers that were sent."""
        for (leg, account_id, ref), (counter, stamps) in self.legs.items():
            if leg is Leg.OUT:
                yield WantedLeg(
                    ref=ref, account_id=account_id, counter_account_id=counter, stamps=stamps, actor="m"
                )

    def _refuse_leg(self, leg: Leg, wanted: WantedLeg, purse: Purse) -> Outcome | None:
        if leg is Leg.OUT and purse.frozen:
            return Outcome.FROZEN
        if leg is Leg.OUT and purse.free < wanted.stamps:
            return Outcome.EXHAUSTED
        if leg is Leg.ACK:
            out = self.legs.get((Leg.OUT, wanted.account_id, wanted.ref))
            if out is None:
                return Outcome.UNKNOWN
            if out != (wanted.counter_account_id, wanted.stamps):
                return Outcome.CONFLICT
        return None

    def _end(self, wanted: WantedEnd, state: HoldState) -> tuple[Outcome, int]:
        hold = self.holds.get((wanted.account_id, wanted.id))
        if hold is None or hold.is_childs:
            return Outcome.UNKNOWN, 0
        if state not in MOVES[hold.state]:
            return _again(hold.state is state), 0
        hold.state = state
        self.purses[wanted.account_id].held -= hold.stamps
        parent = self.purses[wanted.account_id].parent
        if parent is not None:
            self.holds[parent, wanted.id].state = state
            self.purses[parent].held -= hold.stamps
        return Outcome.DONE, hold.stamps

    def _turn(self, account_id: AccountId) -> tuple[AccountId, AccountId]:
        parent = self.purses[account_id].parent
        return (AccountId(0), AccountId(0)) if parent is None else (parent, account_id)


def _again(same: bool) -> Outcome:  # noqa: FBT001 - one question, one answer
    return Outcome.ALREADY_DONE if same else Outcome.CONFLICT
