from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from bubuh.core.errors import DatabaseUnavailable
from tests.edge.bare import bare_app, client_of, plain_app

KEY = "bbh_test_" + "A" * 43


class Broken:
    """Stands where the database would, and fails as it is told."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __getattr__(self, name: str) -> Any:
        raise self.error


async def test_a_problem_has_all_its_members() -> None:
    async with client_of(plain_app()) as client:
        answer = await client.get("/v1/quota")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == 'Bearer realm="bubuh"'
    assert answer.headers["content-language"] == "id"
    assert answer.json() == {
        "type": "/docs#key_refused",
        "title": "Kunci tidak diterima",
        "status": 401,
        "detail": answer.json()["detail"],
        "instance": "/v1/quota",
        "code": "key_refused",
        "request_id": answer.headers["x-request-id"],
    }


async def test_english_is_spoken_when_asked_for() -> None:
    async with client_of(plain_app()) as client:
        answer = await client.get("/v1/quota", headers={"Accept-Language": "en"})
    assert answer.json()["title"] == "The key is not accepted"
    assert answer.headers["content-language"] == "en"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/v1", 404, "not_found"),
        ("DELETE", "/v1/quota", 405, "method_not_allowed"),
        ("GET", "/gateway/nobody/notices", 405, "method_not_allowed"),
    ],
)
async def test_what_the_framework_refuses_is_a_problem_too(
    method: str, path: str, status: int, code: str
) -> None:
    async with client_of(plain_app()) as client:
        answer = await client.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    if status == 405:
        assert "OPTIONS" in answer.headers["allow"]


async def test_a_fault_is_503_and_says_when_to_come_back() -> None:
    app = bare_app(db=Broken(DatabaseUnavailable("connection to 10.0.0.1 refused")))
    async with client_of(app) as client:
        answer = await client.get("/v1/quota", headers={"Authorization": f"Bearer {KEY}"})
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert 5 <= int(answer.headers["retry-after"]) <= 10
    assert "10.0.0.1" not in answer.text


async def test_our_own_mistake_is_told_to_the_log_and_not_to_the_caller() -> None:
    app = bare_app(db=Broken(ZeroDivisionError("secret inside")))
    with capture_logs() as lines:
        async with client_of(app) as client:
            answer = await client.get("/v1/quota", headers={"Authorization": f"Bearer {KEY}"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "secret inside" not in answer.text
    (line,) = [line for line in lines if line["event"] == "unexpected"]
    assert isinstance(line["exc_info"], ZeroDivisionError)
    assert line["request_id"] == answer.json()["request_id"]


async def test_a_guessed_key_is_told_apart_from_none() -> None:
    async with client_of(plain_app()) as client:
        answer = await client.get("/v1/quota", headers={"Authorization": "Bearer bbh_live_x"})
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
