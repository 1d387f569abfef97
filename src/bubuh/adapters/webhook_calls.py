"""The one door to addresses that strangers named: webhooks, over HTTP.

Each call looks the name up anew, looks at every address that it has, and connects to what it has looked at:
a name that changes between look and call leads nowhere else. Nothing is kept from one call to the next.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from bubuh.adapters.http_calls import AnswerTooLong, HttpCalls, NotAnswered
from bubuh.webhooks.addresses import may_call
from bubuh.webhooks.ports import TIMEOUT_S, NotDelivered

MOST_ANSWER_BYTES: Final = 65_536
_MOST_LOOKUPS: Final = 32

Lookup = Callable[[str, int], Awaitable[Sequence[str]]]


class WebhookCalls:
    """See `bubuh.webhooks.ports.Calls`."""

    def __init__(
        self,
        *,
        may_be_here: bool,
        tls: ssl.SSLContext | None = None,
        lookup: Lookup | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """`may_be_here`: this machine may be called, as in development.

        `tls`: None: the system's certificates, read when first wanted; `lookup`: None: the system's.
        """
        self._may_be_here = may_be_here
        self._tls = tls
        self._lookup = lookup or SystemLookup()
        self._timeout_s = timeout_s

    async def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> int:
        """See `Calls.post`. An answer longer than MOST_ANSWER_BYTES does not count."""
        if self._tls is None:
            self._tls = ssl.create_default_context()
        calls = HttpCalls(tls=self._tls, reach=self._reach)
        try:
            answer = await calls.send(
                "POST",
                url,
                body=body,
                headers={"connection": "close", **headers},
                timeout_s=self._timeout_s,
                most_bytes=MOST_ANSWER_BYTES,
            )
        except NotAnswered as error:
            raise NotDelivered("address_refused" if _is_refusal(error) else "no_answer") from None
        except AnswerTooLong:
            raise NotDelivered("answer_too_long") from None
        finally:
            calls.close()
        return answer.status

    async def _reach(self, scheme: str, host: str, port: int) -> Sequence[str]:
        addresses = await self._lookup(host, port)
        if not may_call(scheme, addresses, may_be_here=self._may_be_here):
            raise AddressRefused
        return addresses


class AddressRefused(OSError):
    """The name leads where no stranger may lead us."""


class SystemLookup:
    """The system's resolver, on threads of its own: names that hang hold up nothing else."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_MOST_LOOKUPS, thread_name_prefix="webhook-lookup")

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """All addresses of a name, in the system's order; raises OSError."""
        found = await asyncio.get_running_loop().run_in_executor(self._threads, _look_up, host, port)
        return list(dict.fromkeys(found))


def _look_up(host: str, port: int) -> list[str]:
    told = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return [str(address[0]) for *_, address in told]


def _is_refusal(error: NotAnswered) -> bool:
    return isinstance(error.__cause__, AddressRefused)
