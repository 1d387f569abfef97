"""Serves the files from memory: raw ASGI, no route but theirs, nothing that another process must answer."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bubuh.status.pages import File

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_HEADERS: Final = (
    (b"cache-control", b"public, max-age=2"),
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"access-control-allow-origin", b"*"),
    (b"vary", b"accept-encoding"),
)
_GZIP_FROM_BYTES: Final = 600
_NOT_FOUND: Final = File(b"Tidak ada / not found\n", "text/plain; charset=utf-8")
_BUT_READ: Final = File(b"Hanya GET / GET only\n", "text/plain; charset=utf-8")


@dataclass(frozen=True, slots=True)
class _Ready:
    """A file as it is sent."""

    plain: bytes
    packed: bytes | None
    media_type: bytes
    etag: bytes


class Shelf:
    """The files that are served now."""

    def __init__(self) -> None:
        """Empty."""
        self._files: dict[str, _Ready] = {}

    def put(self, files: Mapping[str, File]) -> None:
        """Serve `files`, each in the place of what had its name."""
        self._files.update({name: _ready(file) for name, file in files.items()})

    def __contains__(self, name: str) -> bool:
        """Whether a file of that name is served."""
        return name in self._files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the server's own beginning and end."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            status, file = self._found(scope)
            await _answer(scope, send, status, file)

    def _found(self, scope: Scope) -> tuple[int, _Ready]:
        if scope["method"] not in {"GET", "HEAD"}:
            return 405, _ready(_BUT_READ)
        name = {"/": "index.html", "/en": "en.html"}.get(scope["path"], scope["path"][1:])
        file = self._files.get(name)
        return (404, _ready(_NOT_FOUND)) if file is None else (200, file)


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _answer(scope: Scope, send: Send, status: int, file: _Ready) -> None:
    asked = dict(scope["headers"])
    if status == 200 and asked.get(b"if-none-match") == file.etag:
        await send(
            {"type": "http.response.start", "status": 304, "headers": [(b"etag", file.etag), *_HEADERS]}
        )
        await send({"type": "http.response.body"})
        return
    body, headers = file.plain, [*_HEADERS, (b"content-type", file.media_type), (b"etag", file.etag)]
    if file.packed is not None and b"gzip" in asked.get(b"accept-encoding", b""):
        body = file.packed
        headers.append((b"content-encoding", b"gzip"))
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def _ready(file: File) -> _Ready:
    packed = gzip.compress(file.content, 6, mtime=0) if len(file.content) >= _GZIP_FROM_BYTES else None
    etag = f'"{hashlib.sha256(file.content).hexdigest()[:24]}"'
    return _Ready(file.content, packed, file.media_type.encode(), etag.encode())
