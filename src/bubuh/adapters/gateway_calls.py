"""HTTP to a payment gateway: one call with a time-out and a limit, and what comes back decoded or refused.

Nothing is tried again here. A call whose outcome is not known is followed by a question about its reference,
at the pace of the gateway; two places that retry would be two paces.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from http import HTTPStatus
from typing import Final, TypeVar

import msgspec

from bubuh.adapters.http_calls import AnswerTooLong, HttpCalls, NotAnswered
from bubuh.core.noughts import has_nought
from bubuh.payments.refusals import GatewayMisspoke, GatewayUnavailable

TIMEOUT_S: Final = 3.0
MOST_BYTES: Final = 262_144
WIB: Final = timezone(timedelta(hours=7))  #: the time of Jakarta, which these gateways tell without saying so

_Shape = TypeVar("_Shape")


class GatewayCalls:
    """Connections to one gateway. `address` is asked each time: it may come back elsewhere."""

    def __init__(self, address: str | Callable[[], str], *, timeout_s: float = TIMEOUT_S) -> None:
        self.address: Callable[[], str] = address if callable(address) else lambda: address
        self._timeout_s = timeout_s
        self._calls = HttpCalls()

    async def close(self) -> None:
        """Let go of the connections."""
        self._calls.close()

    async def send(
        self, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        """Status and body of the answer, at most MOST_BYTES of it.

        Raises:
            GatewayUnavailable: no answer, half of one, or one that says "not now" (429, 5xx).
            GatewayMisspoke: an answer without end.
        """
        url = self.address() + path
        try:
            answer = await self._calls.send(
                method, url, body=body, headers=headers, timeout_s=self._timeout_s, most_bytes=MOST_BYTES
            )
        except NotAnswered as error:
            raise GatewayUnavailable(f"{method} {path}: {error}") from error
        except AnswerTooLong as error:
            raise GatewayMisspoke(f"{method} {path}: {error}") from error
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            raise GatewayUnavailable(f"{method} {path}: {answer.status}")
        return answer.status, answer.body


def read_json(answer: bytes, shape: type[_Shape], call: str) -> _Shape:
    """`answer` as `shape`; raises `GatewayMisspoke`, naming the `call`."""
    try:
        said = msgspec.json.decode(answer, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise GatewayMisspoke(f"{call}: {error}") from error
    if has_nought(answer):
        raise GatewayMisspoke(f"{call}: text with U+0000 in it")
    return said


def whole_units(amount: str) -> int:
    """An amount written with decimals, as whole units; what is less than one is cut off.

    Raises:
        GatewayMisspoke: it is no such amount.
    """
    whole, _, fraction = amount.partition(".")
    if not (whole.isascii() and whole.isdecimal()) or len(whole) > 15 or not (fraction + "0").isdecimal():
        raise GatewayMisspoke(f"{amount[:40]!r} is no amount")
    return int(whole)


def jakarta_time(text: str) -> datetime:
    """`2026-11-22 15:04:05`, told in the time of Jakarta; raises `GatewayMisspoke`."""
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=WIB)
    except ValueError as error:
        raise GatewayMisspoke(f"{text[:40]!r} is no time") from error
