"""The web process once it has given up its rights."""

from __future__ import annotations

import asyncio
import socket
from typing import Final

import uvicorn

from bubuh.asgi import create_app
from bubuh.sandbox import Sandbox
from bubuh.settings import Settings
from bubuh.wiring.folder import DataFolder
from bubuh.wiring.web import web_services

_LOST_GRACE_S: Final = 1  #: for requests in hand: who calls anew waits for the next process


async def serve(settings: Settings, folder: DataFolder, sandbox: Sandbox, listener: socket.socket) -> None:
    """Serve on `listener` until SIGTERM or SIGINT, or until the sandbox is lost."""
    async with web_services(settings, folder, sandbox) as services:
        config = uvicorn.Config(
            create_app(services),
            log_config=None,
            access_log=False,
            http="httptools",
            server_header=False,
            proxy_headers=settings.behind_proxy,
            timeout_graceful_shutdown=10,
        )
        server = uvicorn.Server(config)
        lost = asyncio.create_task(_stop_when_lost(sandbox, server))
        await server.serve(sockets=[listener])
        lost.cancel()


async def _stop_when_lost(sandbox: Sandbox, server: uvicorn.Server) -> None:
    """A web process without its sandbox ends, and its supervisor starts another."""
    await sandbox.gone()
    server.config.timeout_graceful_shutdown = _LOST_GRACE_S
    server.should_exit = True
