"""Power cuts without a power cut: a file system in a file, copied at one moment while it is written.

What the copy holds is what the file system had handed to its device; what was only in the kernel's memory
is gone, as it would be without power. So a missing fsync shows, which kill -9 cannot see. What does not show
is a device that acknowledges and forgets: the copy believes each write that reached it, flushed or not.

The copy is of one moment: all who write stand still, and it is taken again when the kernel wrote meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.kit import mounted, program

MEMORY = Path("/dev/shm")
SIZE_BYTES = 768 * 2**20
TRIES = 50


@dataclass(frozen=True)
class Disk:
    """A mounted file system and the file it lies in."""

    image: Path
    where: Path

    def written(self) -> str:
        """How much its device was asked to do so far."""
        device = (
            Path("/proc/self/mountinfo").read_text().split(f" {self.where} ")[1].split(" - ")[1].split()[1]
        )
        reads_and_writes = (Path("/sys/block") / Path(device).name / "stat").read_text().split()
        return " ".join(reads_and_writes[4:7] + reads_and_writes[15:16])

    def copy(self, target: Path, writers: list[int]) -> None:
        """The file system as it is on its device now, into file `target`."""
        for pid in writers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        try:
            for _ in range(TRIES):
                before = self.written()
                subprocess.run(["cp", "--sparse=always", self.image, target], check=True)
                if self.written() == before:
                    return
            raise AssertionError(f"the kernel wrote during each of {TRIES} copies")
        finally:
            for pid in writers:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)


@contextmanager
def disk() -> Iterator[Disk]:
    """A new ext4 in memory that writes by itself as seldom as it can."""
    make = program("mkfs.ext4")
    folder = Path(tempfile.mkdtemp(prefix="bubuh-power-", dir=MEMORY if MEMORY.is_dir() else None))
    folder.chmod(0o755)
    image = folder / "image"
    with image.open("wb") as file:
        file.truncate(SIZE_BYTES)
    subprocess.run([make, "-q", "-m", "0", "-E", "lazy_itable_init=0", image], check=True)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        yield stack.enter_context(plugged_in(image))


@contextmanager
def plugged_in(image: Path) -> Iterator[Disk]:
    """The file system in file `image`, its journal replayed as after a power cut."""
    where = image.with_name(f"{image.name}-mounted")
    where.mkdir()
    try:
        with mounted("-o", "loop,commit=300", what=str(image), where=where):
            yield Disk(image, where)
    finally:
        where.rmdir()
