from __future__ import annotations

from typing import Any

import pytest
from openapi_spec_validator import validate

from bubuh.api.openapi import describe
from bubuh.edge.guards import May, guarded
from tests.edge.bare import client_of, plain_app

CREATING = {
    "/v1/orders",
    "/v1/orders/{order_id}/refunds",
    "/v1/quota/transfers",
    "/v1/quota/shares",
    "/v1/complaints",
    "/v1/documents",
    "/v1/stamps",
    "/v1/webhooks",
    "/v1/webhooks/{webhook_id}/secret",
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return describe(plain_app().routes, public_url="http://127.0.0.1:8000", version="0.1.0")


def test_the_document_is_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    validate(document)


async def test_it_is_served_as_it_is(document: dict[str, Any]) -> None:
    async with client_of(plain_app()) as client:
        answer = await client.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["paths"].keys() == document["paths"].keys()


def test_every_call_below_v1_is_in_it(document: dict[str, Any]) -> None:
    described = {
        (method.upper(), path) for path, operations in document["paths"].items() for method in operations
    }
    served = {
        (method, path.replace(":str}", "}"))
        for method, path in guarded(plain_app().routes)
        if method != "HEAD"
    }
    assert {call for call in served if call[1].startswith("/v1/")} == {
        call for call in described if call[1].startswith("/v1/")
    }


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, found in document["paths"].items()
        for method, operation in found.items()
    ]


def test_every_call_says_who_may_what_can_go_wrong_and_in_two_languages(document: dict[str, Any]) -> None:
    guards = guarded(plain_app().routes)
    by_path = {(method, path.replace(":str}", "}")): guard for (method, path), guard in guards.items()}
    for path, method, operation in operations(document):
        guard = by_path[method.upper(), path]
        assert bool(operation["security"]) == isinstance(guard, May)
        wanted = {"429", "500", "503"} | ({"401", "403"} if isinstance(guard, May) else set())
        assert wanted <= operation["responses"].keys(), path
        assert operation["summary"]
        assert operation["x-summary-id"]
        assert operation["description"]


def test_what_creates_needs_an_idempotency_key(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        names = {one["name"] for one in operation["parameters"] if one["required"]}
        assert ("Idempotency-Key" in names) == (method == "post" and path in CREATING), path


def test_limits_stand_in_the_schema(document: dict[str, Any]) -> None:
    stamp = document["components"]["schemas"]["NewStamp"]
    assert stamp["additionalProperties"] is False
    assert stamp["properties"]["width"]["minimum"] == 40
    assert stamp["properties"]["width"]["maximum"] == 120
    assert stamp["properties"]["document_type"]["maxLength"] == 64
    assert document["components"]["schemas"]["NewOrder"]["properties"]["stamps"]["maximum"] == 1_000
