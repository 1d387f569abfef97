"""Messages for development: kept in the data folder, where `/dev/letters` shows them, and sent to nobody."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
import structlog

from bubuh.db.rights import write_whole
from bubuh.outbox.ports import Message, SenderUnavailable, Sent

_log = structlog.get_logger(__name__)
MOST_KEPT: Final = 50


class DevelopmentSender:
    """A `Sender` whose letters are files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        _log.warning("development_sender", meaning="messages are kept in a folder and sent to nobody")

    async def send(self, message: Message) -> None:
        """Keep the message, and the last 50 of them; one that bears the number of a kept one is that one."""
        name = secrets.token_hex(4) if message.no is None else message.no.hex
        path = self._folder / f"{time.time_ns():020d}-{name}.json"
        try:
            if message.no is not None and any(self._folder.glob(f"*-{name}.json")):
                return
            write_whole(path, msgspec.json.encode(message).decode(), mode=0o600)
            for old in self._files()[MOST_KEPT:]:
                old.unlink(missing_ok=True)
        except OSError as error:
            raise SenderUnavailable(str(error)) from error

    def letters(self) -> Sequence[Sent]:
        """What was kept, the newest first."""
        return [_read(path) for path in self._files()]

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.json"), reverse=True)


def _read(path: Path) -> Sent:
    at = datetime.fromtimestamp(int(path.name.partition("-")[0]) / 1e9, tz=UTC)
    return Sent(message=msgspec.json.decode(path.read_bytes(), type=Message), at=at)
