"""A zygote whose children do their worst: what a document could do that has taken over its reader.

Run by the tests as a program of its own, through the same door as the service's zygote.
"""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import mmap
import os
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bubuh.core.errors import Refusal
from bubuh.core.privileges import preload
from bubuh.pdf.refusals import DocumentRefused, OutsidePage, Reason
from bubuh.sandbox.child import Job
from bubuh.sandbox.limits import MIB, Life, Limits
from bubuh.sandbox.start import start

LIBC = ctypes.CDLL(None, use_errno=True)
SYS_PTRACE_ATTACH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What to do, by name, and to which process or file."""

    name: str
    number: int = 0
    path: str = ""


class Homemade(Refusal):
    """A refusal no owner knows."""


def memory_until_none(_: Deed) -> object:
    """Take all there is, let go, and tell the peak in bytes."""
    hoard = []
    try:
        while True:
            hoard.append(b"\1" * (4 * MIB))
    except MemoryError:
        hoard.clear()
    return str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


def memory_for_ever(_: Deed) -> object:
    hoard = []
    while True:
        hoard.append(b"\1" * (4 * MIB))


def memory_abort(_: Deed) -> object:
    """As a library in C++ or Rust that will not hear of a failed allocation."""
    hoard = []
    try:
        while True:
            hoard.append(b"\1" * (4 * MIB))
    except MemoryError:
        os.abort()


def spin(_: Deed) -> object:
    while True:
        pass


def spin_deaf(_: Deed) -> object:
    signal.signal(signal.SIGXCPU, signal.SIG_IGN)
    while True:
        pass


def burn(deed: Deed) -> object:
    """Compute for so many milliseconds."""
    until = time.process_time() + deed.number / 1000
    while time.process_time() < until:
        pass
    return "done"


REMEMBERED: list[str] = []


def remember(deed: Deed) -> object:
    """What earlier documents left here."""
    REMEMBERED.append(deed.path)
    return " ".join(REMEMBERED[:-1])


def speak_out_of_turn(_: Deed) -> object:
    """Tell the zygote that more was done than asked."""
    write_everywhere(b"done")
    write_everywhere(b"done")
    return "done"


def memory_kept(_: Deed) -> object:
    """Take more than an inspector may keep, and less than a document may take."""
    REMEMBERED.append("x" * (96 * MIB))
    return "done"


def hoard_files(_: Deed) -> object:
    """As many copies of the answer as this process may hold open."""
    held = 0
    try:
        while True:
            os.dup(0)
            held += 1
    except OSError:
        return str(held)


def write_everywhere(data: bytes) -> None:
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, data)
        except OSError:
            continue


def garbage(_: Deed) -> object:
    write_everywhere(b"\0\0\0\0\4garbage")
    os._exit(0)


def two_answers(_: Deed) -> object:
    write_everywhere(b"\0\0\0\0\5\xa4fine")
    return "fine"


def nothing(_: Deed) -> object:
    os._exit(0)


def refuse(deed: Deed) -> object:
    if deed.path == "document":
        raise DocumentRefused(reason=Reason.XFA, where="/AcroForm")
    if deed.path == "place":
        raise OutsidePage(pointer="/x", x=1.0, y=2.0, width=70.0, seen=(100.0, 200.0))
    if deed.path == "long":
        raise DocumentRefused(reason=Reason.XFA, where="x" * 10_000)
    if deed.path == "reason":
        raise DocumentRefused(reason="sounds_fine")  # type: ignore[arg-type]
    raise Homemade(account_id=1)


def raise_key_error(_: Deed) -> object:
    return DEEDS["nothing by this name"]


def recurse(deed: Deed) -> object:
    return recurse(deed)


def times(deed: Deed) -> object:
    begun = time.monotonic()
    time.sleep(deed.number / 1000)
    return f"{begun} {time.monotonic()}"


def thread(_: Deed) -> object:
    threading.Thread(target=print).start()
    return "done"


def own_signal(deed: Deed) -> object:
    """Have the kernel send a signal in our name: another way to kill."""
    ours, _ = socket.socketpair()
    return fcntl.fcntl(ours, fcntl.F_SETOWN, deed.number)


def datagram_pair(_: Deed) -> object:
    """One end of it could be aimed at any named socket."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)


def checked(result: int) -> object:
    if result == -1:
        raise OSError(ctypes.get_errno(), "")
    return result


DEEDS: dict[str, Callable[[Deed], Any]] = {
    # what the kernel must refuse
    "socket": lambda _: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
    "unix_socket": lambda _: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM),
    "datagram_pair": datagram_pair,
    "open": lambda deed: os.open(deed.path, os.O_RDONLY),
    "create": lambda deed: os.open(deed.path, os.O_WRONLY | os.O_CREAT),
    "stat": lambda deed: Path(deed.path).stat(),
    "list": lambda deed: list(Path(deed.path).iterdir()),
    "readlink": lambda _: Path("/proc/self/exe").readlink(),
    "unlink": lambda deed: Path(deed.path).unlink(),
    "memory_file": lambda _: os.memfd_create("more"),
    "fork": lambda _: os.fork(),
    "thread": thread,
    "kill": lambda deed: os.kill(deed.number, signal.SIGKILL),
    "own_signal": own_signal,
    "limits_of_other": lambda deed: resource.prlimit(deed.number, resource.RLIMIT_NOFILE, (0, 0)),
    "more_memory": lambda _: resource.setrlimit(resource.RLIMIT_DATA, (-1, -1)),
    "executable_memory": lambda _: mmap.mmap(-1, 4096, prot=mmap.PROT_EXEC, flags=mmap.MAP_PRIVATE),
    "shared_memory": lambda _: mmap.mmap(-1, 4096, flags=mmap.MAP_SHARED | mmap.MAP_ANONYMOUS),
    "priority": lambda _: os.nice(-5),
    # what the kernel must kill for
    "exec": lambda _: os.execv("/bin/true", ["true"]),
    "ptrace": lambda deed: checked(LIBC.ptrace(SYS_PTRACE_ATTACH, deed.number, 0, 0)),
    "other_memory": lambda deed: checked(LIBC.process_vm_readv(deed.number, 0, 0, 0, 0, 0)),
    "become_root": lambda _: os.setuid(0),
    "unshare": lambda _: checked(LIBC.unshare(0x20000)),
    # ways to end
    "memory_until_none": memory_until_none,
    "memory_for_ever": memory_for_ever,
    "memory_abort": memory_abort,
    "spin": spin,
    "spin_deaf": spin_deaf,
    "sleep": lambda deed: time.sleep(deed.number),
    "segfault": lambda _: ctypes.string_at(0),
    "exit": lambda deed: os._exit(deed.number),
    "raise": raise_key_error,
    "recurse": recurse,
    # ways to lie
    "garbage": garbage,
    "two_answers": two_answers,
    "nothing": nothing,
    "giant": lambda deed: "x" * deed.number,
    "wrong_type": lambda _: 7,
    "refuse": refuse,
    "burn": burn,
    "speak_out_of_turn": speak_out_of_turn,
    # what stays behind
    "remember": remember,
    "memory_kept": memory_kept,
    "hoard_files": hoard_files,
    "pid": lambda _: str(os.getpid()),
    # ways to behave
    "who": lambda _: " ".join(map(str, (*os.getresuid(), *os.getresgid()))),
    "environment": lambda _: " ".join(sorted(os.environ)),
    "times": times,
}


def do(deed: Deed, document: bytes) -> object:
    """The deed's outcome; what the kernel refused, by the name of the error's class and number."""
    if deed.name == "echo":
        return document.decode()
    if deed.name == "digest":
        return hashlib.sha256(document).hexdigest()
    try:
        outcome = DEEDS[deed.name](deed)
    except OSError as error:
        return f"refused {error.errno}"
    except RuntimeError as error:
        return f"refused {error}" if "thread" in str(error) else "recursion"
    except ValueError as error:
        return f"refused {error}"
    return outcome if isinstance(outcome, (str, int)) else "done"


if __name__ == "__main__":
    preload()
    sys.setrecursionlimit(1000)
    documents = int(sys.argv.pop(1)) if sys.argv[1].isdigit() else 500
    start(
        {"deed": Job(Deed, do)},
        limits=Limits(cpu_s=2, wall_s=5.0, answer_bytes=4 * MIB),
        life=Life(documents=documents, worn_bytes=96 * MIB),
    )
