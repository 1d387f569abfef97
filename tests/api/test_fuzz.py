"""Requests made up from the OpenAPI document, right and wrong: no failure of ours, all as described."""

from __future__ import annotations

from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings, strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from bubuh.api.openapi import describe
from tests.api.site import Person, Site
from tests.edge.bare import plain_app

schemathesis.openapi.media_type("application/pdf", st.binary(max_size=200))


@schemathesis.serializer("application/pdf")
def as_it_is(_context: Any, value: Any) -> Any:
    """A PDF is sent as the bytes it is."""
    return value if isinstance(value, bytes) else str(value).encode()


EXAMPLES = 8  #: an operation and mode
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]

SCHEMA = schemathesis.openapi.from_dict(
    describe(plain_app().routes, public_url="http://127.0.0.1:8000", version="0")
)
OPERATIONS: dict[str, Any] = {
    found.ok().label: found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)
}


def cases(operation: Any, mode: GenerationMode) -> list[Any]:
    """Some requests for `operation`; made before any is sent, for the maker does not wait for answers."""
    made: list[Any] = []

    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.generate],
        database=None,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def make(case: Any) -> None:
        made.append(case)

    make()
    return made


async def send(person: Person, case: Any) -> Any:
    prepared = requests.Request(**case.as_transport_kwargs(base_url="http://127.0.0.1:8000")).prepare()
    headers = {
        name: value if isinstance(value, str) else value.decode("latin-1")
        for name, value in prepared.headers.items()
        if name.lower() not in {"authorization", "user-agent"}
    }
    headers["Authorization"] = f"Bearer {person.key}"
    body: Any = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
    return await person.site.anyone.request(
        str(prepared.method), str(prepared.url), headers=headers, content=body
    )


@pytest.mark.parametrize("label", sorted(OPERATIONS))
async def test_no_made_up_request_breaks_the_service_or_its_promises(site: Site, label: str) -> None:
    person = await site.person(stamps=5)
    sent = 0
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        if mode is GenerationMode.NEGATIVE and not _can_be_wrong(label):
            continue
        for case in cases(OPERATIONS[label], mode):
            answer = await send(person, case)
            case.validate_response(answer, checks=CHECKS)
            sent += 1
    assert sent > 0


def _can_be_wrong(label: str) -> bool:
    """Whether the operation takes anything that could be wrong."""
    operation = OPERATIONS[label]
    takes_json = "application/json" in operation.get_request_payload_content_types()
    return takes_json or any(one.location != "path" for one in operation.iter_parameters())
