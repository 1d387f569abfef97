"""A small mail server (RFC 5321) as a process of its own: it writes down what it takes, one a line."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_string, policy
from email.message import EmailMessage
from pathlib import Path


@dataclass(frozen=True)
class MailServer:
    """Where it listens, and the file it writes."""

    url: str
    book: Path

    @property
    def mails(self) -> list[EmailMessage]:
        """What was taken, in turn."""
        lines = self.book.read_text(encoding="utf-8").splitlines() if self.book.exists() else []
        return [message_from_string(json.loads(line)["data"], policy=policy.default) for line in lines]


@contextmanager
def mail_server(book: Path, *, refuse: str = "") -> Iterator[MailServer]:
    """A running server; `refuse` is what it answers every receiver, such as `550 nobody`."""
    server = subprocess.Popen(
        [sys.executable, __file__, str(book), refuse], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    try:
        yield MailServer(f"smtp://127.0.0.1:{int(server.stdout.readline())}", book)
    finally:
        server.terminate()
        server.wait(10)
        server.stdout.close()


async def _serve(book: Path, refuse: str) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: str) -> None:
            writer.write(line.encode() + b"\r\n")

        say("220 mail.contoh.id")
        while line := (await reader.readline()).decode():
            match line[:4].upper().strip():
                case "RCPT" if refuse:
                    say(refuse)
                case "DATA":
                    say("354 go on")
                    data = (await reader.readuntil(b"\r\n.\r\n"))[:-3].decode()
                    with book.open("a", encoding="utf-8") as file:
                        file.write(json.dumps({"data": data}) + "\n")
                    say("250 taken")
                case "QUIT":
                    say("221 bye")
                    break
                case _:
                    say("250 well")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 -- to whoever started it
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), sys.argv[2]))
