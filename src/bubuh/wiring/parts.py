"""The parts that web and worker have in common, opened once a process and closed with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bubuh.adapters.development_sender import DevelopmentSender
from bubuh.adapters.object_store import LocalObjects
from bubuh.adapters.signer_client import SignerClient
from bubuh.adapters.webhook_calls import WebhookCalls
from bubuh.core.clock import utc_now
from bubuh.db.doorbell import Doorbell
from bubuh.db.pool import Database
from bubuh.db.roles import APP
from bubuh.documents.keys import StoreKey
from bubuh.documents.ports import Objects
from bubuh.identity.model import Environment
from bubuh.identity.people.keys import PersonKey
from bubuh.outbox.ports import Sender, Sent
from bubuh.payments.ports import Gateways
from bubuh.pdf.model import Trust
from bubuh.settings import RunFile, Settings
from bubuh.stamping.serial import SerialKey
from bubuh.webhooks.ports import Calls
from bubuh.wiring.facts import ServiceFacts, read_facts
from bubuh.wiring.folder import DataFolder
from bubuh.wiring.gateways import open_gateways
from bubuh.wiring.keys import read_retired, read_trust
from bubuh.wiring.levels import read_timestamp_roots
from bubuh.wiring.senders import choose_sender

POOL: int = 8  #: connections a process
#: how long a process that starts waits for the database: to load anew costs more than a recovery takes
DATABASE_PATIENCE_S: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What stands behind the ports of this process."""

    facts: ServiceFacts
    db: Database
    doorbell: Doorbell
    objects: Objects
    store_key: StoreKey
    serial_key: SerialKey
    form_key: bytes
    person_key: PersonKey
    sender: Sender
    kept_letters: Callable[[], Sequence[Sent]]  #: those of the development sender
    signer: SignerClient
    gateways: Gateways
    webhook_calls: Calls
    trust: Callable[[], Trust]


@asynccontextmanager
async def open_parts(
    settings: Settings, folder: DataFolder, *, bells: tuple[str, ...]
) -> AsyncIterator[Parts]:
    """Everything of `folder` and its running service that a web or worker process needs.

    Raises:
        NotRunning: the folder names no signer or database.
        BadGateways: see `read_gateways`.
        DatabaseUnavailable, NotDurable, RoleTooStrong: see `Database.open`.
    """
    run = RunFile.read(folder.path)
    assert run.signer_socket is not None, "run.json names the signer's socket"
    address = settings.database_url or run.databases[APP]
    signer = SignerClient(Path(run.signer_socket))
    async with (
        await Database.open(address, size=POOL, patience_s=DATABASE_PATIENCE_S) as db,
        Doorbell(address, bells).listening() as doorbell,
        open_gateways(settings, folder, run) as gateways,
    ):
        facts = await read_facts(db)
        development = DevelopmentSender(folder.letters)
        yield Parts(
            facts=facts,
            db=db,
            doorbell=doorbell,
            objects=LocalObjects(folder.objects),
            store_key=read_store_key(folder),
            serial_key=SerialKey(facts.issuer, folder.read_secret("serial.key")),
            form_key=folder.read_secret("form.key"),
            person_key=PersonKey(folder.read_secret("person.key")),
            sender=choose_sender(settings, development),
            kept_letters=development.letters,
            signer=signer,
            gateways=gateways,
            webhook_calls=WebhookCalls(may_be_here=facts.environment is Environment.TEST),
            trust=_trust_of(folder, settings),
        )
        await signer.close()


def read_store_key(folder: DataFolder) -> StoreKey:
    """The key that opens the folder's documents; raises OSError when this process may not read it."""
    return StoreKey.read((folder.secrets / "store.key").read_text(encoding="ascii"))


def _trust_of(folder: DataFolder, settings: Settings) -> Callable[[], Trust]:
    """The roots are read once; the moment is the asker's, and keys may have been retired by then."""
    at_start = read_trust(folder, now=utc_now(), timestamp_roots=read_timestamp_roots(settings))
    return lambda: replace(at_start, now=utc_now(), retired=read_retired(folder))
