"""The signer process behind its unix socket: one connection, one question at a time on it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Final

from bubuh.stamping import wire
from bubuh.stamping.model import Lease
from bubuh.stamping.refusals import LeaseLost, SignerUnavailable

TIMEOUT_S: Final = 10.0


class SignerClient:
    """`stamping.ports.Signer` over the socket at `path`; connects when first asked, and again when cut."""

    def __init__(self, path: Path, *, timeout_s: float = TIMEOUT_S) -> None:
        """Nothing is opened yet."""
        self._path = path
        self._timeout_s = timeout_s
        self._turn = asyncio.Lock()
        self._line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def seal(self, lease: Lease) -> bytes:
        """See `stamping.ports.Signer.seal`."""
        wanted = wire.Wanted(lease.account_id, lease.stamp_id, lease.fence)
        answer = await self._ask(wire.SealRequest([wanted]))
        match answer:
            case wire.Sealed([bytes() as signature]):
                return signature
            case wire.Sealed([None]):
                raise LeaseLost
            case wire.Unwell(code):
                raise SignerUnavailable(code)
        raise SignerUnavailable(f"the signer answered {type(answer).__name__}")

    async def is_well(self) -> bool:
        """See `stamping.ports.Signer.is_well`."""
        try:
            return isinstance(await self._ask(wire.Health()), wire.Well)
        except SignerUnavailable:
            return False

    async def close(self) -> None:
        """Hang up; the next question connects anew."""
        if self._line is not None:
            _, writer = self._line
            self._line = None
            writer.close()
            with suppress(OSError):  # the other side may be gone already, and that is what we want
                await writer.wait_closed()

    async def _ask(self, request: wire.Request) -> wire.Answer:
        async with self._turn:
            try:
                async with asyncio.timeout(self._timeout_s):
                    if self._line is None:
                        self._line = await asyncio.open_unix_connection(self._path)
                    reader, writer = self._line
                    await wire.write(writer, request)
                    return await wire.read_answer(reader)
            except (OSError, TimeoutError, wire.BrokenLine) as error:
                await self.close()
                raise SignerUnavailable(f"{type(error).__name__}: {error}") from error
            except asyncio.CancelledError:
                await self.close()  # an answer that comes too late must not meet the next question
                raise
