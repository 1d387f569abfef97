"""How a message reaches a webhook: one door to addresses that strangers named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from bubuh.core.errors import Fault

TIMEOUT_S = 10.0  #: for everything, from looking up the name to the end of the answer


class NotDelivered(Fault):
    """Nobody answered, or not in a way that counts; `str` of it says how, without the address."""

    code = "webhook_not_delivered"


class Calls(Protocol):
    """Carries messages out."""

    async def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> int:
        """The answer's status, within TIMEOUT_S; raises `NotDelivered`. No redirect is followed."""
        ...
