"""The development gateway as a process of its own, on loopback."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import uvicorn

from bubuh.gateway_dev.app import create_app

_HOST: Final = "127.0.0.1"


def serve(
    *,
    book_path: Path,
    secret: bytes,
    notify_url: str | Callable[[], str | None],
    address_path: Path,
    port: int = 0,
) -> None:
    """Serve until SIGTERM or SIGINT; the address (`http://127.0.0.1:N`) stands in `address_path` before.

    Port 0 takes the port it had before, if `address_path` tells one and it is free, so that pages already
    handed out stay good; else any.
    """
    with _listen(port or _port_before(address_path)) as listener:
        _write_whole(address_path, f"http://{_HOST}:{listener.getsockname()[1]}\n")
        config = uvicorn.Config(
            create_app(book_path, secret, notify_url),
            access_log=False,
            log_config=None,
            lifespan="on",
            timeout_graceful_shutdown=5,
        )
        uvicorn.Server(config).run(sockets=[listener])


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
    except OSError:
        listener.bind((_HOST, 0))
    listener.listen(1024)  # from here on a caller waits instead of being turned away
    return listener


def _port_before(address_path: Path) -> int:
    try:
        return urlsplit(address_path.read_text(encoding="utf-8").strip()).port or 0
    except (FileNotFoundError, ValueError):
        return 0


def _write_whole(path: Path, text: str) -> None:
    """A reader finds the old text or the new one, whole."""
    handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(text)
    Path(unfinished).replace(path)
