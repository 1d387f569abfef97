from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from tests.conftest import database_folder, forget

from bubuh.db import local
from bubuh.db.binaries import NoPostgres, find_binaries, reachable_by
from bubuh.db.home import SUPERUSER, AlreadyRunning, HomeLost, settle_home
from bubuh.db.local import CannotStart, LocalPostgres, WrongMajor
from bubuh.db.postmaster import residents
from bubuh.db.rights import can_enter, server_owner
from bubuh.db.roles import APP, OWNER, ROLES, SIGNER

WARM_START_S = 3.0  # 0.2 s alone on the machine; the gate shares it with other tests


@pytest.fixture
def data() -> Iterator[Path]:
    """An empty data folder, removed with its database."""
    folder = database_folder()
    yield folder
    forget(folder)


@pytest.fixture(scope="module")
def stopped() -> Iterator[Path]:
    """A data folder with a cluster that nobody serves, to be copied: a quarter of the time of making one."""
    folder = database_folder()
    local.start(folder).stop()
    yield folder
    forget(folder)


@pytest.fixture
def server(stopped: Path, data: Path) -> Iterator[LocalPostgres]:
    subprocess.run(["cp", "-a", f"{stopped}/.", data], check=True)
    running = local.start(data)
    yield running
    running.stop()


def ask(server: LocalPostgres, sql: str, *, role: str = SUPERUSER) -> object:
    async def once() -> object:
        conn = await asyncpg.connect(server.dsn(role))
        try:
            return await conn.fetchval(sql)
        finally:
            await conn.close()

    return asyncio.run(once())


def test_every_role_enters_with_its_password_and_nobody_without(server: LocalPostgres) -> None:
    for role in (SUPERUSER, *ROLES):
        assert ask(server, "SELECT current_user", role=role) == role
        passfile = server.home.passwords / role
        assert passfile.stat().st_mode & 0o777 == 0o600
        assert passfile.read_text().strip().rpartition(":")[2] not in server.dsn(role)
    with pytest.raises(asyncpg.InvalidPasswordError):
        asyncio.run(asyncpg.connect(server.dsn(APP).partition("&passfile")[0], password="guess"))


def test_it_runs_as_agreed(server: LocalPostgres) -> None:
    agreed = {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "data_checksums": "on",
        "listen_addresses": "",
        "lc_collate": "C",
        "server_encoding": "UTF8",
        "TimeZone": "UTC",
        "max_wal_size": "8GB",
        "password_encryption": "scram-sha-256",
    }
    collation = "SELECT datcollate FROM pg_database WHERE datname = current_database()"
    found = {
        name: ask(server, collation if name == "lc_collate" else f"SHOW {name}", role=APP) for name in agreed
    }
    assert found == agreed
    assert ask(server, "SHOW statement_timeout", role=APP) == "10s"
    assert ask(server, "SHOW lock_timeout", role=SIGNER) == "2s"
    assert ask(server, "SHOW statement_timeout", role=OWNER) == "0"
    rules = (server.home.cluster / "pg_hba.conf").read_text()
    methods = {line.split()[-1] for line in rules.splitlines() if line and not line.startswith("#")}
    assert methods == {"scram-sha-256", "reject"}


def test_a_second_start_is_warm_and_finds_everything(server: LocalPostgres, data: Path) -> None:
    ask(server, "CREATE TABLE kept AS SELECT 7 AS n")
    server.stop()
    began = time.monotonic()
    again = local.start(data)
    took = time.monotonic() - began
    try:
        assert ask(again, "SELECT n FROM kept") == 7
        assert took < WARM_START_S
    finally:
        again.stop()


def test_stopping_leaves_no_process_and_no_lock(server: LocalPostgres) -> None:
    server.stop()
    server.stop()
    assert residents(server.home.cluster) == []
    assert not (server.home.cluster / "postmaster.pid").exists()


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


def test_another_major_version_is_refused_by_name(server: LocalPostgres, data: Path) -> None:
    server.stop()
    (server.home.cluster / "PG_VERSION").write_text("12\n")
    with pytest.raises(WrongMajor, match="made by PostgreSQL 12"):
        local.start(data)


def test_a_first_start_that_was_cut_is_begun_anew(data: Path) -> None:
    unfinished = settle_home(data, server_owner()).folder / "cluster.unfinished"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")
    server = local.start(data)
    server.stop()
    assert not unfinished.exists()


def test_a_server_that_cannot_start_says_why(server: LocalPostgres, data: Path) -> None:
    server.stop()
    shutil.rmtree(server.home.cluster / "global")
    with pytest.raises(CannotStart, match="could not find the database system"):
        local.start(data)


def test_without_any_postgresql_the_message_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bubuh.db.binaries.WHEEL", "not_installed_here")
    monkeypatch.setattr("bubuh.db.binaries.SYSTEM", Path("/nowhere"))
    with pytest.raises(NoPostgres, match="BUBUH_DATABASE_URL"):
        find_binaries()


def test_the_systems_own_programs_serve_when_the_wheel_is_absent(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bubuh.db.binaries.WHEEL", "not_installed_here")
    try:
        system = find_binaries()
    except NoPostgres:
        pytest.skip("no system package of PostgreSQL on this machine")
    server = local.start(data)
    try:
        assert ask(server, "SHOW server_version_num", role=APP) is not None
        assert (server.home.cluster / "PG_VERSION").read_text().strip() == str(system.major)
    finally:
        server.stop()


def test_a_long_path_gets_its_socket_elsewhere(data: Path) -> None:
    long = data / ("a" * 60) / ("b" * 60)
    long.mkdir(parents=True)
    server = local.start(long)
    try:
        assert len(os.fsencode(server.home.sockets)) < 60
        assert ask(server, "SELECT 1", role=APP) == 1
        server.stop()
        assert settle_home(long, server_owner()).sockets == server.home.sockets
    finally:
        server.stop()
        shutil.rmtree(server.home.sockets)


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="only root has another user to give way to")
class TestAsRoot:
    def test_it_runs_as_nobody_without_groups(self, server: LocalPostgres) -> None:
        status = dict(
            line.split(":\t", 1)
            for line in Path(f"/proc/{server.pid}/status").read_text().splitlines()
            if "\t" in line
        )
        owner = server_owner()
        assert owner.uid != 0
        assert status["Uid"].split() == [str(owner.uid)] * 4
        assert status["Gid"].split() == [str(owner.gid)] * 4
        assert status["Groups"].split() == []

    def test_a_data_folder_in_roots_home_has_its_cluster_elsewhere(self, data: Path) -> None:
        closed = data / "home"
        closed.mkdir(mode=0o700)
        inside = closed / "data"
        inside.mkdir()
        server = local.start(inside)
        try:
            assert not server.home.folder.is_relative_to(data)
            assert can_enter(server.home.folder, server_owner())
            assert ask(server, "SELECT 1", role=APP) == 1
            server.stop()
            assert settle_home(inside, server_owner()) == server.home
            assert closed.stat().st_mode & 0o777 == 0o700, "nobody's home is opened for us"
            shutil.rmtree(server.home.cluster)
            with pytest.raises(HomeLost):
                local.start(inside)
        finally:
            server.stop()
            shutil.rmtree(server.home.folder)

    def test_programs_in_roots_home_are_copied(self, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        found = find_binaries()
        if found.folder.parent.name != "pginstall":
            pytest.skip("the wheel is not installed")
        package = found.folder.parents[1]
        closed = data / "closed"
        closed.mkdir(mode=0o700)
        shutil.copytree(package, closed / package.name, symlinks=True)
        shutil.copytree(
            package.with_name(f"{package.name}.libs"), closed / f"{package.name}.libs", symlinks=True
        )
        (closed / package.name / "__init__.py").write_text("raise SystemExit('never imported')\n")
        monkeypatch.syspath_prepend(str(closed))
        monkeypatch.delitem(sys.modules, package.name, raising=False)
        hidden = find_binaries()
        assert hidden.folder.is_relative_to(closed)
        assert reachable_by(server_owner(), hidden, data).folder.is_relative_to(
            data / f"postgresql-{hidden.version}"
        )
        server = local.start(data)
        try:
            assert ask(server, "SELECT 1", role=APP) == 1
            program = Path(f"/proc/{server.pid}/exe").readlink()
            assert program.is_relative_to(server.home.folder)
        finally:
            server.stop()

    def test_each_pass_file_belongs_to_the_uid_that_needs_it(self, data: Path) -> None:
        server = local.start(data, uids={APP: 21002, SIGNER: 21001})
        try:
            owners = {role: (server.home.passwords / role).stat().st_uid for role in (SUPERUSER, *ROLES)}
            assert owners == {SUPERUSER: 0, OWNER: 0, APP: 21002, SIGNER: 21001}
        finally:
            server.stop()
