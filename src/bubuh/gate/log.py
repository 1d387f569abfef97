"""The room's log on the disk: appended to, kept in groups, begun anew when it has grown."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, Self

from bubuh.db.rights import sync_folder
from bubuh.waitingroom.records import RECORD_BYTES, Record, decode

GROWN_BYTES: Final = 500_000 * RECORD_BYTES  #: reading more back would take over a second
_NAME: Final = "log-{:06d}"
_PATTERN: Final = "log-[0-9][0-9][0-9][0-9][0-9][0-9]"


class Log:
    """One process writes; a record is kept once `kept` has returned.

    What is appended while the disk is at work goes there together next. A write that fails ends the process:
    what was decided and not kept is then forgotten as by a crash.
    """

    def __init__(self, folder: Path, number: int, records: list[Record]) -> None:
        """See `open`."""
        self._folder, self._number = folder, number
        self.records = records  #: those of before, until `begin`
        self._fd = -1
        self._size = 0
        self._unkept: list[bytes] = []
        self._waiting: list[Callable[[], None]] = []
        self._writer: asyncio.Task[None] | None = None

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The newest log in `folder`, read whole; to be begun anew before anything is appended."""
        found = sorted(folder.glob(_PATTERN))
        if not found:
            return cls(folder, 0, [])
        newest = found[-1]
        return cls(folder, int(newest.name.removeprefix("log-")), list(decode(newest.read_bytes())))

    def begin(self, snapshot: Iterable[Record]) -> None:
        """A new log that begins with `snapshot`; the earlier ones stay for those who audit.

        Nothing may be unkept. After a power cut the old log is the newest or the new one is, whole.
        """
        assert not self._unkept, "a log ends kept"
        raw = b"".join(record.encode() for record in snapshot)
        path = self._folder / _NAME.format(self._number + 1)
        unfinished = path.with_suffix(".unfinished")
        fd = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        _write(fd, raw)
        unfinished.rename(path)
        sync_folder(self._folder)
        if self._fd >= 0:
            os.close(self._fd)
        self._fd, self._size = fd, len(raw)
        self._number += 1
        self.records = []

    @property
    def may_begin(self) -> bool:
        """Whether it has grown, and nothing is on its way to the disk."""
        return self._size > GROWN_BYTES and not self._unkept and self._writer is None

    def append(self, records: Iterable[Record], *, then: Callable[[], None] | None = None) -> None:
        """Put `records` at the end, to be kept soon; `then` is called when they are."""
        self._unkept += [record.encode() for record in records]
        if then is not None:
            self._waiting.append(then)
        if self._writer is None:
            self._writer = asyncio.get_running_loop().create_task(self._write_all(), name="log")
            self._writer.add_done_callback(_end_if_failed)

    async def keep(self, records: Iterable[Record]) -> None:
        """Append `records` and return when they are kept."""
        kept = asyncio.Event()
        self.append(records, then=kept.set)
        await kept.wait()

    async def close(self) -> None:
        """Keep what is left."""
        while self._writer is not None:
            await self._writer
        os.close(self._fd)

    async def _write_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._unkept or self._waiting:
            raw, waiting = b"".join(self._unkept), self._waiting
            self._unkept, self._waiting = [], []
            if raw:
                await loop.run_in_executor(None, _write, self._fd, raw)
                self._size += len(raw)
            for then in waiting:
                then()
        self._writer = None


def _write(fd: int, raw: bytes) -> None:
    left = memoryview(raw)
    while left:
        left = left[os.write(fd, left) :]
    os.fdatasync(fd)


def _end_if_failed(writer: asyncio.Task[None]) -> None:
    """Nothing that cannot be kept may be answered: this process ends, and another reads what is there."""
    if not writer.cancelled() and (error := writer.exception()) is not None:
        asyncio.get_running_loop().call_exception_handler(
            {"message": "the log cannot be kept", "exception": error}
        )
        os._exit(1)
