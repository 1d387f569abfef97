"""Nobody carries these messages: the null adapter of the outbox's `Sender` port, which says so."""

from __future__ import annotations

import structlog

from bubuh.outbox.ports import By, Message

_log = structlog.get_logger(__name__)


class NullSender:
    """See `outbox.ports.Sender`. Warns when it starts and at each message, which then counts as sent."""

    def __init__(self, by: By) -> None:
        self._by = by
        _log.warning("null_sender", by=str(by), meaning="no carrier is set: such messages reach nobody")

    async def send(self, message: Message) -> None:
        """Drop the message."""
        _log.warning("message_dropped", by=str(message.by), no=str(message.no))
