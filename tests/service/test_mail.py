"""The whole service with a mail server: what a buyer is told."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bubuh.core.ids import read_account
from bubuh.db.pool import Database
from bubuh.db.roles import APP
from bubuh.identity.people import store
from bubuh.identity.people.keys import PersonKey
from bubuh.wiring.folder import DataFolder
from tests.service.conftest import Citizen, Running, fresh_folder, open_citizen, running_service, until
from tests.worker.mail_server import MailServer, mail_server

pytestmark = pytest.mark.service

ADDRESS = "siti@contoh.id"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailServer]:
    with mail_server(tmp_path_factory.mktemp("mail") / "mails") as running:
        yield running


@pytest.fixture(scope="module")
def service(server: MailServer) -> Iterator[Running]:
    folder = fresh_folder()
    settings = {"BUBUH_SMTP_URL": server.url, "BUBUH_MAIL_FROM": "kabar@meterai.example"}
    with running_service(folder / "data", **settings) as running:
        yield running
    shutil.rmtree(folder)


async def reachable(service: Running, citizen: Citizen) -> None:
    """The citizen as somebody whose address is known."""
    key = PersonKey(DataFolder(service.data.resolve()).read_secret("person.key"))
    async with await Database.open(service.run.databases[APP], size=1) as db, db.connection() as conn:
        user_id = await conn.fetchval(
            "SELECT user_id FROM memberships WHERE account_id = $1", read_account(citizen.account)
        )
        assert await store.add_contact(
            conn,
            address_index=key.index(ADDRESS, "contact"),
            user_id=user_id,
            address_sealed=key.seal(ADDRESS, "contact"),
        )


def test_who_buys_is_written_to_once(service: Running, server: MailServer) -> None:
    with open_citizen(service, stamps=1) as citizen:
        asyncio.run(reachable(service, citizen))
        placed = citizen.http.post(
            "/v1/orders",
            json={"stamps": 3, "method": "qris"},
            headers={"Idempotency-Key": str(uuid.uuid4())},
        ).json()
        assert httpx.post(f"{service.run.gateway}/pay/{placed['id']}-1").is_success
        until(lambda: bool(server.mails), within_s=60)
    (mail,) = server.mails
    assert mail["To"] == ADDRESS
    assert f"3 meterai sudah masuk ke kuota Anda ({placed['id']})" in mail.get_content()


def test_the_mail_server_s_address_is_the_workers_alone(service: Running, server: MailServer) -> None:
    told = {
        name: server.url.encode() in Path(f"/proc/{service.pid(name)}/environ").read_bytes()
        for name in ("web", "worker", "gateway", "signer")
    }
    assert told == {"web": False, "worker": True, "gateway": False, "signer": False}
