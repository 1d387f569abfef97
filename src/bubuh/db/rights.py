"""Who a file belongs to and who can reach it: PostgreSQL never runs as root."""

from __future__ import annotations

import os
import pwd
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Owner:
    """The user that PostgreSQL runs as."""

    uid: int
    gid: int

    @property
    def is_us(self) -> bool:
        """Whether no change of user is needed."""
        return self.uid == os.geteuid()


def server_owner() -> Owner:
    """Ourselves; as root, `nobody`, because PostgreSQL refuses uid 0."""
    if os.geteuid() != 0:
        return Owner(os.geteuid(), os.getegid())
    nobody = pwd.getpwnam("nobody")
    return Owner(nobody.pw_uid, nobody.pw_gid)


def can_enter(folder: Path, owner: Owner) -> bool:
    """Whether `owner` may walk to `folder`: the x bit of it and of every parent, read from their modes."""
    real = folder.resolve()
    return all(_may_walk(step.stat(), owner) for step in (real, *real.parents))


def can_read(file: Path, owner: Owner) -> bool:
    """Whether `owner` may walk to `file` and read it, by modes alone."""
    real = file.resolve()
    return can_enter(real.parent, owner) and _may(real.stat(), owner, stat.S_IRUSR)


def make_folder(folder: Path, mode: int, *, uid: int | None = None) -> Path:
    """`folder`, made when absent, with exactly this mode whatever the umask, belonging to `uid`."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(mode)
    if uid is not None and folder.stat().st_uid != uid:
        os.chown(folder, uid, -1)
    return folder


def write_whole(path: Path, text: str, *, mode: int = 0o644, uid: int | None = None) -> None:
    """Replace `path` by `text`: after a power cut a reader finds the old file or the new one, whole."""
    handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), mode)
        if uid is not None and uid != os.geteuid():
            os.fchown(file.fileno(), uid, -1)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(unfinished).replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names inside `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _may_walk(step: os.stat_result, owner: Owner) -> bool:
    return _may(step, owner, stat.S_IXUSR)


def _may(step: os.stat_result, owner: Owner, bit: int) -> bool:
    """Whether the mode grants `bit`, given as the user's own, to `owner`."""
    if owner.uid == 0:
        return True
    shift = 0 if step.st_uid == owner.uid else 3 if step.st_gid == owner.gid else 6
    return bool(step.st_mode & (bit >> shift))
