"""The gate over HTTP, from the site."""

from __future__ import annotations

from typing import Final

import msgspec

from bubuh.adapters.http_calls import Answer, AnswerTooLong, HttpCalls, NotAnswered
from bubuh.core.errors import Refusal
from bubuh.edge.door import GateUnreachable
from bubuh.waitingroom.refusals import OF_A_TURN, NotYet, RepairFull

_TIMEOUT_S: Final = 5.0
_MOST_BYTES: Final = 16_384
_OCTETS: Final = {"content-type": "application/octet-stream"}
_PLAIN: Final[dict[str, type[Refusal]]] = {kind.code: kind for kind in OF_A_TURN if kind is not NotYet}


class _Problem(msgspec.Struct, frozen=True):
    """What of the gate's refusal is read."""

    code: str
    ahead: int = 0
    retry_after_s: int = 0


class GateCalls:
    """The gate that listens at `address`."""

    def __init__(self, address: str) -> None:
        """See above."""
        self._address = address.rstrip("/")
        self._calls = HttpCalls()

    async def enter(self, body: bytes) -> bytes:
        """See `bubuh.edge.door.Gate`."""
        return await self._ask("/gate/enter", body)

    async def repair(self, body: bytes) -> bytes:
        """See `bubuh.edge.door.Gate`."""
        return await self._ask("/gate/repair", body)

    async def join(self, body: bytes) -> bytes:
        """See `bubuh.edge.door.Gate`."""
        return await self._ask("/gate/join", body)

    async def turn(self, body: bytes) -> bytes:
        """See `bubuh.edge.door.Gate`."""
        return await self._ask("/gate/turn", body)

    async def report(self, body: bytes) -> None:
        """See `bubuh.edge.door.Gate`."""
        answer = await self._send("/gate/report", body)
        if answer.status != 204:
            raise GateUnreachable(f"the gate said {answer.status} to a report")

    def close(self) -> None:
        """Let go of the connections."""
        self._calls.close()

    async def _ask(self, path: str, body: bytes) -> bytes:
        answer = await self._send(path, body)
        if answer.status == 200:
            return answer.body
        raise refusal_in(answer.status, answer.body)

    async def _send(self, path: str, body: bytes) -> Answer:
        try:
            return await self._calls.send(
                "POST",
                self._address + path,
                body=body,
                headers=_OCTETS,
                timeout_s=_TIMEOUT_S,
                most_bytes=_MOST_BYTES,
            )
        except (NotAnswered, AnswerTooLong) as error:
            raise GateUnreachable(str(error)) from error


def refusal_in(status: int, body: bytes) -> Refusal:
    """Why not, in our own words; raises `GateUnreachable` for what a gate of ours does not say."""
    try:
        problem = msgspec.json.decode(body, type=_Problem)
    except msgspec.DecodeError as error:
        raise GateUnreachable(f"the gate said {status}") from error
    if problem.code == NotYet.code:
        return NotYet(ahead=problem.ahead, retry_after_s=problem.retry_after_s)
    if problem.code == RepairFull.code:
        return RepairFull(retry_after_s=problem.retry_after_s)
    if problem.code in _PLAIN:
        return _PLAIN[problem.code]()
    raise GateUnreachable(f"the gate said {problem.code}")
