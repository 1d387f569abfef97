"""A gate in this process, called as its server calls it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bubuh.gate.app import Gate
from bubuh.gate.keeper import GateKeys, Keeper
from bubuh.gate.pages import Pages
from bubuh.waitingroom.room_file import RoomFile, write_room_file
from tests.waitingroom.make import RING, lane, rules

KEYS = GateKeys(turns=RING, passes=RING, now=Ed25519PrivateKey.from_private_bytes(bytes(32)))


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


@dataclass
class Door:
    """The gate over a folder; `again` is what a crash leaves."""

    folder: Path
    keeper: Keeper
    gate: Gate = field(init=False)

    def __post_init__(self) -> None:
        pages = Pages(site="http://situs", public_url="http://gerbang", key=KEYS.now.public_key())
        self.gate = Gate(self.keeper, pages)

    async def call(
        self, method: str, path: str, body: bytes = b"", *, query: str = "", **headers: str
    ) -> Answer:
        sent: list[dict[str, Any]] = []
        told = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "http", "method": method, "path": path, "query_string": query.encode()}

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self.gate(scope | {"headers": told}, receive, send)
        start, end = sent
        answered = [(key.decode(), value.decode()) for key, value in start["headers"]]
        return Answer(start["status"], answered, end["body"])

    async def tick(self, times: int = 1, *, now_s: float) -> None:
        for at in range(times):
            await self.keeper.tick(now_s + at, 1.0)


@asynccontextmanager
async def open_door(folder: Path) -> AsyncIterator[Door]:
    keeper = Keeper.open(folder, KEYS)
    yield Door(folder, keeper)
    stop = asyncio.Event()
    stop.set()
    await keeper.run(stop)


@pytest.fixture
def room_folder(tmp_path: Path) -> Path:
    (tmp_path / "public").mkdir()
    decided = RoomFile(is_open=True, rules=rules(lane()))
    write_room_file(tmp_path, decided, uid=None)
    return tmp_path


@pytest.fixture
async def door(room_folder: Path) -> AsyncIterator[Door]:
    async with open_door(room_folder) as made:
        yield made
