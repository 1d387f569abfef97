"""A program that listens at a webhook, and answers as it is told to."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[["Message"], int]


@dataclass(frozen=True)
class Message:
    """What came, and when it was that the server said so."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.body)
        return told

    def is_signed_with(self, secret: str) -> bool:
        """By the words of the standard: base 64 of HMAC-SHA256 over `id.timestamp.body`, one of several."""
        key = base64.b64decode(secret[len("whsec_") :])
        told = self.id.encode() + b"." + self.headers["webhook-timestamp"].encode() + b"." + self.body
        wanted = "v1," + base64.b64encode(hmac.new(key, told, hashlib.sha256).digest()).decode()
        return wanted in self.headers["webhook-signature"].split(" ")


@dataclass
class Ear:
    """The server. `answer` says the status of each message."""

    url: str = ""
    answer: Answer = lambda _: 204
    heard: list[Message] = field(default_factory=list)

    def ids(self) -> list[str]:
        return [one.id for one in self.heard]

    def until(self, count: int, *, within_s: float = 30.0) -> None:
        give_up = time.monotonic() + within_s
        while len(self.heard) < count:
            assert time.monotonic() < give_up, f"{len(self.heard)} messages, not {count}"
            time.sleep(0.02)


@contextmanager
def listening() -> Iterator[Ear]:
    """A program at a port of its own, on this machine."""
    ear = Ear()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            message = Message(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            ear.heard.append(message)
            self.send_response(ear.answer(message))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Not heard by anybody."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    ear.url = f"http://127.0.0.1:{server.server_address[1]}/bubuh"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield ear
    server.shutdown()
    server.server_close()
