"""What is left when PostgreSQL or its parent was killed, and what a start makes of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bubuh.db import local
from bubuh.db.home import AlreadyRunning
from bubuh.db.local import LocalPostgres
from bubuh.db.postmaster import residents
from bubuh.db.roles import APP
from tests.db.conftest import ask


def test_a_killed_postmaster_is_followed_by_a_new_one(server: LocalPostgres) -> None:
    ask(server, "CREATE TABLE kept AS SELECT 7 AS n")
    before = server.pid
    os.kill(before, signal.SIGKILL)  # it stays a zombie of ours, and its lock file names a pid that answers
    server.restart()
    assert server.pid != before
    assert server.is_alive
    assert ask(server, "SELECT n FROM kept") == 7


def test_orphans_deep_in_a_statement_do_not_hold_up_a_restart(server: LocalPostgres) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", BUSY, server.dsn(APP)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment(),
    ) as client:
        assert client.stdout is not None
        backend = int(client.stdout.readline())
        while ask(server, f"SELECT state FROM pg_stat_activity WHERE pid = {backend}") != "active":
            assert client.poll() is None
        os.kill(server.pid, signal.SIGKILL)
        began = time.monotonic()
        server.restart()
        assert time.monotonic() - began < 10
        assert backend not in residents(server.home.cluster)
        client.kill()


def test_a_recycled_pid_in_the_lock_file_does_not_stop_a_start(server: LocalPostgres, data: Path) -> None:
    server.stop()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        for stale in (server.home.cluster / "postmaster.pid", server.home.sockets / ".s.PGSQL.5432.lock"):
            stale.write_text(
                f"{stranger.pid}\n{server.home.cluster}\n1\n5432\n{server.home.sockets}\n\n0 0\n"
            )
        again = local.start(data)
        again.stop()
        assert stranger.poll() is None, "a stranger is never signalled"
        stranger.kill()


BUSY = """
import asyncio, asyncpg, sys
async def main():
    conn = await asyncpg.connect(sys.argv[1])
    print(conn.get_server_pid(), flush=True)
    await conn.execute("DO $$ BEGIN FOR i IN 1..2000000000 LOOP END LOOP; END $$")
asyncio.run(main())
"""


def environment() -> dict[str, str]:
    """Ours, so that a child finds the same modules."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


CHILD = """
import signal, sys
from pathlib import Path
from bubuh.db import local
server = local.start(Path(sys.argv[1]))
print(server.pid, flush=True)
signal.pause()
"""


def parent_of_postgres(data: Path) -> tuple[subprocess.Popen[str], int]:
    """Another process that serves `data`, and its postmaster's pid."""
    parent = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(data)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert parent.stdout is not None
    return parent, int(parent.stdout.readline())


def test_a_killed_parent_takes_its_server_along(data: Path) -> None:
    parent, postmaster = parent_of_postgres(data)
    parent.kill()
    parent.communicate()
    cluster = data / "pg" / "cluster"
    give_up = time.monotonic() + 20
    while residents(cluster):
        assert time.monotonic() < give_up, f"{postmaster} outlives its parent"
        time.sleep(0.02)
    assert "received fast shutdown request" in (data / "logs" / "postgresql.log").read_text()


def test_a_start_right_after_the_parent_was_killed_never_makes_two(data: Path) -> None:
    parent, postmaster = parent_of_postgres(data)
    os.kill(postmaster, signal.SIGSTOP)  # an orphan that cannot follow its parent
    parent.kill()
    parent.communicate()
    resume = subprocess.Popen(["sh", "-c", f"sleep 0.5; kill -CONT {postmaster}"])
    server = local.start(data)
    try:
        assert resume.wait() == 0
        assert ask(server, "SELECT 1") == 1
        assert postmaster not in residents(server.home.cluster)
        assert server.pid in residents(server.home.cluster)
    finally:
        server.stop()


def test_two_processes_never_serve_one_folder(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bubuh.db.local._LOCK_PATIENCE_S", 0.1)
    parent, postmaster = parent_of_postgres(data)
    try:
        with pytest.raises(AlreadyRunning, match=str(parent.pid)):
            local.start(data)
        assert postmaster in residents(data / "pg" / "cluster")
    finally:
        parent.terminate()
        parent.communicate()


def test_one_process_never_serves_one_folder_twice(server: LocalPostgres, data: Path) -> None:
    with pytest.raises(AlreadyRunning):
        local.start(data)
    assert ask(server, "SELECT 1") == 1
