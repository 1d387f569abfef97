"""What an operator sets: the environment decoded once, and the addresses a running service writes down."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, Self

import msgspec

from bubuh.core.errors import Fault

PREFIX: Final = "BUBUH_"
TESTS: Final = "BUBUH_TEST"  #: variables that only our own tests read
RUN_FILE: Final = "run.json"
REFUND_LIMIT_IDR: Final = 1_000_000
PICTURES_MIB: Final = 32

_HOST: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,15}")


class BadSetting(Exception):
    """An environment variable cannot be used; the message names it and says what was expected."""


class NotRunning(Fault):
    """The data folder has no readable `run.json`: no service runs there."""

    code = "not_running"


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The environment, `BUBUH_DATA` as `data` and so on; an empty variable counts as absent."""

    data: Path = Path(".bubuh")  #: folder of everything this machine keeps
    database_url: str | None = None  #: somebody else's PostgreSQL; None: our own, in `data`
    public_url: Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s/]+(/[^\s]*[^/\s])?$")] | None = None
    accept_wait: Annotated[int, msgspec.Meta(ge=60)] = (
        86_400  #: seconds an accepted stamp may wait for its turn
    )
    api_key: str | None = None  #: whose account a command acts for; never shown
    behind_proxy: bool = False  #: a proxy on this machine stands before web: its X-Forwarded-For is believed
    supervised_by: int | None = None  #: process id of `bubuh up`, set for its children, which end with it
    owner_database_url: str | None = None  #: for migrations; default: database_url
    signer_database_url: str | None = None  #: the signer's own role; default: database_url
    tsa_url: Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s/]+(/\S*)?$")] | None = (
        None  #: of an RFC 3161 authority; may hold a password; never shown
    )
    tsa_root: Path | None = None  #: PEM, absolute: roots of authorities that are believed, past ones too
    level: Literal["B-B", "B-T", "B-LT"] | None = None  #: of new signatures; default: B-T with an authority
    level_wait: Annotated[int, msgspec.Meta(ge=5, le=3600)] = 60  #: seconds until a level is given up
    crls: Path | None = None  #: PEM, absolute: revocation lists for the DSS, read each time
    refund_limit: Annotated[int, msgspec.Meta(ge=0)] = REFUND_LIMIT_IDR  #: rupiah; above it two people agree
    pictures_mib: Annotated[int, msgspec.Meta(ge=0, le=4_096)] = (
        PICTURES_MIB  #: pictures of pages that a web process keeps in memory; 0: none
    )
    smtp_url: Annotated[str, msgspec.Meta(pattern=r"^smtps?://[^\s/]+$")] | None = (
        None  #: of a mail server; may hold a password; never shown
    )
    mail_from: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+$")] | None = None
    gateways: Path | None = None  #: TOML, absolute: payment gateways; default: the development gateway
    gate_url: Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s/]+$")] | None = (
        None  #: where people find the gate; default: where it listens
    )
    status_url: Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s]+$")] | None = (
        None  #: where people find the status page; default: no link, in development where it listens
    )
    hosts: str | None = None  #: host names that show a deadline's page, as cpns.example.id=cpns-2026,…
    log: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "json"

    @classmethod
    def from_env(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Decode every `BUBUH_` variable; raises `BadSetting`, also for one that nothing reads."""
        given = {
            name.removeprefix(PREFIX).lower(): value
            for name, value in environment.items()
            if name.startswith(PREFIX) and value and not name.startswith(TESTS)
        }
        for name, value in given.items():
            _check(cls, name, value)
        settings = msgspec.convert(given, cls, strict=False, dec_hook=_to_path)
        _check_levels(settings)
        _check_paths(settings)
        _ = settings.host_pages
        if settings.smtp_url is not None and settings.mail_from is None:
            raise BadSetting("BUBUH_MAIL_FROM: mail by BUBUH_SMTP_URL needs a sender's address")
        return settings

    @property
    def wanted_level(self) -> Literal["B-B", "B-T", "B-LT"]:
        """The level that new signatures are to reach."""
        return self.level or ("B-B" if self.tsa_url is None else "B-T")

    @property
    def host_pages(self) -> dict[str, str]:
        """Host name to deadline; raises `BadSetting`."""
        pairs = [pair.strip().partition("=") for pair in (self.hosts or "").split(",") if pair.strip()]
        for host, _, name in pairs:
            if not (_HOST.fullmatch(host) and _NAME.fullmatch(name)):
                raise BadSetting("BUBUH_HOSTS: expected host=deadline, as cpns.example.id=cpns-2026,…")
        return {host: name for host, _, name in pairs}

    def __repr__(self) -> str:
        """Without the database's address, which may hold a password."""
        return f"Settings(data={str(self.data)!r}, public_url={self.public_url!r}, log={self.log!r}, …)"


class RunFile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where the parts of a running service listen. Holds no password: a DSN names a pass file."""

    web: str | None = None  #: http://127.0.0.1:8000
    metrics: dict[str, str] = {}  #: process to address
    gateway: str | None = None  #: of the development gateway
    status: str | None = None  #: of the status page
    gate: str | None = None  #: of the waiting room's gate
    signer_socket: str | None = None
    databases: dict[str, str] = {}  #: role to DSN
    pids: dict[str, int] = {}  #: process to its id

    def write(self, data: Path) -> None:
        """Replace `data/run.json`, whole or not at all; everyone may read it."""
        handle, unfinished = tempfile.mkstemp(dir=data, prefix=f".{RUN_FILE}.")
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, 0o644)
            file.write(msgspec.json.format(msgspec.json.encode(self)) + b"\n")
            file.flush()
            os.fsync(handle)
        Path(unfinished).replace(data / RUN_FILE)

    @classmethod
    def read(cls, data: Path) -> Self:
        """The addresses in `data`; raises `NotRunning`."""
        try:
            return msgspec.json.decode((data / RUN_FILE).read_bytes(), type=cls)
        except (OSError, msgspec.DecodeError) as error:
            raise NotRunning(
                f"no service runs in {data} (its {RUN_FILE}: {getattr(error, 'strerror', None) or error}); "
                "start one, or say by BUBUH_DATA which folder is its"
            ) from error


def data_folder(settings: Settings) -> Path:
    """The data folder, its links followed."""
    return settings.data.resolve()


def _check(settings: type[Settings], name: str, value: str) -> None:
    """Convert one variable alone, so that the message can name it."""
    try:
        msgspec.convert({name: value}, settings, strict=False, dec_hook=_to_path)
    except msgspec.ValidationError as error:
        raise BadSetting(f"{PREFIX}{name.upper()}: {error}") from error


def _check_levels(settings: Settings) -> None:
    """What time-stamps need together."""
    if settings.tsa_url is not None and settings.tsa_root is None:
        raise BadSetting("BUBUH_TSA_ROOT: the authority at BUBUH_TSA_URL is believed by its root alone")
    if settings.wanted_level != "B-B" and settings.tsa_url is None:
        raise BadSetting(f"BUBUH_LEVEL: {settings.level} needs an authority at BUBUH_TSA_URL")


def _check_paths(settings: Settings) -> None:
    """Processes leave their folder, so that paths have to be absolute."""
    paths = {"TSA_ROOT": settings.tsa_root, "CRLS": settings.crls, "GATEWAYS": settings.gateways}
    for name, path in paths.items():
        if path is not None and not path.is_absolute():
            raise BadSetting(f"{PREFIX}{name}: an absolute path is expected")


def _to_path(wanted: type, value: object) -> object:
    if wanted is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError(wanted)
