"""What every long-lived process does first and last: logs, metrics, signals, giving up its rights."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Coroutine
from wsgiref.simple_server import WSGIRequestHandler

import structlog
import uvloop
from prometheus_client import make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

from bubuh.core.privileges import die_with_parent, drop_to, preload
from bubuh.settings import Settings


def set_up_logs(settings: Settings) -> None:
    """Structured logs to standard error: JSON for programs, columns for people."""
    level = logging.getLevelNamesMapping()[settings.log.upper()]
    renderer: structlog.typing.Processor = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    if settings.log_format == "json":
        renderer = structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def become(uid: int | None, *packages: str, supervised: bool) -> None:
    """Import all that `packages` will ever need, then be `uid` for good and end with the parent."""
    parent = os.getppid()
    preload("bubuh.core", "bubuh.db", *packages)
    os.chdir("/")  # the checkout may lie where the new user cannot walk
    drop_to(uid)
    if supervised:
        die_with_parent(parent)


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


class _Quiet(WSGIRequestHandler):
    """Metrics are asked for every few seconds; nobody reads a log of it."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""
