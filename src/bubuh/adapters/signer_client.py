"""The signer process behind its unix socket: one connection, one question at a time on it.

Whoever asks while a question is under way is in the next one, with all others who did.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from bubuh.core.shards import Shard
from bubuh.db.self_clocked import SelfClocked
from bubuh.stamping import wire
from bubuh.stamping.model import Lease
from bubuh.stamping.refusals import LeaseLost, SignerUnavailable

TIMEOUT_S: Final = 10.0
_ONE_QUEUE: Final = Shard(0)  #: the signer takes stamps of all shards in one question


class SignerClient:
    """`stamping.ports.Signer` over the socket at `path`; connects when first asked, and again when cut."""

    def __init__(self, path: Path, *, timeout_s: float = TIMEOUT_S) -> None:
        """Nothing is opened yet."""
        self._path = path
        self._timeout_s = timeout_s
        self._turn = asyncio.Lock()
        self._line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._seals = SelfClocked(
            self._seal_n, name="seal", key=lambda lease: lease.stamp_id, lanes=1, most=wire.MOST_SEALS
        )

    async def seal(self, lease: Lease) -> bytes:
        """See `stamping.ports.Signer.seal`."""
        match await self._seals.submit(_ONE_QUEUE, lease):
            case None:
                raise LeaseLost
            case str(code):
                raise SignerUnavailable(code)
            case bytes(signature):
                return signature

    async def _seal_n(self, _: Shard, leases: Sequence[Lease]) -> list[bytes | str | None]:
        wanted = [wire.Wanted(lease.account_id, lease.stamp_id, lease.fence) for lease in leases]
        match await self._ask(wire.SealRequest(wanted)):
            case wire.Sealed(signatures, faults) if len(signatures) == len(wanted):
                return [faults.get(place, signature) for place, signature in enumerate(signatures)]
            case wire.Unwell(code):
                raise SignerUnavailable(code)
            case answer:
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
