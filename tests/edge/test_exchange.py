from __future__ import annotations

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from bubuh.edge.exchange import SECURITY_HEADERS, read_request_id
from tests.edge.bare import bare_app, client_of, plain_app


@pytest.mark.parametrize("path", ["/docs", "/nothing", "/v1/quota", "/health/ready", "/openapi.json"])
async def test_every_answer_is_dressed(path: str) -> None:
    async with client_of(plain_app()) as client:
        answer = await client.get(path)
    assert answer.headers["x-request-id"].startswith("req_")
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers[name] == value
    assert answer.headers["cache-control"]


async def test_personal_answers_are_not_kept_by_anyone() -> None:
    async with client_of(plain_app()) as client:
        assert (await client.get("/v1/quota")).headers["cache-control"] == "no-store"


async def test_https_is_insisted_on_where_it_is_served() -> None:
    async with client_of(bare_app(public_url="https://meterai.example")) as client:
        assert "strict-transport-security" in (await client.get("/")).headers
    async with client_of(plain_app()) as client:
        assert "strict-transport-security" not in (await client.get("/")).headers


@pytest.mark.parametrize(
    "given", ["short", "x" * 65, "has space", "line\nbreak", 'quote"quote', "é" * 10, "-12345678"]
)
def test_a_request_id_that_could_do_harm_is_replaced(given: str) -> None:
    assert read_request_id(given) != given
    assert read_request_id(given).startswith("req_")


async def test_the_callers_own_request_id_is_kept() -> None:
    async with client_of(plain_app()) as client:
        answer = await client.get("/v1/quota", headers={"X-Request-Id": "my-own.id_12345"})
    assert answer.headers["x-request-id"] == "my-own.id_12345"
    assert answer.json()["request_id"] == "my-own.id_12345"


async def test_the_log_names_routes_and_never_what_was_asked_for() -> None:
    app = plain_app()
    with capture_logs() as lines:
        async with client_of(app) as client:
            await client.get(
                "/v1/stamps/stm_0H1V4T8RZJ4DSB8VKX3N2M7Q5C?name=Siti",
                headers={"Authorization": "Bearer bbh_nonsense"},
            )
    (line,) = [line for line in lines if line["event"] == "request"]
    assert line["route"] == "/v1/stamps/{stamp_id}"
    assert line["status"] == 401
    assert line["code"] == "key_refused"
    assert not any(secret in str(line) for secret in ("stm_", "Siti", "bbh_"))


async def test_requests_are_counted_by_route() -> None:
    labels = {"method": "GET", "route": "/health/live", "status": "200"}
    before = REGISTRY.get_sample_value("bubuh_http_requests_total", labels) or 0
    async with client_of(plain_app()) as client:
        await client.get("/health/live")
        await client.get("/no/such/place")
        await client.request("BREW", "/health/live")
    assert REGISTRY.get_sample_value("bubuh_http_requests_total", labels) == before + 1
    unmatched = {"method": "GET", "route": "unmatched", "status": "404"}
    assert REGISTRY.get_sample_value("bubuh_http_requests_total", unmatched)
