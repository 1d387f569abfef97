"""Stamps on documents that stay at home, as integrators ask for them."""

from __future__ import annotations

import base64
from typing import Any
from uuid import uuid4

import httpx
import pytest

from bubuh.pdf.midstate import as_json, midstate_of
from tests.api.site import LETTER, WANTED, Json, Person, Site

DOCUMENT = LETTER.read_bytes()
MIDSTATE: Json = as_json(midstate_of(DOCUMENT, 1))


def coded(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


async def ask(
    person: Person,
    *,
    key: str | None = None,
    headers: Json | None = None,
    midstate: Json = MIDSTATE,
    **other: Any,
) -> httpx.Response:
    body = {**WANTED, "midstate": midstate, **other}
    return await person.post("/v1/stamps", key=key or str(uuid4()), headers=headers, json=body)


def hostile() -> dict[str, Json]:
    objects = dict(MIDSTATE["objects"])
    catalog = MIDSTATE["objects"]["8 0"]
    node = b"<< /Type /Pages /Kids [%d 0 R] /Count 1 >>"
    pages = {f"{number} 0": coded(node % (number + 1)) for number in range(20, 84)}
    return {
        "two dictionaries": {**MIDSTATE, "objects": {**objects, "8 0": coded(b"<< >> << >>")}},
        "an unbalanced one": {**MIDSTATE, "objects": {**objects, "8 0": coded(b"<< /Pages 10 0 R")}},
        "a stream": {**MIDSTATE, "objects": {**objects, "8 0": coded(b"<< /Length 0 >> stream\nendstream")}},
        "a tail of another length": {**MIDSTATE, "tail": coded(b"x" * 63)},
        "a reference that leads nowhere": {**MIDSTATE, "objects": {"8 0": catalog}},
        "a page tree that goes round": {
            **MIDSTATE,
            "objects": {**objects, "10 0": coded(b"<< /Type /Pages /Kids [10 0 R] /Count 1 >>")},
        },
        "too many objects": {
            **MIDSTATE,
            "objects": {**objects, **pages},
            "xref": {**MIDSTATE["xref"], "highest": 100},
        },
        "objects that are too large": {
            **MIDSTATE,
            "objects": {**objects, "11 0": coded(b"(" + bytes(270_000).replace(b"\0", b"a") + b")")},
        },
        "a document over the limit": {**MIDSTATE, "length": 2**30 + MIDSTATE["length"] % 64},
        "a section beyond the document": {
            **MIDSTATE,
            "xref": {**MIDSTATE["xref"], "start": MIDSTATE["length"] + 1},
        },
    }


async def test_what_comes_back_makes_a_genuine_document(site: Site) -> None:
    citizen = await site.person()
    async with site.working():
        answer = await ask(citizen, headers={"Prefer": "wait=20"})
    assert answer.status_code == 200, answer.text
    stamp = answer.json()
    assert (stamp["state"], stamp["content_unseen"]) == ("affixed", True)
    increment = await citizen.get(f"/v1/stamps/{stamp['id']}/increment")
    assert increment.status_code == 200
    assert increment.headers["content-type"] == "application/octet-stream"
    told = {"Content-Type": "application/pdf"}
    answer = await site.anyone.post("/v1/verifications", content=DOCUMENT + increment.content, headers=told)
    verdict = answer.json()
    assert verdict["indication"] == "TOTAL-PASSED", verdict
    assert "content_unseen" in verdict["findings"]
    assert any("tanpa melihat isi" in detail["text"] for detail in verdict["details"])
    assert (await site.anyone.get(f"/v1/serials/{stamp['serial']}")).json()["content_unseen"] is True

    document = await citizen.get(f"/v1/stamps/{stamp['id']}/document")
    assert (document.status_code, document.json()["code"]) == (409, "content_unseen")
    shown = (await citizen.get(f"/v1/documents/{stamp['document_id']}")).json()
    assert (shown["content_unseen"], shown["pages"]) == (True, 1)
    again = await citizen.post("/v1/stamps", key=str(uuid4()), json=WANTED | {"document_id": shown["id"]})
    assert (again.status_code, again.json()["code"]) == (409, "content_unseen")


async def test_repeating_the_request_shows_the_same_stamp(site: Site) -> None:
    citizen, key = await site.person(), str(uuid4())
    first = (await ask(citizen, key=key)).json()
    second = await ask(citizen, key=key)
    assert second.json()["id"] == first["id"]
    assert second.headers["Idempotent-Replayed"] == "true"
    for other in ({"x": 100}, {"midstate": as_json(midstate_of(DOCUMENT + b"\n", 1))}):
        refused = await ask(citizen, key=key, **other)
        assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_conflict")
    assert (await citizen.get("/v1/quota")).json()["held"] == 1


@pytest.mark.parametrize("kind", hostile())
async def test_hostile_pieces_touch_no_quota(site: Site, kind: str) -> None:
    citizen = await site.person()
    before = (await citizen.get("/v1/quota")).json()
    answer = await ask(citizen, midstate=hostile()[kind])
    assert (answer.status_code, answer.json()["code"]) == (422, "midstate_unsupported"), answer.text
    assert answer.json()["pointer"] == "/midstate"
    assert (await citizen.get("/v1/quota")).json() == before
    assert (await citizen.get("/v1/stamps")).json()["data"] == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({**WANTED}, "/document_id"),
        ({**WANTED, "midstate": MIDSTATE, "document_id": "doc_0G3ZMVQ2H49Q8S2NXW5T7R6K1P"}, "/midstate"),
        ({**WANTED, "midstate": {**MIDSTATE, "state": "00"}}, "/midstate/state"),
        ({**WANTED, "midstate": {**MIDSTATE, "more": 1}}, "/midstate/more"),
        ({**WANTED, "midstate": {**MIDSTATE, "xref": {}}}, "/midstate/xref/start"),
    ],
)
async def test_a_body_of_another_shape_is_told_where(site: Site, body: Json, pointer: str) -> None:
    citizen = await site.person()
    answer = await citizen.post("/v1/stamps", key=str(uuid4()), json=body)
    assert (answer.status_code, answer.json().get("pointer")) == (422, pointer), answer.text


async def test_a_face_outside_the_page_and_a_page_that_was_not_sent_are_refused(site: Site) -> None:
    citizen = await site.person()
    assert (await ask(citizen, x=590)).json()["code"] == "outside_page"
    assert (await ask(citizen, page=2)).json()["code"] == "midstate_unsupported"
    assert (await ask(citizen, midstate={**MIDSTATE, "tail": "A" * 400_000})).status_code == 413
