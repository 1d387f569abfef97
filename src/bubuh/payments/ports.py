"""What payments need of others: gateways below the adapters, and the orders that money is for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from bubuh.payments.model import Charge, Notice, ReceivedPayment, SettleOutcome, WantedCharge
from bubuh.payments.refusals import GatewayUnknown

#: records payments and fills the orders they cover, committed; one outcome a payment, in order; repeatable
Settle = Callable[[Sequence[ReceivedPayment]], Awaitable[Sequence[SettleOutcome]]]


class Gateway(Protocol):
    """Collects money for us. Amounts are whole rupiah, moments are aware.

    Every call ends within the adapter's own time-out and raises `GatewayUnavailable`, a Fault, when its
    outcome is not known or not usable. All may be repeated: a reference stands for one charge, for ever.
    """

    @property
    def name(self) -> str:
        """As rows and addresses call it; it never changes."""
        ...

    async def create(self, wanted: WantedCharge) -> Charge:
        """The charge for `wanted`: a new one, or the one its reference stands for, as it is now."""
        ...

    async def status(self, reference: str) -> Charge | None:
        """The charge as it is now; None: the gateway has never heard of it."""
        ...

    async def cancel(self, reference: str) -> Charge | None:
        """Close the charge to payers if it is open; the charge as it then is, or None as `status`."""
        ...

    def verify_notice(self, raw: bytes, headers: Mapping[str, str], *, received_at: datetime) -> Notice:
        """The notice in `raw`, exactly as it came; `headers` by lower-case names. Pure: no network.

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
