"""`bubuh gateway`: the development gateway."""

from __future__ import annotations

import uvicorn

from bubuh.cli.processes.common import Fd, Port, become, begin, ear, serve_metrics
from bubuh.gateway_dev.app import create_app
from bubuh.gateway_dev.credentials import Credentials
from bubuh.settings import RunFile


def gateway_command(port: Port = 0, fd: Fd = None, metrics_fd: Fd = None) -> None:
    """The development gateway: takes no real money, and can be told to fail."""
    settings, folder, uids = begin()
    run = RunFile.read(folder.path)
    listener = ear(fd, port=port)
    become(uids.app, "bubuh.gateway_dev", parent_pid=settings.supervised_by)
    serve_metrics(metrics_fd)
    app = create_app(
        folder.gateway / "book.jsonl",
        Credentials(native=folder.read_secret("gateway.secret")),
        f"{run.web}/gateway/development/notices",
    )
    config = uvicorn.Config(
        app, access_log=False, log_config=None, lifespan="on", timeout_graceful_shutdown=5
    )
    uvicorn.Server(config).run(sockets=[listener])
