"""`bubuh up`: the whole service on one machine, under one parent."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import httpx
import msgspec
import typer

from bubuh.cli.client import Client, ServiceRefused, ServiceUnreachable
from bubuh.cli.db import apply_migrations
from bubuh.cli.ears import PortTaken, address_of, listen
from bubuh.cli.logs import set_up_logs
from bubuh.cli.output import ASIDE, PEOPLE
from bubuh.cli.supervisor import Child, Supervisor
from bubuh.core.clock import utc_now
from bubuh.core.errors import Fault
from bubuh.core.privileges import Uids, gid_of
from bubuh.db.local import LocalPostgres
from bubuh.db.pool import Database
from bubuh.db.rights import Owner
from bubuh.db.roles import APP, OWNER, SIGNER
from bubuh.identity.model import Environment
from bubuh.settings import NotRunning, RunFile, Settings
from bubuh.wiring.development_bank import settle_bank_key
from bubuh.wiring.facts import ISSUERS, ServiceFacts, freeze_facts
from bubuh.wiring.folder import DataFolder, open_folder, socket_folder
from bubuh.wiring.gateways import read_gateways
from bubuh.wiring.keys import settle_keys
from bubuh.wiring.room import settle_room

DEFAULT_PORT: Final = 8000
_READY_WITHIN_S: Final = 60.0
_WORKERS: Final = 1
_SIGNERS_URL: Final = "BUBUH_SIGNER_DATABASE_URL"
_MAIL: Final = "BUBUH_SMTP_URL"  #: the workers' alone
_NOT_FOR_ALL: Final = frozenset({"BUBUH_OWNER_DATABASE_URL", _SIGNERS_URL, _MAIL})


class NotReady(Fault):
    """The service did not get ready in time; its logs say why."""

    code = "not_ready"


@dataclass(frozen=True, slots=True)
class Ears:
    """The listening sockets, held by the parent so that a restarted process finds its callers waiting."""

    web: socket.socket
    gateway: socket.socket
    status: socket.socket
    gate: socket.socket
    metrics: dict[str, socket.socket]


def up_command(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where the site and API listen; 0: any.")] = (
        DEFAULT_PORT
    ),
    data: Annotated[Path | None, typer.Option(help="The data folder; default: BUBUH_DATA or .bubuh.")] = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
) -> None:
    """Start everything on this machine and keep it running, with development keys, gateway and senders."""
    settings = Settings.from_env()
    settings = replace_data(settings, data)
    set_up_logs(settings)
    uids = Uids.here()
    reader = None if uids.app is None else Owner(uids.app, gid_of(uids.app))
    gateways = read_gateways(
        settings, reader=reader
    )  # a wrong file ends it here, not in three processes' logs
    if uids.app is None:
        ASIDE.print(
            "[yellow]Not root: one user holds all parts, nothing keeps them from each other.[/yellow]"
        )
    with ExitStack() as stack:
        folder = open_folder(settings.data, uids)
        if any(one.has_bank_of_ours for one in gateways):
            settle_bank_key(folder, uids.app)
        ears = _bind(host, port, _before(folder))
        public_url = settings.public_url or f"http://127.0.0.1:{port or DEFAULT_PORT}"
        supervisor, run = _start(settings, folder, uids, ears, public_url=public_url)
        stack.callback(supervisor.stop)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, supervisor.ask_to_stop)
        if _await_ready(supervisor, folder, run):
            supervisor.add(_gateway(folder, ears))
            supervisor.add(_child(folder, ears, "status", ear=ears.status))
            msgspec.structs.replace(run, pids=run.pids | supervisor.pids()).write(folder.path)
            _greet(run)
            supervisor.run()
        ASIDE.print("stopping …")


def _before(folder: DataFolder) -> RunFile:
    """Where the parts listened last time."""
    try:
        return RunFile.read(folder.path)
    except NotRunning:
        return RunFile()


def replace_data(settings: Settings, data: Path | None) -> Settings:
    """`settings` with another data folder, when one is given."""
    if data is None:
        return settings
    return Settings(**{name: getattr(settings, name) for name in settings.__struct_fields__} | {"data": data})


def _start(
    settings: Settings, folder: DataFolder, uids: Uids, ears: Ears, *, public_url: str
) -> tuple[Supervisor, RunFile]:
    """Database, keys and facts first; then the processes, the signer before whoever needs it."""
    settle_keys(folder, uids, now=utc_now())
    for name in ("store.key", "serial.key", "gateway.secret", "form.key", "person.key"):
        folder.secret(name, uids.app)
    settle_room(folder, uids.app)
    postgres, databases = _start_database(settings, folder, uids)
    supervisor = Supervisor(postgres=postgres, environment=_environment(folder))
    try:
        web = address_of(ears.web)
        facts = ServiceFacts(
            environment=Environment.TEST,
            issuer=ISSUERS[Environment.TEST],
            public_url=public_url,
        )
        asyncio.run(_prepare(databases, facts))
        run = RunFile(
            web=web,
            metrics={name: address_of(ear) for name, ear in ears.metrics.items()},
            gateway=address_of(ears.gateway),
            status=address_of(ears.status),
            gate=address_of(ears.gate),
            signer_socket=str(socket_folder(folder, uids) / "signer"),
            databases=databases if postgres is not None else {},  # a given address may hold a password
            pids={"up": os.getpid()},
        )
        run.write(folder.path)
        for child in _needed_to_be_ready(folder, ears):
            supervisor.add(child)
    except BaseException:
        supervisor.stop()
        raise
    return supervisor, run


def _start_database(
    settings: Settings, folder: DataFolder, uids: Uids
) -> tuple[LocalPostgres | None, dict[str, str]]:
    if settings.database_url is not None:
        if settings.signer_database_url is None:
            ASIDE.print("[yellow]BUBUH_SIGNER_DATABASE_URL is not set: one role seals and spends.[/yellow]")
        given = (settings.owner_database_url, settings.database_url, settings.signer_database_url)
        roles = zip((OWNER, APP, SIGNER), given, strict=True)
        return None, {role: address or settings.database_url for role, address in roles}
    readers = {} if uids.app is None or uids.signer is None else {APP: uids.app, SIGNER: uids.signer}
    postgres = LocalPostgres(folder.path, uids=readers).start()
    return postgres, {role: postgres.dsn(role) for role in (OWNER, APP, SIGNER)}


async def _prepare(databases: dict[str, str], facts: ServiceFacts) -> None:
    await apply_migrations(databases[OWNER])
    async with await Database.open(databases[APP], size=1) as db:
        await freeze_facts(db, facts)


def _needed_to_be_ready(folder: DataFolder, ears: Ears) -> list[Child]:
    here = f"{socket.gethostname()}-{folder.path.stat().st_ino}"  # two machines bury each their own dead
    workers = [
        _child(folder, ears, f"worker-{no}", "--name", f"{here}-{no}") for no in range(1, _WORKERS + 1)
    ]
    signer = _child(folder, ears, "signer")
    for child, own in ((signer, _SIGNERS_URL), *((worker, _MAIL) for worker in workers)):
        child.own = {own: os.environ[own]} if own in os.environ else {}
    gate = _child(folder, ears, "gate", ear=ears.gate)
    return [signer, *workers, gate, _child(folder, ears, "web", ear=ears.web)]


def _gateway(folder: DataFolder, ears: Ears) -> Child:
    """Started when all else is ready: nobody waits for it, and its socket holds whoever calls until then."""
    return _child(folder, ears, "gateway", ear=ears.gateway)


def _child(
    folder: DataFolder, ears: Ears, name: str, *options: str, ear: socket.socket | None = None
) -> Child:
    metrics = ears.metrics[name]
    fds = [metrics.fileno()] + ([ear.fileno()] if ear else [])
    listen = ["--fd", str(ear.fileno())] if ear else []
    argv = [sys.executable, "-m", "bubuh", name.partition("-")[0], *options, *listen]
    argv += ["--metrics-fd", str(metrics.fileno())]
    return Child(name=name, argv=argv, fds=fds, log=folder.logs / f"{name}.log")


def _environment(folder: DataFolder) -> dict[str, str]:
    """What the children see: our settings and nothing that is not theirs to know."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TZ", "HOME") if name in os.environ}
    given = {
        name: value
        for name, value in os.environ.items()
        if name.startswith("BUBUH_") and name not in _NOT_FOR_ALL
    }
    return (
        kept
        | given
        | {"BUBUH_DATA": str(folder.path), "BUBUH_SUPERVISED_BY": str(os.getpid()), "PYTHONUNBUFFERED": "1"}
    )


def _bind(host: str, port: int, before: RunFile) -> Ears:
    """All but web listen where they did `before`: addresses already handed out stay good."""
    return Ears(
        web=listen(host, port),
        gateway=_listen_again("127.0.0.1", before.gateway),
        status=_listen_again("127.0.0.1", before.status),
        gate=_listen_again(host, before.gate),
        metrics={
            name: listen("127.0.0.1", 0)
            for name in (
                "signer",
                "gateway",
                "status",
                "gate",
                *(f"worker-{no}" for no in range(1, _WORKERS + 1)),
                "web",
            )
        },
    )


def _listen_again(host: str, before: str | None) -> socket.socket:
    try:
        return listen(host, urlsplit(before or "").port or 0)
    except PortTaken:
        return listen(host, 0)


def _await_ready(supervisor: Supervisor, folder: DataFolder, run: RunFile) -> bool:
    """Whether the service got ready; false when it was asked to stop before. Raises `NotReady`."""
    give_up = time.monotonic() + _READY_WITHIN_S
    ready = False

    def is_ready() -> bool:
        nonlocal ready
        if time.monotonic() > give_up:
            raise NotReady(f"not ready after {_READY_WITHIN_S:.0f} s; see {folder.logs}")
        try:
            ready = httpx.get(f"{run.web}/health/ready", timeout=2.0).is_success
        except httpx.HTTPError:
            ready = False
        return ready

    supervisor.run(until=is_ready)
    return ready


def _greet(run: RunFile) -> None:
    assert run.web is not None
    account: dict[str, Any] = {"id": "-", "key": "-"}
    try:
        with Client(run.web) as client:
            account = client.post("/dev/accounts", {})
    except (ServiceRefused, ServiceUnreachable) as error:
        ASIDE.print(f"[yellow]Tanpa akun demo / no demo account: {error}[/yellow]")
    PEOPLE.print(
        f"""
[bold green]Bubuh berjalan / is running[/bold green]  [bold]{run.web}[/bold]   API: {run.web}/docs
Status: {run.status}
[yellow]PENGEMBANGAN: kunci, gerbang pembayaran dan spesimen hanya untuk uji coba. Ctrl-C menghentikan.
DEVELOPMENT: keys, payment gateway and stamps are for trial only. Ctrl-C stops it.[/yellow]

Akun demo / demo account   {account["id"]}
Kunci API / API key        {account["key"]}

Coba / try:  .venv/bin/bubuh demo tests/data/surat-lamaran.pdf
"""
    )
