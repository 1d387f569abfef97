"""What every long-lived process does first and last: logs, metrics, signals, giving up its rights."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Coroutine
from typing import Annotated
from wsgiref.simple_server import WSGIRequestHandler

import typer
import uvloop
from prometheus_client import make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

from bubuh.cli.ears import listen
from bubuh.cli.logs import set_up_logs
from bubuh.core.privileges import Uids, drop_to, preload
from bubuh.pdf.seal.sha256 import is_available
from bubuh.settings import Settings, data_folder
from bubuh.wiring.folder import DataFolder

Fd = Annotated[int | None, typer.Option(hidden=True, help="An inherited listening socket.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Where to listen when no socket is inherited.")]


def become(uid: int | None, *packages: str, parent_pid: int | None) -> None:
    """Import all that `packages` will ever need, then be `uid` for good, and end with `parent_pid`."""
    preload("bubuh.core", "bubuh.db", *packages)
    is_available()  # loads libcrypto, while it can be read for certain
    os.chdir("/")  # the checkout may lie where the new user cannot walk
    drop_to(uid, parent_pid=parent_pid)


def serve_metrics(fd: int | None) -> None:
    """Answer Prometheus on the listening socket `fd`, in a thread that ends with the process."""
    if fd is None:
        return
    server = ThreadingWSGIServer(("127.0.0.1", 0), _Quiet, bind_and_activate=False)
    server.socket.close()
    server.socket = socket.socket(fileno=fd)
    host, port = server.socket.getsockname()[:2]
    server.server_address, server.server_name, server.server_port = (host, port), host, port
    server.setup_environ()
    server.set_app(make_wsgi_app())
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()


def run_until_signalled(main: Coroutine[object, object, None], stop: asyncio.Event) -> None:
    """Run `main`; SIGTERM and SIGINT set `stop`."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await main

    uvloop.run(run())


def begin() -> tuple[Settings, DataFolder, Uids]:
    """What the environment says, where the data lie, and who the parts of the service are."""
    settings = Settings.from_env()
    set_up_logs(settings)
    return settings, DataFolder(data_folder(settings)), Uids.here()


def ear(fd: int | None, *, host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    """The inherited listening socket, or a new one."""
    return listen(host, port) if fd is None else socket.socket(fileno=fd)


class _Quiet(WSGIRequestHandler):
    """Metrics are asked for every few seconds; nobody reads a log of it."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""
