"""`bubuh status`: writes and serves the status page, and needs no other process for it."""

from __future__ import annotations

import asyncio
import socket

import uvicorn
import uvloop

from bubuh.cli.ears import address_of
from bubuh.cli.processes.common import Fd, Port, become, begin, ear, serve_metrics
from bubuh.db.roles import APP
from bubuh.outages.kept import Shelf as KeptWords
from bubuh.settings import RunFile
from bubuh.status.look import Eyes
from bubuh.status.run import Page, keep_writing
from bubuh.status.serve import Shelf
from bubuh.wiring.folder import WORD_KEY


def status_command(port: Port = 0, fd: Fd = None, metrics_fd: Fd = None) -> None:
    """Measures each function, tells outages, and writes it all as static files every 5 s."""
    settings, folder, uids = begin()
    run = RunFile.read(folder.path)
    listener = ear(fd, port=port)
    root = folder.root_certificate.read_bytes()
    address = settings.database_url or run.databases[APP]
    kept = KeptWords(folder.status, folder.secret(WORD_KEY, uids.app))
    become(uids.app, "bubuh.status", parent_pid=settings.supervised_by)
    serve_metrics(metrics_fd)
    shelf, eyes = Shelf(), Eyes(lambda: RunFile.read(folder.path), address, kept, gate_url=settings.gate_url)
    where = settings.public_url or run.web or "/"
    page = Page(eyes, shelf, folder.status, kept=kept, site=where, address=address_of(listener), root=root)
    config = uvicorn.Config(
        shelf, access_log=False, log_config=None, server_header=False, timeout_graceful_shutdown=2
    )
    uvloop.run(_serve(uvicorn.Server(config), listener, page, eyes))


async def _serve(server: uvicorn.Server, listener: socket.socket, page: Page, eyes: Eyes) -> None:
    """Until SIGTERM or SIGINT, or until the page cannot be written."""
    stop = asyncio.Event()

    def end(_: object) -> None:
        server.should_exit = True

    writing = asyncio.create_task(keep_writing(page, eyes, stop), name="writing")
    writing.add_done_callback(end)
    await server.serve(sockets=[listener])
    stop.set()
    await writing
