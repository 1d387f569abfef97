"""`bubuh web`: the site and the API."""

from __future__ import annotations

from importlib import import_module

import uvloop

from bubuh.cli.processes.common import Fd, Port, become, begin, ear, serve_metrics
from bubuh.sandbox import Sandbox


def web_command(port: Port = 8000, host: str = "127.0.0.1", fd: Fd = None, metrics_fd: Fd = None) -> None:
    """The site and the API."""
    settings, folder, uids = begin()
    listener = ear(fd, host=host, port=port)
    with Sandbox.launch(uids.sandbox) as sandbox:  # before any right is given up or any secret is read
        site = import_module("bubuh.cli.processes.site")  # a second of loading, beside the sandbox's own
        packages = ("bubuh.api", "bubuh.web", "bubuh.edge", "bubuh.wiring", "bubuh.asgi")
        become(uids.app, *packages, parent_pid=settings.supervised_by)
        serve_metrics(metrics_fd)
        sandbox.until_ready()
        uvloop.run(site.serve(settings, folder, sandbox, listener))
