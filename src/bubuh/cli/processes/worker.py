"""`bubuh worker`: leases stamps and affixes them."""

from __future__ import annotations

import asyncio
import socket
from importlib import import_module
from typing import Annotated

import typer

from bubuh.cli.processes.common import Fd, become, begin, run_until_signalled, serve_metrics
from bubuh.sandbox import Sandbox
from bubuh.wiring.levels import AUTHORITY


def worker_command(
    name: Annotated[
        str | None, typer.Option(help="The same at each start, no other worker's; default: the host's.")
    ] = None,
    metrics_fd: Fd = None,
) -> None:
    """Leases stamps and affixes them; asks gateways; sweeps."""
    settings, folder, uids = begin()
    with Sandbox.launch(uids.sandbox) as sandbox:  # before any right is given up or any secret is read
        worker = import_module("bubuh.worker.run")  # a second of loading, beside the sandbox's own
        authority = () if settings.tsa_url is None else (AUTHORITY,)
        become(uids.app, "bubuh.worker", "bubuh.wiring", *authority, parent_pid=settings.supervised_by)
        serve_metrics(metrics_fd)
        sandbox.until_ready()
        stop = asyncio.Event()
        who = name or f"{socket.gethostname()}-worker"
        run_until_signalled(worker.work(settings, folder, sandbox, name=who, stop=stop), stop)
