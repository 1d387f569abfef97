"""`bubuh web`: the site and the API."""

from __future__ import annotations

import asyncio

import uvicorn
import uvloop

from bubuh.asgi import create_app
from bubuh.cli.processes.common import Fd, Port, become, begin, ear, serve_metrics
from bubuh.sandbox import Sandbox
from bubuh.wiring.web import web_services


def web_command(port: Port = 8000, host: str = "127.0.0.1", fd: Fd = None, metrics_fd: Fd = None) -> None:
    """The site and the API."""
    settings, folder, uids = begin()
    listener = ear(fd, host=host, port=port)
    with Sandbox.start(uids.sandbox) as sandbox:  # before any right is given up or any secret is read
        become(
            uids.app,
            "bubuh.api",
            "bubuh.web",
            "bubuh.edge",
            "bubuh.wiring",
            "bubuh.asgi",
            supervised=settings.supervised,
        )
        serve_metrics(metrics_fd)

        async def serve() -> None:
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

        uvloop.run(serve())


async def _stop_when_lost(sandbox: Sandbox, server: uvicorn.Server) -> None:
    """A web process without its sandbox ends, and its supervisor starts another."""
    await sandbox.gone()
    server.should_exit = True
