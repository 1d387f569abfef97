"""What payments need of others: gateways below the adapters, and the orders that money is for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from bubuh.payments.bank_calls import BankAnswer, BankCall, BankService, BankVerdict, Bill
from bubuh.payments.model import (
    Charge,
    GatewayRefund,
    Method,
    Notice,
    Pace,
    ReceivedPayment,
    ReceivedReversal,
    SettleOutcome,
    WantedCharge,
    WantedRefund,
)
from bubuh.payments.refusals import GatewayUnknown


class Books(Protocol):
    """The orders that money is for. What these answer is committed, and to repeat them changes nothing."""

    async def settle(self, payments: Sequence[ReceivedPayment]) -> Sequence[SettleOutcome]:
        """Record payments and fill the orders they cover; one outcome a payment, in order."""
        ...

    async def reverse(self, reversal: ReceivedReversal) -> SettleOutcome:
        """Take back what a bank took back: `done`, `already_done`, `conflict` or `unknown`."""
        ...


class BankDesk(Protocol):
    """What a bank calls at ours about virtual accounts that we number, read and answered in its own words.

    Pure: no network, no database. `headers` by lower-case names, `raw` exactly as it came.
    """

    def give_token(self, raw: bytes, headers: Mapping[str, str], *, now: datetime) -> BankAnswer:
        """A token for the calls of the next minutes, or a refusal."""
        ...

    def read(self, service: BankService, raw: bytes, headers: Mapping[str, str], *, at: datetime) -> BankCall:
        """The call of `service` that came `at`.

        Raises:
            NoticeForged: no key valid then signed it, or it bears no token of ours.
            GatewayMisspoke: it is genuine and cannot be read.
        """
        ...

    def read_payment(self, raw: bytes, headers: Mapping[str, str], *, at: datetime) -> Notice:
        """The payment that came `at`, as the inbox reads it; raises as `read`."""
        ...

    def paid_in(self, raw: bytes) -> tuple[str, int]:
        """Account and rupiah of a payment that was genuine when it came; raises `GatewayMisspoke`."""
        ...

    def answer(self, service: BankService, verdict: BankVerdict, bill: Bill | None = None) -> BankAnswer:
        """`verdict` in the bank's words; `bill` is what the call was about, where it could be read."""
        ...


class Gateway(Protocol):
    """Collects money for us. Amounts are whole rupiah, moments are aware.

    Every call ends within the adapter's own time-out and raises `GatewayUnavailable`, a Fault, when its
    outcome is not known or not usable. All may be repeated: a reference stands for one charge, for ever.
    """

    @property
    def name(self) -> str:
        """As rows and addresses call it; it never changes."""
        ...

    @property
    def methods(self) -> frozenset[Method]:
        """How a buyer can pay here."""
        ...

    @property
    def pace(self) -> Pace:
        """How often it may be called. Its callers see to that, not the adapter."""
        ...

    @property
    def desk(self) -> BankDesk | None:
        """Where its bank asks us and pays us; None: it calls nothing but our inbox."""
        ...

    async def create(self, wanted: WantedCharge) -> Charge:
        """The charge for `wanted`: a new one, or the one its reference stands for, as it is now."""
        ...

    async def status(self, reference: str, method: Method = Method.QRIS, /) -> Charge | None:
        """The charge as it is now; None: the gateway has never heard of it. `method` is the one it has."""
        ...

    async def cancel(self, reference: str, method: Method = Method.QRIS, /) -> Charge | None:
        """Close the charge to payers if it is open; the charge as it then is, or None as `status`."""
        ...

    async def refund(self, wanted: WantedRefund) -> GatewayRefund:
        """Give money back: a new refund, or the one its `refund_no` stands for, as it is now.

        A gateway that says no for good answers `failed`. When it is not known what it did, the call raises,
        and the refund is asked about, or asked for once more, by the same number.
        """
        ...

    async def refund_status(self, wanted: WantedRefund) -> GatewayRefund | None:
        """The refund as it is now; None: it has never heard of it, and gave nothing back by it."""
        ...

    async def health(self) -> None:
        """Pass when it answers us as its customer; no money moves."""
        ...

    def verify_notice(self, raw: bytes, headers: Mapping[str, str], *, received_at: datetime) -> Notice:
        """The notice in `raw`, exactly as it came; `headers` by lower-case names. Pure: no network.

        What the gateway's bank signed for its desk is none: it is not taken until the desk has said so.

        Raises:
            NoticeForged: no key valid at `received_at` signed it then.
            GatewayMisspoke: it is genuine and cannot be read.
        """
        ...


Gateways = Mapping[str, Gateway]


def find_gateway(gateways: Gateways, name: str) -> Gateway:
    """The gateway of this name; raises `GatewayUnknown`, a Refusal."""
    if name not in gateways:
        raise GatewayUnknown(gateway=name)
    return gateways[name]
