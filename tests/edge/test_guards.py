from __future__ import annotations

import pytest
from litestar import Litestar, get

from bubuh.edge.guards import DevelopmentOnly, May, Public, SignedIn, Visitor, guarded, is_loopback
from bubuh.edge.limits import Rate, Rates
from bubuh.identity.model import Environment
from bubuh.waitingroom.lanes import Errand
from tests.edge.bare import bare_app, client_of, plain_app

OPEN = {
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("GET", "/static/{name:str}"),
    ("GET", "/v1/serials/{serial:str}"),
    ("GET", "/v1/serials/{serial:str}/digests/{digest:str}"),
    ("GET", "/v1/ledger"),
    ("POST", "/v1/verifications"),
    ("POST", "/gateway/{gateway:str}/notices"),
    ("POST", "/gateway/{gateway:str}/v1.0/access-token/b2b"),
    ("POST", "/gateway/{gateway:str}/v1.0/transfer-va/inquiry"),
    ("POST", "/gateway/{gateway:str}/v1.0/transfer-va/payment"),
}


def test_every_route_is_guarded_and_only_the_named_ones_are_open() -> None:
    found = guarded(plain_app().routes)
    assert {route for route, guard in found.items() if isinstance(guard, Public)} == OPEN
    assert {route for route, guard in found.items() if isinstance(guard, DevelopmentOnly)} == {
        ("GET", "/dev/letters"),
        ("POST", "/dev/accounts"),
    }
    assert all(
        isinstance(guard, May)
        for (_, path), guard in found.items()
        if path.startswith("/v1/") and (_, path) not in OPEN
    )
    keyed = {path for (_, path), guard in found.items() if isinstance(guard, May)}
    assert all(path.startswith("/v1/") for path in keyed)
    pages = {path for (_, path), guard in found.items() if isinstance(guard, Visitor)}
    assert not any(path.startswith(("/v1/", "/dev/", "/gateway/", "/health/")) for path in pages)


def test_what_is_ones_own_asks_who_one_is() -> None:
    found = guarded(plain_app().routes)
    own = {path for (_, path), guard in found.items() if isinstance(guard, SignedIn)}
    assert own >= {path for _, path in found if path.startswith(("/akun", "/keluar"))}


def test_what_is_queued_for_is_what_begins_buying_or_stamping() -> None:
    found = guarded(plain_app().routes)
    errands = {
        route: guard.errand for route, guard in found.items() if isinstance(guard, SignedIn) and guard.errand
    }
    assert errands == {
        ("GET", "/beli"): Errand.BUY,
        ("POST", "/beli"): Errand.BUY,
        ("GET", "/bubuhkan"): Errand.STAMP,
        ("POST", "/bubuhkan"): Errand.STAMP,
        ("POST", "/unggahan"): Errand.STAMP,
        ("GET", "/bubuhkan/{document_id:str}"): Errand.STAMP,
        ("POST", "/bubuhkan/{document_id:str}/pin"): Errand.STAMP,
    }


def test_an_application_with_an_unguarded_route_does_not_start() -> None:
    @get("/open")
    async def handler() -> None: ...

    with pytest.raises(AssertionError, match="exactly one guard"):
        guarded(Litestar([handler], openapi_config=None).routes)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_loopback_is_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "10.0.0.1", "localhost.evil.example", "127.0.0.1.evil.example", "0.0.0.0"]
)
def test_nothing_else_is(host: str) -> None:
    assert not is_loopback(host)


async def refused(client_host: str = "127.0.0.1", **options: object) -> int:
    environment = options.get("environment", Environment.TEST)
    assert isinstance(environment, Environment)
    app = plain_app() if environment is Environment.TEST else bare_app(environment=environment)
    base_url = str(options.get("base_url", "http://127.0.0.1:8000"))
    headers = {"X-Forwarded-For": "203.0.113.9"} if options.get("forwarded") else {}
    async with client_of(app, client=(client_host, 1), base_url=base_url) as client:
        return (await client.post("/dev/accounts", headers=headers)).status_code


async def test_development_accounts_exist_for_nobody_else() -> None:
    assert await refused(environment=Environment.LIVE) == 404
    assert await refused("192.0.2.1") == 404
    assert await refused(base_url="http://rebound.example:8000") == 404
    assert await refused(forwarded=True) == 404
    assert await refused() == 500  # it gets as far as the database that is not there


async def test_an_address_is_limited_and_told_when_to_come_back() -> None:
    rates = Rates(health=Rate(name="health", quota=2, window_s=60))
    async with client_of(bare_app(rates=rates)) as client:
        answers = [await client.get("/health/live") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[0].headers["ratelimit"] == '"health";r=1;t=30'
    assert answers[2].json()["code"] == "rate_limited"
    assert 1 <= int(answers[2].headers["retry-after"]) <= 31
    assert answers[2].json()["retry_after_s"] == int(answers[2].headers["retry-after"])


async def test_who_tries_keys_is_stopped_before_the_database_is_asked() -> None:
    rates = Rates(refused_keys=Rate(name="refused-keys", quota=2, window_s=60))
    headers = {"Authorization": "Bearer bbh_test_wrong"}
    async with client_of(bare_app(rates=rates)) as client:
        statuses = [(await client.get("/v1/quota", headers=headers)).status_code for _ in range(4)]
    assert statuses == [401, 401, 429, 429]
