"""The web process once it has given up its rights."""

from __future__ import annotations

import asyncio
import socket

import uvicorn

from bubuh.asgi import create_app
from bubuh.db.doorbell import Doorbell
from bubuh.sandbox import Sandbox
from bubuh.settings import Settings
from bubuh.wiring.folder import DataFolder
from bubuh.wiring.web import web_services


class _Server(uvicorn.Server):
    """Answers whoever waits for something with what is known, before it ends."""

    def __init__(self, config: uvicorn.Config, doorbell: Doorbell) -> None:
        """`doorbell` is what the handlers wait at."""
        super().__init__(config)
        self._doorbell = doorbell

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See `uvicorn.Server.shutdown`, which would cut who still waits, and answer 500 for them."""
        self._doorbell.end_waits()
        await super().shutdown(sockets)


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
        server = _Server(config, services.doorbell)
        lost = asyncio.create_task(_stop_when_lost(sandbox, server))
        await server.serve(sockets=[listener])
        lost.cancel()


async def _stop_when_lost(sandbox: Sandbox, server: uvicorn.Server) -> None:
    """A web process without its sandbox ends, and its supervisor starts another."""
    await sandbox.gone()
    server.should_exit = True
