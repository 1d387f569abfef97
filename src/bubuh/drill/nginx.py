"""nginx with the configuration that is shipped, over a data folder of ours, on loopback and without TLS."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Final, Self

from bubuh.core.errors import Fault

SHIPPED: Final = Path(__file__).parents[3] / "deploy" / "nginx" / "bubuh.conf"
_READY_WITHIN_S: Final = 10.0
_HZ: Final = os.sysconf("SC_CLK_TCK")
_AROUND: Final = """\
{user}daemon off;
worker_processes {workers};
worker_rlimit_nofile 65536;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 16384; multi_accept on; }}
http {{
    sendfile on;
    tcp_nopush on;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/bubuh.conf;
}}
"""


class NginxNotReady(Fault):
    """nginx refused its configuration or does not listen; its words follow."""

    code = "nginx_not_ready"


def find_nginx() -> str | None:
    """Where it is: Debian keeps it where only root looks."""
    return shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")


class Nginx:
    """One server with its workers; `port` on loopback."""

    def __init__(self, program: str, folder: Path, port: int) -> None:
        """See `prepare`."""
        self.port = port
        self._command = [program, "-e", str(folder / "error.log"), "-p", str(folder), "-c", "nginx.conf"]
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def prepare(
        cls, folder: Path, *, program: str, data: Path, site_port: int, gate_port: int, workers: int = 1
    ) -> Self:
        """The shipped file with its marked lines changed, in `folder`, which nginx's user can walk to."""
        with socket.create_server(("127.0.0.1", 0)) as ear:
            port: int = ear.getsockname()[1]
        text = changed(SHIPPED.read_text(encoding="utf-8"), port, data, site_port, gate_port)
        (folder / "bubuh.conf").write_text(text, encoding="utf-8")
        user = "user nobody nogroup;\n" if os.geteuid() == 0 else ""
        around = _AROUND.format(folder=folder, user=user, workers=workers)
        (folder / "nginx.conf").write_text(around, encoding="utf-8")
        return cls(program, folder, port)

    def check(self) -> str:
        """What `nginx -t` says; raises `NginxNotReady`."""
        done = subprocess.run([*self._command, "-t"], capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise NginxNotReady(done.stderr)
        return done.stderr

    def start(self) -> None:
        """Start it, and wait until it listens; raises `NginxNotReady`."""
        self._process = subprocess.Popen(self._command, stderr=subprocess.DEVNULL)  # noqa: S603
        give_up = time.monotonic() + _READY_WITHIN_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError as error:
                if time.monotonic() > give_up or self._process.poll() is not None:
                    raise NginxNotReady(self.check()) from error
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """SIGTERM, and wait."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(_READY_WITHIN_S)

    def cpu_s(self) -> float:
        """Processor seconds of the server and its workers. Source: proc_pid_stat(5)."""
        assert self._process is not None
        master = self._process.pid
        children = Path(f"/proc/{master}/task/{master}/children").read_text(encoding="ascii").split()
        return sum(_cpu_s(pid) for pid in (str(master), *children))


def changed(text: str, port: int, data: Path, site_port: int, gate_port: int) -> str:
    """The shipped configuration with what is marked CHANGE made to fit."""
    text = re.sub(r"^ *ssl_\w+ .*\n", "", text, flags=re.MULTILINE)
    for old, new in (
        ("listen 443 ssl http2 backlog=16384;", f"listen 127.0.0.1:{port} backlog=16384;"),
        ("server 127.0.0.1:8000;", f"server 127.0.0.1:{site_port};"),
        ("server 127.0.0.1:8001;", f"server 127.0.0.1:{gate_port};"),
        ("set $bubuh_data /var/lib/bubuh;", f"set $bubuh_data {data};"),
    ):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def _cpu_s(pid: str) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _HZ
