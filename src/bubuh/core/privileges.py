"""Giving up power for good: who each process is, what it imports before, and how it ends with its parent.

A process that has dropped its user id may no longer reach the interpreter it runs on: that often lies below
a home only root may enter. So a process that drops first loads its data files and opens what only root may
open, then imports everything (`preload`), then calls `drop_to`. A dropped process never starts Python again.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import pkgutil
import pwd
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_LIBC: Final = ctypes.CDLL(None, use_errno=True)

_NO_HOME: Final = "/nonexistent"  # Debian's word for it

_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38

#: What a library (the key) imports only when it is used, found by running it under an import hook and by
#: reading its function bodies. Imported only where the library already is.
_LATE: Final[Mapping[str, tuple[str, ...]]] = {
    "anyio": (
        "anyio._backends._asyncio",
        "anyio._core._asyncio_selector_thread",
        "anyio.from_thread",
        "anyio.lowlevel",
        "anyio.streams.memory",
        "anyio.streams.stapled",
        "anyio.streams.tls",
        "anyio.to_thread",
    ),
    "asyncio": (
        "asyncio.base_subprocess",
        "asyncio.sslproto",
        "asyncio.unix_events",
        "concurrent.futures.thread",
    ),
    "cryptography": ("cryptography.hazmat.backends.openssl.backend",),
    "datetime": ("_strptime", "zoneinfo"),
    "encodings": (
        "encodings.ascii",
        "encodings.cp1252",
        "encodings.idna",
        "encodings.latin_1",
        "encodings.punycode",
        "encodings.raw_unicode_escape",
        "encodings.unicode_escape",
        "encodings.utf_16",
        "encodings.utf_16_be",
        "encodings.utf_16_le",
        "encodings.utf_32",
        "encodings.utf_8_sig",
        "stringprep",
        "unicodedata",
    ),
    "httpx": ("certifi", "httpcore._async.http_proxy", "httpcore._backends.anyio", "netrc"),
    "jinja2": ("jinja2.constants", "jinja2.debug", "pprint", "textwrap"),
    "litestar": (
        "litestar._kwargs",
        "litestar._kwargs.cleanup",
        "litestar._kwargs.extractors",
        "litestar.concurrency",
        "litestar.logging.standard",
        "litestar.middleware.allowed_hosts",
        "litestar.middleware.csrf",
        "litestar.middleware._internal.exceptions",
        "litestar.middleware.response_cache",
        "litestar.openapi.plugins",
        "litestar.plugins.attrs",
        "litestar.plugins.pydantic",
    ),
    "pikepdf": ("pikepdf._named_dests", "pikepdf._page_copy", "pikepdf._xml", "pikepdf.models.image"),
    "pyhanko": (
        "pyhanko.pdf_utils.crypt._saslprep",
        "pyhanko.pdf_utils.crypt.pdfmac",
        "pyhanko.pdf_utils.filters",
        "pyhanko.pdf_utils.font.api",
        "pyhanko.pdf_utils.metadata.xmp_xml",
        "pyhanko.sign.fields",
        "pyhanko.sign.signers.pdf_cms",
        "pyhanko.sign.validation.pdf_embedded",
        "pyhanko_certvalidator.path",
        "pyhanko_certvalidator.validate",
    ),
    "rich": ("pygments.lexers.python", "pygments.unistring", "rich._emoji_codes", "rich.traceback"),
    "segno": ("segno.encoder", "segno.writers"),
    "traceback": ("linecache", "tokenize"),
    "uvicorn": (
        "uvicorn.lifespan.off",
        "uvicorn.lifespan.on",
        "uvicorn.loops.asyncio",
        "uvicorn.loops.auto",
        "uvicorn.loops.uvloop",
        "uvicorn.protocols.http.auto",
        "uvicorn.protocols.http.h11_impl",
        "uvicorn.protocols.http.httptools_impl",
        "uvicorn.protocols.websockets.auto",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Uids:
    """Which user each kind of process becomes. None: it stays who started it, for only root can change."""

    signer: int | None  #: alone may read the seal key
    app: int | None  #: web, worker and the development gateway
    sandbox: int | None  #: owns nothing
    postgres: int | None

    @classmethod
    def here(cls) -> Uids:
        """Separate numeric users when we are root, which need no entry in /etc/passwd; else none.

        Source: systemd, UIDS-GIDS: 60706 to 61183 are handed out neither by it nor by Debian.
        """
        if os.geteuid() != 0:
            return cls(signer=None, app=None, sandbox=None, postgres=None)
        return cls(signer=61001, app=61002, sandbox=61003, postgres=pwd.getpwnam("nobody").pw_uid)


def gid_of(uid: int) -> int:
    """The one group a process of `uid` has: its user's own if this machine names it, else the same number."""
    try:
        return pwd.getpwuid(uid).pw_gid
    except KeyError:
        return uid


def preload(*names: str) -> None:
    """Import `names` with all their submodules, and what the libraries by then imported would import later.

    To be called last before `drop_to`. A name that does not import fails here, before anything is served.
    """
    for name in names:
        _import_whole(name)
    done: set[str] = set()
    while todo := [library for library in _LATE if library in sys.modules and library not in done]:
        for library in todo:  # a late import may bring in another library that has late ones
            done.add(library)
            for name in _LATE[library]:
                importlib.import_module(name)


def drop_to(uid: int | None, *, parent_pid: int | None = None) -> None:
    """Become `uid` for good: no way back, no new privileges by exec, no core dump, files private.

    None keeps the user (we are not root) and makes the rest just as true. With `parent_pid` this process is
    killed when that parent ends; see `die_with_parent` for when the kernel may refuse to.
    """
    os.umask(0o077)
    if uid is not None:
        gid = gid_of(uid)
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        assert os.getresuid() == (uid, uid, uid)
        assert os.getresgid() == (gid, gid, gid)
        assert uid == 0 or not _may_be_root_again()
        os.environ["HOME"] = (
            _NO_HOME  # libraries look for settings there, and trip over a home closed to them
        )
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_SET_DUMPABLE, 0)  # no core, no ptrace, /proc/self/mem closed to others of the same user
    if parent_pid is not None:
        die_with_parent(parent_pid)  # only now: the kernel forgets it when credentials change


def die_with_parent(parent_pid: int, signal_no: signal.Signals = signal.SIGKILL) -> None:
    """Have the kernel send us `signal_no` when the thread that started us ends; at once if it has ended.

    The kernel delivers only what the dying parent might have sent itself: a parent that has dropped to one
    user cannot so end a child of another. Such a child must also watch a pipe or socket for its end.

    Source: prctl(2), PR_SET_PDEATHSIG.
    """
    _prctl(_PR_SET_PDEATHSIG, signal_no)
    if os.getppid() != parent_pid:
        os.kill(os.getpid(), signal_no)


def _import_whole(name: str) -> None:
    module = importlib.import_module(name)
    for found in pkgutil.iter_modules(getattr(module, "__path__", ()), prefix=f"{name}."):
        if not found.name.endswith(".__main__"):
            _import_whole(found.name)


def _may_be_root_again() -> bool:
    try:
        os.setuid(0)
    except PermissionError:
        return False
    return True


def _prctl(option: int, value: int) -> None:
    if _LIBC.prctl(ctypes.c_int(option), *map(ctypes.c_ulong, (value, 0, 0, 0))) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), f"prctl {option}")
