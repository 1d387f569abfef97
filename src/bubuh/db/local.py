"""A real PostgreSQL of our own on this machine, for `bubuh up` and for the tests."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Coroutine, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Self

import asyncpg

from bubuh.core.errors import Fault
from bubuh.db.binaries import Binaries, find_binaries, reachable_by
from bubuh.db.home import DATABASE, SUPERUSER, Home, held, keep_passwords, note_home, settle_home
from bubuh.db.postmaster import end, evict, spawn
from bubuh.db.rights import Owner, make_folder, server_owner, sync_folder
from bubuh.db.roles import ROLES, ensure_database, ensure_roles

_TRIES: Final = 3
_LOCK_PATIENCE_S: Final = 10.0  #: a killed parent may need a moment to be gone
_LOG_BYTES: Final = 10 * 1024 * 1024  #: a larger log is set aside at the next start
_SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": "",  # the socket only
    "port": "5432",  # a part of the socket's name
    "password_encryption": "scram-sha-256",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # After a crash the file system is flushed at once, not file by file, which takes seconds. Linux reports
    # what it could not write then, as it does for each file, from 5.8 on (Debian 11 has 5.10).
    "recovery_init_sync_method": "syncfs",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_error_verbosity": "terse",  # DETAIL quotes rows, and rows hold personal data
    "log_min_error_statement": "panic",
}


class CannotStart(Fault):
    """Our PostgreSQL did not come up; the end of its log is part of the message."""

    code = "database_cannot_start"


class WrongMajor(Fault):
    """The cluster was made by another major version than the programs at hand."""

    code = "database_wrong_major"


class LocalPostgres:
    """One cluster and the server on it. Hold it as long as the database is wanted, then `stop` it.

    `start`, `restart` and `stop` belong to the main thread and block it (a warm start takes 0.2 s).
    """

    def __init__(self, data: Path, *, uids: Mapping[str, int] | None = None) -> None:
        """`uids` says who reads the pass file of a role; the others are ours."""
        self.data = data.absolute()
        self.owner: Owner = server_owner()
        self.home: Home = settle_home(self.data, self.owner)
        self.log: Path = make_folder(self.data / "logs", 0o755) / "postgresql.log"
        self._uids = {role: os.geteuid() for role in (SUPERUSER, *ROLES)} | dict(uids or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._held = ExitStack()

    def start(self, *, ready_within_s: float = 300.0) -> Self:
        """Serve: make the cluster when there is none, end what a killed predecessor left, start, wait.

        Raises:
            AlreadyRunning: a living process serves this data folder.
            WrongMajor: the cluster needs other programs.
            CannotStart: the server ended, or was not ready in time (crash recovery counts).
        """
        self._held.enter_context(held(self.home, timeout_s=_LOCK_PATIENCE_S))
        try:
            self._start(ready_within_s)
        except BaseException:
            self.stop()
            raise
        return self

    def restart(self, *, ready_within_s: float = 300.0) -> None:
        """Serve again after the server died; raises as `start` does."""
        assert self._held is not None
        if self._process is not None:
            end(self._process)
        self._start(ready_within_s)

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, committed ones are kept. Repeating it is fine."""
        if self._process is not None:
            end(self._process)
            self._process = None
        self._held.close()

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the postmaster runs; reaps it when it does not."""
        return self._process is not None and self._process.poll() is None

    def dsn(self, role: str, *, database: str = DATABASE) -> str:
        """How `role` connects; see `Home.dsn`."""
        return self.home.dsn(role, database=database)

    def _start(self, ready_within_s: float) -> None:
        binaries = reachable_by(self.owner, find_binaries(), self.home.folder)
        passwords = keep_passwords(self.home, self._uids)
        if not self.home.cluster.is_dir():
            _make_cluster(binaries, self.home, self.owner, passwords[SUPERUSER])
            note_home(self.data, self.home)
        _check_major(binaries, self.home)
        for attempt in range(1, _TRIES + 1):
            evict(self.home)
            self._process = _launch(binaries, self.home, self.owner, self.log)
            if _until_ready(self._process, self.dsn(SUPERUSER, database="postgres"), ready_within_s):
                break
            end(self._process)
            if attempt == _TRIES:
                raise CannotStart(f"PostgreSQL does not start; the end of {self.log}:\n{_tail(self.log)}")
        _in_a_loop(
            _prepare(self.dsn(SUPERUSER, database="postgres"), {role: passwords[role] for role in ROLES})
        )


def _launch(binaries: Binaries, home: Home, owner: Owner, log: Path) -> subprocess.Popen[bytes]:
    settings = {**_SETTINGS, "unix_socket_directories": str(home.sockets)}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    if log.is_file() and log.stat().st_size > _LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
    with log.open("ab") as output:
        log.chmod(0o640)
        return spawn([binaries.program("postgres"), "-D", home.cluster, *options], owner, output)


def _make_cluster(binaries: Binaries, home: Home, owner: Owner, password: str) -> None:
    """A new cluster, whole or not at all: it gets its name when it is complete and on disk."""
    unfinished, hint = home.folder / "cluster.unfinished", home.folder / "initdb.password"
    shutil.rmtree(unfinished, ignore_errors=True)
    make_folder(unfinished, 0o700, uid=owner.uid)
    hint.touch(mode=0o600)
    os.chown(hint, owner.uid, -1)
    hint.write_text(password + "\n", encoding="utf-8")
    try:
        run = spawn(
            [
                binaries.program("initdb"),
                f"--pgdata={unfinished}",
                f"--username={SUPERUSER}",
                f"--pwfile={hint}",
                "--auth-local=scram-sha-256",
                "--auth-host=reject",
                "--encoding=UTF8",
                "--locale=C",
                "--data-checksums",
            ],
            owner,
            subprocess.PIPE,
        )
        words, _ = run.communicate()
    finally:
        hint.unlink()
    if run.returncode != 0:
        raise CannotStart(f"initdb failed:\n{words.decode(errors='replace')}")
    unfinished.rename(home.cluster)
    sync_folder(home.folder)


def _check_major(binaries: Binaries, home: Home) -> None:
    made_by = (home.cluster / "PG_VERSION").read_text(encoding="utf-8").strip()
    if made_by != str(binaries.major):
        raise WrongMajor(
            f"the cluster in {home.cluster} was made by PostgreSQL {made_by}, and the programs in "
            f"{binaries.folder} are version {binaries.version}: install version {made_by} again, dump with "
            "its pg_dump, and restore into a new data folder"
        )


def _until_ready(process: subprocess.Popen[bytes], dsn: str, ready_within_s: float) -> bool:
    """Whether the server takes connections; false when it ended or took too long."""
    give_up = time.monotonic() + ready_within_s
    while process.poll() is None and time.monotonic() < give_up:
        if _in_a_loop(_answers(dsn)):
            return True
        time.sleep(0.02)
    return False


async def _answers(dsn: str) -> bool:
    try:
        conn = await asyncpg.connect(dsn, timeout=10)
    except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
        return False
    await conn.close()
    return True


async def _prepare(dsn: str, passwords: Mapping[str, str]) -> None:
    conn = await asyncpg.connect(dsn, timeout=10)
    try:
        await ensure_roles(conn, passwords)
        await ensure_database(conn, DATABASE)
    finally:
        await conn.close()


def _in_a_loop(work: Coroutine[object, object, object]) -> object:
    """Run `work` to its end in a loop of its own, also when the caller stands inside one."""
    answers: list[object] = []
    faults: list[BaseException] = []

    def run() -> None:
        try:
            answers.append(asyncio.run(work))
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread below
            faults.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if faults:
        raise faults[0]
    return answers[0]


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])


def start(data: Path, *, uids: Mapping[str, int] | None = None) -> LocalPostgres:
    """A served cluster in the data folder `data`; see `LocalPostgres.start`."""
    return LocalPostgres(data, uids=uids).start()
