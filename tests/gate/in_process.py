"""The gate behind the site's door, called without a socket."""

from __future__ import annotations

import json

from bubuh.adapters.gate_calls import refusal_in
from bubuh.edge.door import GateUnreachable
from tests.gate.conftest import Door


class InProcess:
    """The gate itself; `is_down`: nobody answers."""

    def __init__(self, gate: Door) -> None:
        self.gate = gate
        self.is_down = False

    async def enter(self, body: bytes) -> bytes:
        return await self._ask("/gate/enter", body)

    async def repair(self, body: bytes) -> bytes:
        return await self._ask("/gate/repair", body)

    async def join(self, body: bytes) -> bytes:
        return await self._ask("/gate/join", body)

    async def turn(self, body: bytes) -> bytes:
        return await self._ask("/gate/turn", body)

    async def report(self, body: bytes) -> None:
        if self.is_down:
            raise GateUnreachable("down")
        assert (await self.gate.call("POST", "/gate/report", body)).status == 204

    async def _ask(self, path: str, body: bytes) -> bytes:
        if self.is_down:
            raise GateUnreachable("down")
        answer = await self.gate.call("POST", path, body)
        if answer.status != 200:
            assert json.loads(answer.body)["code"]
            raise refusal_in(answer.status, answer.body)
        return answer.body
