"""Mail by SMTP behind the outbox's `Sender` port. Source: RFC 5321, RFC 5322, RFC 8314.

Nothing is tried again here: a message that is not taken comes again with its fact. After a failure the server
is spared a while, so that letters to a dead one hold up nobody's round.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Final
from urllib.parse import unquote, urlsplit

import aiosmtplib

from bubuh.outbox.ports import Message, MessageRefused, SenderUnavailable

TIMEOUT_S: Final = 5.0
REST_S: Final = 10.0
_HERE: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_FOR_GOOD: Final = range(500, 600)


class SmtpSender:
    """See `outbox.ports.Sender`. Sends e-mail and nothing else."""

    def __init__(
        self, url: str, *, mail_from: str, clock: Callable[[], float] = time.monotonic, rest_s: float = REST_S
    ) -> None:
        """`url` is `smtps://user:password@host:port`, or `smtp://` with STARTTLS, which this machine's own
        server is not asked for; `mail_from` a bare address.
        """
        parts = urlsplit(url)
        assert parts.hostname is not None, "a checked setting"
        self._host = parts.hostname
        self._port = parts.port
        self._is_tls = parts.scheme == "smtps"
        self._start_tls = not self._is_tls and parts.hostname not in _HERE
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._from = mail_from
        self._clock = clock
        self._rest_s = rest_s
        self._rests_until = clock()

    async def send(self, message: Message) -> None:
        """Hand the mail over. Sent again it has the same Message-ID, by which readers see it once."""
        if self._clock() < self._rests_until:
            raise SenderUnavailable("the mail server failed a moment ago")
        try:
            await aiosmtplib.send(
                self._written(message),
                sender=self._from,
                recipients=[message.to],
                hostname=self._host,
                port=self._port,
                username=self._user,
                password=self._password,
                use_tls=self._is_tls,
                start_tls=self._start_tls,
                timeout=TIMEOUT_S,
            )
        except (aiosmtplib.SMTPException, OSError) as error:
            why = _why(error)
            if _is_for_good(error):
                raise MessageRefused(why) from None  # the error's own words hold the address
            self._rests_until = self._clock() + self._rest_s
            raise SenderUnavailable(why) from None

    def _written(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        host = self._from.rpartition("@")[2]
        mail["From"] = self._from
        mail["To"] = message.to
        mail["Subject"] = message.subject
        mail["Date"] = formatdate()
        mail["Message-ID"] = make_msgid(domain=host) if message.no is None else f"<{message.no}@{host}>"
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834
        mail.set_content(message.text)
        return mail


def _codes(error: Exception) -> set[int]:
    """The reply codes about this message: of its receiver, or of its text."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return {one.code for one in error.recipients}
    return {error.code} if isinstance(error, aiosmtplib.SMTPDataError) else set()


def _is_for_good(error: Exception) -> bool:
    codes = _codes(error)
    return bool(codes) and all(code in _FOR_GOOD for code in codes)


def _why(error: Exception) -> str:
    """Its kind and code; its words may hold the address."""
    return " ".join([type(error).__name__, *(str(code) for code in sorted(_codes(error)))])
