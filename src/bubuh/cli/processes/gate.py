"""`bubuh gate`: hands out turns, calls them, lets in."""

from __future__ import annotations

import asyncio
import socket
from typing import Final

import uvicorn
import uvloop

from bubuh.cli.processes.common import Fd, Port, become, begin, ear, serve_metrics
from bubuh.gate.app import Gate
from bubuh.gate.keeper import GateKeys, Keeper
from bubuh.gate.pages import Pages
from bubuh.settings import RunFile
from bubuh.waitingroom.ring_file import RingFile
from bubuh.wiring.room import PASS_RING, TURN_RING, read_now_key

_BACKLOG: Final = 16_384


def gate_command(port: Port = 0, host: str = "127.0.0.1", fd: Fd = None, metrics_fd: Fd = None) -> None:
    """Hands out turns and calls them; needs no database, no store and no signer."""
    settings, folder, uids = begin()
    run = RunFile.read(folder.path)
    listener = ear(fd, host=host, port=port)
    listener.listen(_BACKLOG)
    become(uids.app, "bubuh.gate", parent_pid=settings.supervised_by)
    serve_metrics(metrics_fd)
    turns, passes, now = (
        RingFile(folder.secrets / TURN_RING),
        RingFile(folder.secrets / PASS_RING),
        read_now_key(folder),
    )

    def present() -> GateKeys:
        return GateKeys(turns=turns.ring(), passes=passes.ring(), now=now)

    keys = present()
    pages = Pages(
        site=settings.public_url or run.web or "",
        public_url=settings.gate_url or run.gate or "",
        key=keys.now.public_key(),
        public=folder.room / "public",
    )
    keeper = Keeper.open(folder.room, keys)
    keeper.look_at_keys = present
    uvloop.run(_serve(keeper, pages, listener))


async def _serve(keeper: Keeper, pages: Pages, listener: socket.socket) -> None:
    config = uvicorn.Config(
        Gate(keeper, pages),
        http="httptools",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # where somebody comes from decides nothing here
        ws="none",
        backlog=_BACKLOG,
        timeout_graceful_shutdown=3,
    )
    server, stop = uvicorn.Server(config), asyncio.Event()
    calling = asyncio.create_task(keeper.run(stop), name="calling")
    calling.add_done_callback(lambda _: setattr(server, "should_exit", True))
    await server.serve(sockets=[listener])
    stop.set()
    await calling
