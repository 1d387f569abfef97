"""How a message leaves the house: one door for text messages and e-mail."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from bubuh.core.errors import Fault


class By(StrEnum):
    """What carries a message."""

    SMS = "sms"
    EMAIL = "email"
    WHATSAPP = "whatsapp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Words for one person."""

    by: By
    to: str = field(repr=False)  #: `+62…`, or an e-mail address
    subject: str  #: of an e-mail
    text: str = field(repr=False)
    no: UUID | None = None  #: the same whenever this message is sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message that was taken on."""

    message: Message
    at: datetime


class SenderUnavailable(Fault):
    """Whoever carries messages does not take one now."""

    code = "sender_unavailable"


class MessageRefused(Fault):
    """Whoever carries messages will never take this one: its address does not exist, or will not have it."""

    code = "message_refused"


class HeardLater(Fault):
    """A hearer will hear this fact with others, when it comes again."""

    code = "heard_later"


class Sender(Protocol):
    """Carries messages. The same one may be sent twice: a fact is told at least once."""

    async def send(self, message: Message) -> None:
        """Take the message on; raises `SenderUnavailable`, or `MessageRefused` for good."""
        ...
