"""What the service answers while something it needs is away."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import asyncpg
import httpx
import pytest
import uvicorn

from bubuh.adapters.development_gateway import DevelopmentGateway
from bubuh.api import health
from bubuh.asgi import create_app
from bubuh.db.pool import Database
from bubuh.db.self_clocked import SelfClocked
from bubuh.stamping.store import accept_n
from tests.api.site import PUBLIC_URL, WANTED, Person, Site, together
from tests.edge.bare import client_of


@asynccontextmanager
async def with_other(site: Site, **parts: Any) -> AsyncIterator[httpx.AsyncClient]:
    """The same application with some parts of another kind."""
    async with client_of(create_app(replace(site.services, **parts)), base_url=PUBLIC_URL) as client:
        yield client


@asynccontextmanager
async def served(site: Site, person: Person, **parts: Any) -> AsyncIterator[httpx.AsyncClient]:
    """The application with other parts, behind a socket, for one person."""
    config = uvicorn.Config(create_app(replace(site.services, **parts)), log_config=None)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve([listener]))
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        headers = {"Authorization": f"Bearer {person.key}"}
        async with httpx.AsyncClient(base_url=address, headers=headers, timeout=30) as client:
            yield client
        server.should_exit = True
        await serving


async def assert_away(answer: httpx.Response, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (503, code)
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["content-type"] == "application/problem+json"


async def test_without_a_signer_nothing_is_ready_but_stamps_are_accepted(site: Site) -> None:
    async def unwell() -> bool:
        return False

    person = await site.person()
    document = await person.uploaded()
    async with with_other(site, signer_health=unwell) as client:
        await assert_away(await client.get("/health/ready"), "signer_unavailable")
        assert (await client.get("/health/live")).status_code == 200
    assert (await person.stamp(document)).status_code == 202


async def test_a_signer_that_hangs_is_not_waited_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hangs() -> bool:
        await asyncio.Event().wait()
        return True

    monkeypatch.setattr(health, "PATIENCE_S", 0.05)
    async with with_other(site, signer_health=hangs) as client:
        await assert_away(await client.get("/health/ready"), "signer_unavailable")


async def test_without_a_database_every_call_says_come_back(site: Site) -> None:
    person = await site.person()
    headers = {"Authorization": f"Bearer {person.key}", "Idempotency-Key": "k"}
    gone = await Database.open(site.dsns.app, size=1)
    await gone.close()
    async with with_other(site, db=gone) as client:
        for method, path in (
            ("GET", "/health/ready"),
            ("GET", "/v1/quota"),
            ("POST", "/v1/stamps"),
            ("POST", "/dev/accounts"),
            ("GET", "/v1/serials/" + site.services.serial_key.show(7)),
        ):
            await assert_away(await client.request(method, path, headers=headers), "database_unavailable")


async def test_without_its_gateway_an_order_stands_and_is_completed_later(site: Site) -> None:
    person = await site.person(stamps=0)
    headers = {"Authorization": f"Bearer {person.key}", "Idempotency-Key": "order"}
    body = {"stamps": 1, "method": "qris"}
    away = DevelopmentGateway("http://127.0.0.1:9", [b"x"], timeout_s=0.5)
    async with with_other(site, gateways={away.name: away}) as client:
        placed = await client.post("/v1/orders", headers=headers, json=body)
        assert (placed.status_code, placed.json()["payment"]) == (201, None)
        checked = await client.post(f"/v1/orders/{placed.json()['id']}/check", headers=headers)
        await assert_away(checked, "gateway_unavailable")
    again = await person.post("/v1/orders", key="order", json=body)
    assert again.json()["id"] == placed.json()["id"]
    assert again.json()["payment"]["qris"]
    await away.close()


async def test_a_wait_that_loses_the_database_still_says_accepted(site: Site) -> None:
    person = await site.person()
    document = await person.uploaded()
    kill = """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE usename = current_user AND datname = current_database() AND pid <> pg_backend_pid()
    """
    waiting = asyncio.create_task(person.stamp(document, prefer="wait=3"))
    await asyncio.sleep(1.2)
    await site.services.db.fetch(kill)
    answer = await waiting
    assert (answer.status_code, answer.json()["state"]) == (202, "accepted")


async def test_a_full_queue_refuses_before_any_hold_and_those_in_it_are_served(site: Site) -> None:
    """Somebody holds the account's balance: one batch is in work, two wait, and no more may."""
    person = await site.person(stamps=9)
    document = await person.uploaded()
    batch = SelfClocked(
        partial(accept_n, site.services.db),
        name="accept",
        key=lambda wanted: wanted.stamp_id,
        lanes=1,
        most_waiting=2,
    )
    blocker = await asyncpg.connect(site.dsns.superuser)
    async with served(site, person, accept_batch=batch) as client:

        def ask(no: int) -> asyncio.Task[httpx.Response]:
            wanted = {"document_id": document, **WANTED}
            return asyncio.create_task(
                client.post("/v1/stamps", json=wanted, headers={"Idempotency-Key": f"full-{no}"})
            )

        async with blocker.transaction():
            await blocker.execute(
                "SELECT FROM quota_balances WHERE account_id = $1 FOR UPDATE", person.principal.account_id
            )
            first = ask(0)
            await until_waiting(blocker)
            queued = [ask(no) for no in (1, 2)]
            async with asyncio.timeout(10):
                while batch.waiting < 2:  # noqa: ASYNC110 - a count rings no event
                    await asyncio.sleep(0.01)
            refused = await together(*(ask(no) for no in range(3, 9)))
            assert not first.done()
        accepted = await together(first, *queued)
        for answer in refused:
            await assert_away(answer, "busy")
        assert [answer.status_code for answer in accepted] == [202] * 3
        told = (await client.get("/v1/quota")).json()
        assert (told["free"], told["held"]) == (6, 3)
        listed = (await client.get("/v1/stamps")).json()["data"]
        assert {one["id"] for one in listed} == {answer.json()["id"] for answer in accepted}
        assert (await ask(3)).status_code == 202, "who comes back is served"
    await blocker.close()


async def until_waiting(conn: asyncpg.Connection) -> None:
    """Somebody waits for a lock that this connection holds."""
    async with asyncio.timeout(10):
        while not await conn.fetchval(  # noqa: ASYNC110 - locks ring no event
            "SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))"
        ):
            await asyncio.sleep(0.01)
