"""What tests of the API do: be somebody, upload, ask for a stamp, have the worker's job done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from litestar import Litestar

from bubuh.adapters.development_sender import DevelopmentSender
from bubuh.core.ids import fresh_id, show_account
from bubuh.core.shards import ALL_SHARDS
from bubuh.db.doorbell import ring
from bubuh.edge.services import Services
from bubuh.identity.make_key import make_key
from bubuh.identity.model import AccountKind, Environment, Principal, Scope
from bubuh.identity.open_account import open_account
from bubuh.quota.allot import allot
from bubuh.stamping import store
from bubuh.stamping.affix import Workshop, affix
from bubuh.stamping.bells import ENDED
from tests.conftest import Dsns
from tests.gateway_dev.rig import RunningGateway

PUBLIC_URL = "http://127.0.0.1:8000"
DATA = Path(__file__).parents[1] / "data"
LETTER = DATA / "surat-lamaran.pdf"
WANTED = {
    "page": 1,
    "x": 400,
    "y": 600,
    "width": 60,
    "document_type": "surat-pernyataan",
    "document_no": "001/SP/2026",
    "document_date": "2026-11-22",
}

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody with an account and a key."""

    site: Site
    principal: Principal
    key: str

    @property
    def account(self) -> str:
        return show_account(self.principal.account_id)

    async def call(
        self, method: str, path: str, *, key: str | None = None, headers: Json | None = None, **options: Any
    ) -> httpx.Response:
        told = {"Authorization": f"Bearer {self.key}", **(headers or {})}
        if key is not None:
            told["Idempotency-Key"] = key
        return await self.site.anyone.request(method, path, headers=told, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.call("GET", path, **options)

    async def post(self, path: str, **options: Any) -> httpx.Response:
        return await self.call("POST", path, **options)

    async def upload(
        self, content: Any = None, *, key: str | None = None, headers: Json | None = None
    ) -> httpx.Response:
        return await self.post(
            "/v1/documents",
            key=key or str(uuid4()),
            headers={"Content-Type": "application/pdf", **(headers or {})},
            content=LETTER.read_bytes() if content is None else content,
        )

    async def uploaded(self) -> str:
        answer = await self.upload(
            headers={"Content-Disposition": 'attachment; filename="surat lamaran.pdf"'}
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def stamp(
        self, document: str, *, key: str | None = None, prefer: str | None = None, **other: Any
    ) -> httpx.Response:
        body = {"document_id": document, **WANTED, **other}
        headers = {"Prefer": prefer} if prefer else {}
        return await self.post("/v1/stamps", key=key or str(uuid4()), headers=headers, json=body)

    async def affixed(self) -> Json:
        """A stamp of this person's that is affixed."""
        async with self.site.working():
            answer = await self.stamp(await self.uploaded(), prefer="wait=20")
        assert answer.status_code == 200, answer.text
        stamp: Json = answer.json()
        assert stamp["state"] == "affixed", stamp
        return stamp

    async def free(self) -> int:
        return int((await self.get("/v1/quota")).json()["free"])


@dataclass(frozen=True, kw_only=True)
class Site:
    """The application and what lies behind it."""

    app: Litestar
    services: Services
    shop: Workshop
    dsns: Dsns
    gateway: RunningGateway
    anyone: httpx.AsyncClient
    sender: DevelopmentSender

    async def person(self, *scopes: Scope, stamps: int = 3) -> Person:
        db = self.services.db
        async with db.transaction() as conn:
            opened = await open_account(conn, kind=AccountKind.PERSON, name="Siti Uji")
            key = await make_key(
                conn,
                account_id=opened.account_id,
                user_id=opened.user_id,
                scopes=scopes or (Scope.ALL,),
                environment=Environment.TEST,
                actor="local",
            )
            if stamps:
                ref = fresh_id(opened.account_id)
                await allot(conn, ref=ref, account_id=opened.account_id, stamps=stamps, actor="local")
        principal = Principal(
            user_id=opened.user_id,
            account_id=opened.account_id,
            scopes=frozenset(scopes or (Scope.ALL,)),
            roles=frozenset(),
        )
        return Person(site=self, principal=principal, key=key.secret)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """A worker at its desk while the block runs."""
        at_work = asyncio.create_task(self._work())
        try:
            yield
        finally:
            at_work.cancel()
            with suppress(asyncio.CancelledError):
                await at_work

    async def _work(self) -> None:
        while True:
            for shard in ALL_SHARDS:
                leases = await store.lease_n(self.shop.db, shard, worker="worker-1", most=10, lease_s=30.0)
                for lease in leases:
                    await affix(lease, self.shop)
                    await ring(self.shop.db, ENDED, str(lease.stamp_id))
            await asyncio.sleep(0.02)


async def together(*calls: Awaitable[httpx.Response]) -> list[httpx.Response]:
    return list(await asyncio.gather(*calls))
