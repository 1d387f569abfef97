"""A workshop with nothing imitated: real PostgreSQL, sandbox, object store and signer."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest

from bubuh.adapters.file_seal_key import FileSealKey
from bubuh.adapters.object_store import LocalObjects
from bubuh.adapters.signer_client import SignerClient
from bubuh.core.clock import utc_now
from bubuh.core.ids import fresh_id
from bubuh.db.batch import OneByOne
from bubuh.db.doorbell import Doorbell, Ringer
from bubuh.db.pool import Database
from bubuh.documents.keys import StoreKey
from bubuh.documents.receive import receive
from bubuh.identity.model import AccountKind, Principal, Scope
from bubuh.identity.open_account import open_account
from bubuh.pdf.model import Chain, Place, Trust
from bubuh.pdf.seal.keys import load_key
from bubuh.pdf.seal.pki import development_pki
from bubuh.quota.allot import allot
from bubuh.sandbox import Sandbox
from bubuh.signer.server import SignerServer
from bubuh.stamping import store
from bubuh.stamping.accept import accept
from bubuh.stamping.affix import Workshop
from bubuh.stamping.bells import LEVEL_WANTED, SETTLED
from bubuh.stamping.keyring import Keyring
from bubuh.stamping.model import Job, Lease, Stamp, WantedStamp
from bubuh.stamping.serial import SerialKey
from bubuh.stamping.serials import SerialBlocks
from bubuh.stamping.show import find_stamp
from bubuh.stamping.steps import Steps
from tests.conftest import Dsns

LETTER = Path(__file__).parents[1] / "data" / "surat-lamaran.pdf"
PUBLIC_URL = "http://127.0.0.1:8000"


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A stamp right after it was asked for, and whether it had been asked for before."""

    stamp: Stamp
    replayed: bool


@dataclass(frozen=True, kw_only=True)
class Town:
    """One citizen's account beside a whole workshop."""

    db: Database
    shop: Workshop
    trust: Trust
    citizen: Principal
    doorbell: Doorbell

    async def upload(self, data: bytes = b"") -> UUID:
        async def body() -> AsyncIterator[bytes]:
            yield data or LETTER.read_bytes()

        received = await receive(
            body(),
            document_id=fresh_id(self.citizen.account_id),
            account_id=self.citizen.account_id,
            name="surat lamaran.pdf",
            db=self.db,
            sandbox=self.shop.sandbox,
            objects=self.shop.objects,
            store_key=self.shop.store_key,
        )
        return received.document.id

    async def accept(
        self, document_id: UUID, *, stamp_id: UUID | None = None, page: int = 1, no: str = "1"
    ) -> Accepted:
        wanted = WantedStamp(
            document_id=document_id,
            place=Place(page=page, x_pt=400, y_pt=600, side_pt=70),
            document_type="surat lamaran",
            document_no=no,
            document_date=date(2026, 11, 22),
        )
        return await self.ask(wanted, stamp_id=stamp_id)

    async def ask(
        self, wanted: WantedStamp, *, stamp_id: UUID | None = None, content_unseen: bool = False
    ) -> Accepted:
        stamp_id = stamp_id or fresh_id(self.citizen.account_id)
        replayed = await accept(
            self.citizen,
            wanted,
            stamp_id=stamp_id,
            db=self.db,
            batch=OneByOne(self.db, store.accept_n),
            ringer=Ringer(self.db),
            content_unseen=content_unseen,
        )
        stamp = await find_stamp(self.db, self.citizen.account_id, stamp_id)
        return Accepted(stamp=stamp, replayed=replayed)

    async def lease(self, *, worker: str = "worker-1", lease_s: float = 30.0) -> list[Lease]:
        return await store.lease_n(self.db, self.citizen.shard, worker=worker, most=10, lease_s=lease_s)

    async def take_over(self, *, worker: str, lease_s: float = 30.0) -> list[Lease]:
        """As a worker that saw nobody renew what is over."""
        shard = self.citizen.shard
        over = await store.list_overdue(self.db, shard, worker=worker, most=10)
        return await store.lease_n(self.db, shard, worker=worker, most=10, lease_s=lease_s, unrenewed=over)

    async def find_job(self, lease: Lease) -> Job | None:
        (job,) = await store.find_job_n(self.db, lease.shard, [lease])
        return job

    async def give_back(self, lease: Lease) -> str:
        wanted = store.WantedReturn(
            account_id=lease.account_id,
            stamp_id=lease.stamp_id,
            fence=lease.fence,
            reason="damaged",
            actor="test",
        )
        (outcome,) = await store.return_n(self.db, lease.shard, [wanted])
        return outcome


@asynccontextmanager
async def signing(signer_db: Database, socket: Path) -> AsyncIterator[tuple[SignerClient, Chain, Trust]]:
    """The signer's own server at `socket`, and what a checker must believe of its key."""
    pki = development_pki(utc_now())
    chain = Chain(
        key_id="test-1",
        seal_certificate=pki.seal_certificate,
        issuing_certificate=pki.issuing_certificate,
        algorithm=pki.algorithm,
    )
    keys = {chain.key_id: FileSealKey(load_key(pki.seal_key), chain)}
    stop = asyncio.Event()
    server = SignerServer(signer_db, keys, allowed_uids=frozenset({os.geteuid()}))
    serving = asyncio.create_task(server.serve(socket, stop))
    client = SignerClient(socket)
    await server.listening.wait()
    yield client, chain, Trust(roots=(pki.root_certificate,), now=utc_now())
    await client.close()
    stop.set()
    await serving


def workshop(db: Database, sandbox: Sandbox, signer: SignerClient, chain: Chain, folder: Path) -> Workshop:
    """A worker's, with its documents below `folder`."""
    return Workshop(
        db=db,
        sandbox=sandbox,
        objects=LocalObjects(folder / "objects"),
        store_key=StoreKey.fresh(),
        signer=signer,
        serial_key=SerialKey("T1", secrets.token_bytes(32)),
        serials=SerialBlocks(taken_by="worker-1"),
        steps=Steps.self_clocked(db),
        keyring=lambda: Keyring({chain.key_id: chain}),
        public_url=PUBLIC_URL,
    )


@pytest.fixture
async def signer(tmp_path: Path, signer_db: Database) -> AsyncIterator[tuple[SignerClient, Chain, Trust]]:
    """One on a socket of its own."""
    async with signing(signer_db, tmp_path / "signer") as found:
        yield found


@pytest.fixture
async def town(
    db: Database,
    dsns: Dsns,
    sandbox: Sandbox,
    tmp_path: Path,
    signer: tuple[SignerClient, Chain, Trust],
) -> AsyncIterator[Town]:
    client, chain, trust = signer
    async with db.transaction() as conn:
        opened = await open_account(conn, kind=AccountKind.PERSON, name="Siti Uji")
    citizen = Principal(
        user_id=opened.user_id,
        account_id=opened.account_id,
        scopes=frozenset({Scope.ALL}),
        roles=frozenset(),
    )
    async with db.transaction() as conn:
        await allot(
            conn, ref=fresh_id(opened.account_id), account_id=opened.account_id, stamps=3, actor="local"
        )
    shop = workshop(db, sandbox, client, chain, tmp_path)
    async with Doorbell(dsns.app, (SETTLED, LEVEL_WANTED)).listening() as doorbell:
        yield Town(db=db, shop=shop, trust=trust, citizen=citizen, doorbell=doorbell)
