"""Where a local PostgreSQL keeps its cluster, sockets and passwords."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from bubuh.core.errors import Fault
from bubuh.db.rights import Owner, can_enter, make_folder, write_whole

ELSEWHERE: Final = Path("/var/lib/bubuh")  #: when PostgreSQL's user cannot walk to the data folder
LONGEST_SOCKET: Final = 100  #: bytes; the kernel takes 107
SOCKET_NAME: Final = ".s.PGSQL.5432"
DATABASE: Final = "bubuh"
SUPERUSER: Final = "postgres"


class HomeLost(Fault):
    """The data folder names a cluster that is not there (any more)."""

    code = "database_home_lost"


class AlreadyRunning(Fault):
    """Another living process serves this data folder."""

    code = "already_running"


@dataclass(frozen=True, slots=True)
class Home:
    """The folder around one cluster; every user of the database can walk to it."""

    folder: Path
    sockets: Path

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data folder."""
        return self.folder / "cluster"

    @property
    def passwords(self) -> Path:
        """One pass file a role, each readable by one uid alone."""
        return self.folder / "passwords"

    def dsn(self, role: str, *, database: str = DATABASE) -> str:
        """How `role` connects. The address holds no password, only where its reader finds one."""
        passfile = quote(str(self.passwords / role), safe="/")
        sockets = quote(str(self.sockets), safe="/")
        return f"postgresql://{role}@/{database}?host={sockets}&port=5432&passfile={passfile}"


def settle_home(data: Path, owner: Owner) -> Home:
    """The home of the data folder `data`: inside it, or elsewhere when `owner` could not walk there.

    Raises:
        HomeLost: the data folder says where its cluster is, and it is not there.
    """
    make_folder(data / "pg", 0o711)
    note = data / "pg" / "place"
    if note.is_file():
        folder = Path(note.read_text(encoding="utf-8").strip())
        if not (folder / "cluster").is_dir():
            raise HomeLost(f"{note} says that the database lives in {folder}, and it is not there")
    elif can_enter(data / "pg", owner):
        folder = data / "pg"
    else:
        folder = ELSEWHERE / hashlib.sha256(str(data.resolve()).encode()).hexdigest()[:16]
    make_folder(folder, 0o711)
    make_folder(folder / "passwords", 0o711)
    return Home(folder.resolve(), _sockets(folder.resolve(), owner))


def note_home(data: Path, home: Home) -> None:
    """Write into `data` where its cluster is, once there is one."""
    if home.folder != (data / "pg").resolve():
        write_whole(data / "pg" / "place", f"{home.folder}\n")


def keep_passwords(home: Home, roles: Mapping[str, int]) -> dict[str, str]:
    """The password of each role, made when absent, in a file that only its uid can read."""
    return {role: _keep_password(home.passwords / role, role, uid) for role, uid in roles.items()}


def _keep_password(passfile: Path, role: str, uid: int) -> str:
    if not passfile.is_file():
        write_whole(passfile, f"*:*:*:{role}:{secrets.token_urlsafe(32)}\n", mode=0o600, uid=uid)
    elif passfile.stat().st_uid != uid:
        os.chown(passfile, uid, -1)
    return passfile.read_text(encoding="utf-8").strip().rpartition(":")[2]


def _sockets(folder: Path, owner: Owner) -> Path:
    """A folder for the socket: inside the home, or a short one of our own when that path is too long."""
    inside = folder / "run"
    if len(os.fsencode(inside / SOCKET_NAME)) < LONGEST_SOCKET:
        return make_folder(inside, 0o711, uid=owner.uid)
    note = folder / "sockets"
    if note.is_file():
        kept = Path(note.read_text(encoding="utf-8").strip())
        if kept.is_dir() and not kept.is_symlink() and kept.stat().st_uid == owner.uid:
            return kept
    fresh = Path(tempfile.mkdtemp(prefix="bubuh-", dir="/tmp"))
    write_whole(note, f"{fresh}\n")
    return make_folder(fresh, 0o711, uid=owner.uid)


_HELD: set[Path] = set()  # lockf does not stop a process from taking its own lock twice


@contextmanager
def held(home: Home, *, timeout_s: float) -> Iterator[None]:
    """Hold `home` against every other process, as long as we live; raises `AlreadyRunning`.

    A record lock: children do not inherit it, and the kernel drops it when we are killed.
    """
    if home.folder in _HELD:
        raise AlreadyRunning(f"this process already serves {home.folder}")
    with (home.folder / "lock").open("a+", encoding="utf-8") as file:
        _lock(file.fileno(), home, timeout_s)
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        _HELD.add(home.folder)
        try:
            yield
        finally:
            _HELD.discard(home.folder)


def _lock(handle: int, home: Home, timeout_s: float) -> None:
    give_up = time.monotonic() + timeout_s
    while True:
        try:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if time.monotonic() > give_up:
                holder = (home.folder / "lock").read_text(encoding="utf-8").strip()
                raise AlreadyRunning(f"process {holder or '?'} serves {home.folder}") from error
            time.sleep(0.05)
        else:
            return
