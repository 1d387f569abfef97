"""A time-stamping authority behind stamping's `TimestampAuthority` port: RFC 3161 over HTTP (clause 3.4)."""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import urlsplit

import httpx

from bubuh.core.clock import Clock, utc_now
from bubuh.pdf.seal.time_stamp import NONCE_BYTES, TokenNotBelieved, read_answer, request
from bubuh.stamping.refusals import TimeStampFailed

QUERY: Final = "application/timestamp-query"
REPLY: Final = "application/timestamp-reply"
DEADLINE_S: Final = 5.0  #: for a whole answer, connecting included
MOST_ANSWER_BYTES: Final = 32_768
_TRUST_NOBODY: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  #: plain http: no store is read


class Rfc3161Authority:
    """Asks one authority. Everything it answers is checked: nothing rests on the line to it."""

    def __init__(
        self,
        url: str,
        roots: Sequence[bytes],
        *,
        deadline_s: float = DEADLINE_S,
        clock: Clock = utc_now,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """`roots` (DER) are whom we believe; a user name and password in `url` are sent to the authority."""
        self._url = url
        self._roots = tuple(roots)
        self._deadline_s = deadline_s
        self._clock = clock
        self._random_bytes = random_bytes
        verify: ssl.SSLContext | bool = True if urlsplit(url).scheme == "https" else _TRUST_NOBODY
        self._client = httpx.AsyncClient(timeout=deadline_s, trust_env=False, verify=verify)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    async def stamp(self, message: bytes) -> bytes:
        """See `TimestampAuthority.stamp`."""
        nonce, asked_at = self._random_bytes(NONCE_BYTES), self._clock()
        try:
            async with asyncio.timeout(self._deadline_s):
                answer = await self._ask(request(message, nonce))
        except (TimeoutError, httpx.TimeoutException) as error:
            raise TimeStampFailed("late", f"no answer in {self._deadline_s} s") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise TimeStampFailed("unreachable", type(error).__name__) from error
        try:
            return read_answer(
                answer, message, nonce, roots=self._roots, asked_at=asked_at, now=self._clock()
            )
        except TokenNotBelieved as error:
            raise TimeStampFailed(error.flaw, str(error)) from error

    async def _ask(self, query: bytes) -> bytes:
        """The body of a good HTTP answer, at most MOST_ANSWER_BYTES of it."""
        headers = {"Content-Type": QUERY, "Accept": REPLY}
        answer = bytearray()
        async with self._client.stream("POST", self._url, content=query, headers=headers) as response:
            if response.status_code != httpx.codes.OK:
                raise TimeStampFailed("bad_status", str(response.status_code))
            if response.headers.get("Content-Type", "").partition(";")[0].strip().lower() != REPLY:
                raise TimeStampFailed("bad_content_type")
            async for part in response.aiter_raw():
                answer += part
                if len(answer) > MOST_ANSWER_BYTES:
                    raise TimeStampFailed("too_large", f"more than {MOST_ANSWER_BYTES} bytes")
        return bytes(answer)
