"""What was acknowledged to clients, line by line on disk before anybody acts on it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Self

import msgspec


class Told(StrEnum):
    """What the service said is so."""

    OPENED = "opened"  #: an account
    PLACED = "placed"  #: an order; `fact`: its number of stamps
    PAID = "paid"  #: the gateway took the money for an order
    KEPT = "kept"  #: a document; `fact`: SHA-256 of what was sent
    ACCEPTED = "accepted"  #: a stamp
    SEEN = "seen"  #: a stamp or order was in state `fact`
    FETCHED = "fetched"  #: a stamp's document; `fact`: SHA-256 of what came


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One acknowledgement."""

    at_s: float  #: since the journal was opened
    told: Told
    account: str  #: acc_…
    id: str
    key: str = ""  #: Idempotency-Key of the request, where it had one
    fact: str = ""


class Journal:
    """Appends entries; `write` returns when its entry is on disk, one fsync for all that wait."""

    def __init__(self, path: Path) -> None:
        """`path` is made, or written on."""
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._began = time.monotonic()
        self._pending: list[bytes] = []
        self._turn = asyncio.Lock()
        self._on_disk = 0
        self.entries = 0  #: how many were written

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    async def write(self, told: Told, account: str, subject: str, *, key: str = "", fact: str = "") -> None:
        """Keep one acknowledgement."""
        at_s = round(time.monotonic() - self._began, 4)
        entry = Entry(at_s=at_s, told=told, account=account, id=subject, key=key, fact=fact)
        self._pending.append(msgspec.json.encode(entry) + b"\n")
        self.entries += 1
        mine = self.entries
        async with self._turn:
            if self._on_disk < mine:
                lines, self._pending, upto = b"".join(self._pending), [], self.entries
                await asyncio.to_thread(self._append, lines)
                self._on_disk = upto

    def _append(self, lines: bytes) -> None:
        view = memoryview(lines)
        while view:
            view = view[os.write(self._file, view) :]
        os.fsync(self._file)


def read_journal(path: Path) -> Iterator[Entry]:
    """The entries of a journal, in the order in which they were acknowledged."""
    with path.open("rb") as lines:
        for line in lines:
            yield msgspec.json.decode(line, type=Entry)
