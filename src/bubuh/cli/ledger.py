"""A service's public ledger, asked over HTTP: what `bubuh verify --url` holds documents against."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final, Self

import httpx
import msgspec

from bubuh.cli.client import ServiceUnreachable
from bubuh.stamping.refusals import SerialUnknown
from bubuh.verification.model import SerialFacts

_TIMEOUT_S: Final = 30.0
_MOST_WAITS: Final = 60  #: a service that holds us back longer than so many times is not to be had


class _Answer(msgspec.Struct, frozen=True):
    serial: str
    affixed_at: datetime
    digest: str
    content_unseen: bool = False


class HttpLedger:
    """`verification.ports.Ledger` at a service's address. Waits when it is told to come slower."""

    def __init__(self, url: str) -> None:
        """Nothing is asked yet."""
        self._http = httpx.AsyncClient(base_url=url, timeout=_TIMEOUT_S)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def look_up(self, serial_no: str) -> SerialFacts:
        """See `Ledger.look_up`; raises `SerialUnknown`, `ServiceUnreachable`."""
        for _ in range(_MOST_WAITS):
            answer = await self._ask(serial_no)
            if answer.status_code == httpx.codes.NOT_FOUND:
                raise SerialUnknown
            if answer.is_success:
                found = msgspec.json.decode(answer.content, type=_Answer)
                return SerialFacts(
                    serial_no=found.serial,
                    affixed_at=found.affixed_at,
                    digest=bytes.fromhex(found.digest),
                    content_unseen=found.content_unseen,
                )
            if answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
                break
            await asyncio.sleep(float(answer.headers.get("Retry-After", "1")))
        raise ServiceUnreachable(f"the ledger answers {answer.status_code}")

    async def _ask(self, serial_no: str) -> httpx.Response:
        try:
            return await self._http.get(f"/v1/serials/{serial_no}")
        except httpx.HTTPError as error:
            raise ServiceUnreachable(f"{self._http.base_url}: {error}") from error
