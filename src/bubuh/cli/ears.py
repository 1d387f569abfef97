"""Listening sockets."""

from __future__ import annotations

import socket

from bubuh.core.errors import Fault


class PortTaken(Fault):
    """Somebody listens there already."""

    code = "port_taken"


def listen(host: str, port: int) -> socket.socket:
    """A listening socket at `host` and `port` (0: any); raises `PortTaken`."""
    ear = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        ear.bind((host, port))
    except OSError as error:
        ear.close()
        raise PortTaken(f"cannot listen on {host}:{port}: {error.strerror}") from error
    ear.listen(1024)
    return ear


def address_of(ear: socket.socket) -> str:
    """Where `ear` can be reached from this machine, as a URL."""
    host, port = ear.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - all addresses: ours among them
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
