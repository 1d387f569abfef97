"""The processes that `bubuh up` keeps alive, each a command of its own for machines of its own."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
import uvloop

from bubuh.asgi import create_app
from bubuh.cli.process import become, run_until_signalled, serve_metrics, set_up_logs
from bubuh.cli.service import data_folder
from bubuh.core.privileges import Uids
from bubuh.db.pool import Database
from bubuh.db.roles import SIGNER
from bubuh.gateway_dev.app import create_app as create_gateway
from bubuh.sandbox import Sandbox
from bubuh.settings import RunFile, Settings
from bubuh.signer.server import SignerServer
from bubuh.wiring.folder import DataFolder
from bubuh.wiring.keys import load_seal_keys
from bubuh.wiring.web import web_services
from bubuh.worker.run import work

Fd = Annotated[int | None, typer.Option(hidden=True, help="An inherited listening socket.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Where to listen when no socket is inherited.")]


def web_command(port: Port = 8000, host: str = "127.0.0.1", fd: Fd = None, metrics_fd: Fd = None) -> None:
    """The site and the API."""
    settings, folder, uids = _begin()
    ear = socket.socket(fileno=fd) if fd is not None else _listen(host, port)
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
                    timeout_graceful_shutdown=10,
                )
                server = uvicorn.Server(config)
                lost = asyncio.create_task(_stop_when_lost(sandbox, server))
                await server.serve(sockets=[ear])
                lost.cancel()

        uvloop.run(serve())


def worker_command(name: str = "worker-1", metrics_fd: Fd = None) -> None:
    """Leases stamps and affixes them; asks gateways; sweeps."""
    settings, folder, uids = _begin()
    with Sandbox.start(uids.sandbox) as sandbox:
        become(uids.app, "bubuh.worker", "bubuh.wiring", supervised=settings.supervised)
        serve_metrics(metrics_fd)
        stop = asyncio.Event()
        run_until_signalled(work(settings, folder, sandbox, name=name, stop=stop), stop)


def gateway_command(port: Port = 0, fd: Fd = None, metrics_fd: Fd = None) -> None:
    """The development gateway: takes no real money, and can be told to fail."""
    settings, folder, uids = _begin()
    run = RunFile.read(folder.path)
    ear = socket.socket(fileno=fd) if fd is not None else _listen("127.0.0.1", port)
    become(uids.app, "bubuh.gateway_dev", supervised=settings.supervised)
    serve_metrics(metrics_fd)
    app = create_gateway(
        folder.gateway / "book.jsonl",
        folder.read_secret("gateway.secret"),
        f"{run.web}/gateway/development/notices",
    )
    config = uvicorn.Config(
        app, access_log=False, log_config=None, lifespan="on", timeout_graceful_shutdown=5
    )
    uvicorn.Server(config).run(sockets=[ear])


def signer_command(metrics_fd: Fd = None) -> None:
    """Alone holds the seal key: serial in, signature out."""
    settings, folder, uids = _begin()
    run = RunFile.read(folder.path)
    assert run.signer_socket is not None, "run.json names the signer's socket"
    path = Path(run.signer_socket)
    become(uids.signer, "bubuh.signer", supervised=settings.supervised)
    serve_metrics(metrics_fd)
    stop = asyncio.Event()
    allowed = frozenset({os.geteuid() if uids.app is None else uids.app})

    async def serve() -> None:
        keys = load_seal_keys(folder)
        async with await Database.open(settings.database_url or run.databases[SIGNER], size=2) as db:
            await SignerServer(db, keys, allowed_uids=allowed).serve(path, stop)

    run_until_signalled(serve(), stop)


def _begin() -> tuple[Settings, DataFolder, Uids]:
    settings = Settings.from_env()
    set_up_logs(settings)
    return settings, DataFolder(data_folder(settings)), Uids.here()


def _listen(host: str, port: int) -> socket.socket:
    ear = socket.socket()
    ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    ear.bind((host, port))
    ear.listen(1024)
    return ear


async def _stop_when_lost(sandbox: Sandbox, server: uvicorn.Server) -> None:
    """A web process without its sandbox ends, and its supervisor starts another."""
    await sandbox.gone()
    server.should_exit = True
