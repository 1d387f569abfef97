"""Who carries messages: a mail server and nobody for telephones, or the development folder."""

from __future__ import annotations

from collections.abc import Mapping

from bubuh.adapters.development_sender import DevelopmentSender
from bubuh.adapters.null_sender import NullSender
from bubuh.adapters.smtp_sender import SmtpSender
from bubuh.outbox.ports import By, Message, Sender
from bubuh.settings import Settings


class Carriers:
    """See `outbox.ports.Sender`. Each kind of message has its own carrier."""

    def __init__(self, carriers: Mapping[By, Sender]) -> None:
        self._carriers = carriers

    async def send(self, message: Message) -> None:
        """Give the message to the carrier of its kind; raises as that does."""
        await self._carriers[message.by].send(message)


def choose_sender(settings: Settings, development: DevelopmentSender) -> Sender:
    """What the settings ask for."""
    if settings.smtp_url is None:
        return development
    assert settings.mail_from is not None, "checked with the settings"
    mail = SmtpSender(settings.smtp_url, mail_from=settings.mail_from)
    return Carriers({By.EMAIL: mail, By.SMS: NullSender(By.SMS), By.WHATSAPP: NullSender(By.WHATSAPP)})
