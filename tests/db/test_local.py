from __future__ import annotations

import asyncio
import os
import shutil
import sys
import time
from pathlib import Path

import asyncpg
import pytest

from bubuh.db import local
from bubuh.db.binaries import NoPostgres, find_binaries, reachable_by
from bubuh.db.home import SUPERUSER, HomeLost, settle_home
from bubuh.db.local import CannotStart, LocalPostgres, WrongMajor
from bubuh.db.postmaster import residents
from bubuh.db.rights import can_enter, server_owner
from bubuh.db.roles import APP, OWNER, ROLES, SIGNER
from tests.db.conftest import ask

WARM_START_S = 3.0  # 0.2 s alone on the machine; the gate shares it with other tests


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
