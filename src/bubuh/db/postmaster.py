"""Processes of a local PostgreSQL: starting one, and ending what a killed predecessor left behind."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Final

from bubuh.core.errors import Fault
from bubuh.db.home import SOCKET_NAME, Home
from bubuh.db.rights import Owner

_LIBC: Final = ctypes.CDLL(None, use_errno=True)  # loaded before any fork
_PR_SET_PDEATHSIG: Final = 1
_ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
#: how to ask a server to end, politest first, and how long to wait before the next
_ENDINGS: Final = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0))
#: children whose postmaster was killed end by themselves, unless they are deep in a long statement
_HEADLESS_S: Final = 1.0


class WillNotEnd(Fault):
    """Processes of an earlier PostgreSQL are still there, even after SIGKILL."""

    code = "database_will_not_end"


def spawn(argv: Sequence[str | Path], owner: Owner, output: IO[bytes] | int) -> subprocess.Popen[bytes]:
    """Start `argv` as `owner`, in a session of its own; when we die it gets SIGINT, a fast shutdown.

    Only from the main thread: the kernel takes the death of the thread that forked for ours.
    """
    assert threading.current_thread() is threading.main_thread(), (
        "PostgreSQL must be started by the main thread"
    )
    drop = {} if owner.is_us else {"user": owner.uid, "group": owner.gid, "extra_groups": list[int]()}
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]  # noqa: S603 - no shell, our own paths
        [str(part) for part in argv],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd="/",  # ours may be a folder that `owner` cannot read
        env=_ENVIRONMENT,
        start_new_session=True,  # Ctrl-C at the terminal is for our parent to hand on, last to the database
        preexec_fn=_die_with_us(os.getpid()),  # noqa: PLW1509 - runs after the change of user, which clears it
        **drop,
    )


def _die_with_us(parent: int) -> Callable[[], None]:
    def arrange() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
        if os.getppid() != parent:  # we died before the call above
            os._exit(1)

    return arrange


def end(process: subprocess.Popen[bytes]) -> None:
    """Stop our own server: fast shutdown, and harsher only when that takes too long."""
    for ending, patience_s in _ENDINGS:
        if process.poll() is None:
            process.send_signal(ending)
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            continue
        return
    raise WillNotEnd(f"process {process.pid} does not end")


def evict(home: Home) -> None:
    """Leave no process and no lock file of an earlier server in `home`, so that never two run in it.

    The caller holds the home, so whoever is found there has lost its parent. A zombie counts as gone.
    """
    for ending, patience_s in _ENDINGS:
        if not residents(home.cluster):
            break
        headed = _signal_all(home.cluster, ending)
        _wait_until_empty(home.cluster, patience_s if headed else min(patience_s, _HEADLESS_S))
    if left := residents(home.cluster):
        raise WillNotEnd(f"processes {left} still use {home.cluster}")
    for stale in (
        home.cluster / "postmaster.pid",
        home.sockets / f"{SOCKET_NAME}.lock",
        home.sockets / SOCKET_NAME,
    ):
        stale.unlink(missing_ok=True)


def residents(cluster: Path) -> list[int]:
    """Living PostgreSQL processes that work in `cluster`: each has it as its current folder."""
    return [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and _lives_in(entry, cluster)
    ]


def _lives_in(entry: Path, cluster: Path) -> bool:
    try:
        return (entry / "cwd").readlink() == cluster and (entry / "comm").read_text() == "postgres\n"
    except OSError:  # ended meanwhile, a zombie, or another user's
        return False


def _signal_all(cluster: Path, ending: signal.Signals) -> bool:
    """Signal whom `ending` is for; answers whether a postmaster is among them.

    SIGINT means "fast shutdown" to a postmaster only; its children understand SIGQUIT and SIGKILL.
    """
    headed = False
    for pid in residents(cluster):
        is_postmaster = _is_postmaster(pid, cluster)
        headed = headed or is_postmaster
        if is_postmaster or ending is not signal.SIGINT:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, ending)
    return headed


def _is_postmaster(pid: int, cluster: Path) -> bool:
    try:
        return (cluster / "postmaster.pid").read_text().splitlines()[0].strip() == str(pid)
    except (OSError, IndexError):
        return False


def _wait_until_empty(cluster: Path, patience_s: float) -> None:
    give_up = time.monotonic() + patience_s
    while residents(cluster) and time.monotonic() < give_up:
        time.sleep(0.02)
