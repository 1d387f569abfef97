"""Mail over TLS with a login: to a server whose certificate holds, and to no other."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bubuh.adapters.smtp_sender import SmtpSender
from bubuh.outbox.ports import By, Message, SenderUnavailable
from tests.adapters.tls import serving, write_certificate

MESSAGE = Message(by=By.EMAIL, to="siti@contoh.id", subject="Kuota", text="Kuota Anda bertambah.")
LOGIN = base64.b64encode(b"\0bubuh@contoh.id\0rahasia").decode()


@dataclass
class Server:
    """A mail server (RFC 5321, 3207, 4954) that takes mail of who logged in under TLS, and of nobody else."""

    certificate: Path
    is_tls: bool = False  #: from the first byte, else STARTTLS
    port: int = 0
    commands: list[str] = field(default_factory=list)  #: with whether they came under TLS
    mails: list[str] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        covered, known = self.is_tls, False

        def say(*lines: str) -> None:
            writer.write("".join(line + "\r\n" for line in lines).encode())

        say("220 mail.contoh.id")
        while line := (await reader.readline()).decode().strip():
            word = line.split()[0].upper()
            self.commands.append(f"{word} {'tls' if covered else 'clear'}")
            match word:
                case "EHLO":
                    say("250-mail.contoh.id", "250 AUTH PLAIN" if covered else "250 STARTTLS")
                case "STARTTLS":
                    say("220 go on")
                    await writer.start_tls(serving(self.certificate))
                    covered = True
                case "AUTH":
                    known = covered and line.split()[1:] == ["PLAIN", LOGIN]
                    say("235 welcome" if known else "535 no")
                case "MAIL" if not known:
                    say("530 log in first")
                case "DATA":
                    say("354 go on")
                    self.mails.append((await reader.readuntil(b"\r\n.\r\n")).decode())
                    say("250 taken")
                case "QUIT":
                    say("221 farewell")
                    break
                case _:
                    say("250 good")
        writer.close()


@asynccontextmanager
async def serving_mail(certificate: Path, host: str, *, is_tls: bool) -> AsyncIterator[Server]:
    server = Server(certificate, is_tls)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await server.talk(reader, writer)
        except OSError:
            writer.close()  # the sender did not trust us, and hung up

    listening = await asyncio.start_server(talk, host, 0, ssl=serving(certificate) if is_tls else None)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_certificate(tmp_path_factory.mktemp("tls") / "both.pem")


def sender(scheme: str, host: str, port: int, password: str = "rahasia") -> SmtpSender:
    return SmtpSender(f"{scheme}://bubuh%40contoh.id:{password}@{host}:{port}", mail_from="kabar@contoh.id")


#: by address: the machine's own server is not asked for STARTTLS, another is
WAYS = [("smtps", "127.0.0.1"), ("smtp", "127.0.0.2")]


@pytest.mark.parametrize(("scheme", "host"), WAYS)
async def test_mail_goes_out_under_tls_by_who_logged_in(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, host: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with serving_mail(certificate, host, is_tls=scheme == "smtps") as server:
        await sender(scheme, host, server.port).send(MESSAGE)
    (mail,) = server.mails
    assert "To: siti@contoh.id" in mail
    assert {"AUTH tls", "MAIL tls", "RCPT tls", "DATA tls"} <= set(server.commands)
    assert {one for one in server.commands if one.endswith("clear")} <= {"EHLO clear", "STARTTLS clear"}


@pytest.mark.parametrize(("scheme", "host"), WAYS)
async def test_a_server_that_nobody_vouches_for_is_told_nothing(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, host: str
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    async with serving_mail(certificate, host, is_tls=scheme == "smtps") as server:
        with pytest.raises(SenderUnavailable):
            await sender(scheme, host, server.port).send(MESSAGE)
    assert server.mails == []
    assert not any(one.startswith(("AUTH", "MAIL")) for one in server.commands)


async def test_a_wrong_password_is_our_trouble_and_not_the_messages(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with serving_mail(certificate, "127.0.0.1", is_tls=True) as server:
        with pytest.raises(SenderUnavailable) as told:
            await sender("smtps", "127.0.0.1", server.port, "salah").send(MESSAGE)
    assert server.mails == []
    assert "salah" not in str(told.value)


async def test_a_server_without_tls_is_given_no_password() -> None:
    """Who strips STARTTLS from the answers learns nothing."""
    commands: list[str] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.contoh.id\r\n")
        while line := (await reader.readline()).decode().strip():
            commands.append(line.split()[0].upper())
            writer.write(b"250 mail.contoh.id\r\n")
        writer.close()

    plain = await asyncio.start_server(talk, "127.0.0.2", 0)
    with pytest.raises(SenderUnavailable):
        await sender("smtp", "127.0.0.2", plain.sockets[0].getsockname()[1]).send(MESSAGE)
    plain.close()
    assert commands
    assert not {"AUTH", "MAIL"} & set(commands)
