from __future__ import annotations

import hashlib
from typing import Any
from uuid import uuid4

import pytest

from bubuh.identity.model import Scope
from tests.api.site import LETTER, Person, Site, together


async def test_a_stamp_is_accepted_and_shown(site: Site) -> None:
    person = await site.person()
    answer = await person.stamp(await person.uploaded())
    assert answer.status_code == 202, answer.text
    stamp = answer.json()
    assert (stamp["state"], stamp["serial"], stamp["reason"]) == ("accepted", None, None)
    assert [event["state"] for event in stamp["timeline"]] == ["accepted"]
    assert answer.headers["location"] == f"/v1/stamps/{stamp['id']}"
    assert (await person.get(answer.headers["location"])).json() == stamp
    quota = (await person.get("/v1/quota")).json()
    assert (quota["free"], quota["held"], quota["used"]) == (2, 1, 0)


async def test_who_waits_gets_the_finished_stamp_and_its_document(site: Site) -> None:
    person = await site.person()
    async with site.working():
        answer = await person.stamp(await person.uploaded(), prefer="wait=20")
    assert answer.status_code == 200, answer.text
    assert answer.headers["preference-applied"] == "wait=20"
    stamp = answer.json()
    assert (stamp["state"], stamp["level"]) == ("affixed", "B-B")
    assert len(stamp["serial"]) == 22
    assert [event["state"] for event in stamp["timeline"]] == ["accepted", "processing", "affixed"]

    download = await person.get(f"/v1/stamps/{stamp['id']}/document")
    assert download.status_code == 200
    assert download.headers["content-type"] == "application/pdf"
    assert download.headers["content-length"] == str(len(download.content))
    assert download.headers["etag"] == f'"{hashlib.sha256(download.content).hexdigest()}"'
    assert download.headers["x-content-type-options"] == "nosniff"
    assert 'filename="surat lamaran-bermeterai.pdf"' in download.headers["content-disposition"]
    assert download.content.startswith(LETTER.read_bytes())
    assert stamp["serial"].encode() in download.content


async def test_a_wait_that_is_over_says_202(site: Site) -> None:
    person = await site.person()
    answer = await person.stamp(await person.uploaded(), prefer="wait=1")
    assert (answer.status_code, answer.json()["state"]) == (202, "accepted")


async def test_twenty_repetitions_are_one_stamp(site: Site) -> None:
    person, key = await site.person(), str(uuid4())
    document = await person.uploaded()
    answers = await together(*(person.stamp(document, key=key) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 19
    assert await person.free() == 2
    other = await person.stamp(document, key=key, document_no="2")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_conflict")


async def test_many_want_the_last_stamp_and_one_gets_it(site: Site) -> None:
    person = await site.person(stamps=1)
    document = await person.uploaded()
    answers = await together(*(person.stamp(document) for _ in range(30)))
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(202), statuses.count(409)) == (1, 29)
    problem = next(answer.json() for answer in answers if answer.status_code == 409)
    assert (problem["code"], problem["free"], problem["wanted"]) == ("quota_exhausted", 0, 1)


@pytest.mark.parametrize(
    ("other", "pointer", "code"),
    [
        ({"page": 2}, "/page", "page_out_of_range"),
        ({"page": 0}, "/page", "page_out_of_range"),
        ({"page": -(10**30)}, "/page", "page_out_of_range"),
        ({"page": "1"}, "/page", "invalid_request"),
        ({"page": True}, "/page", "invalid_request"),
        ({"x": 590}, "/x", "outside_page"),
        ({"x": -1}, "/x", "outside_page"),
        ({"x": 1e308}, "/x", "outside_page"),
        ({"y": 2000}, "/y", "outside_page"),
        ({"width": 39.9}, "/width", "face_size"),
        ({"width": 121}, "/width", "face_size"),
        ({"document_type": ""}, "/document_type", "invalid_request"),
        ({"document_type": "x" * 65}, "/document_type", "invalid_request"),
        ({"document_no": "x" * 65}, "/document_no", "invalid_request"),
        ({"document_no": "a\x00b"}, "/document_no", "invalid_request"),
        ({"document_date": "22-11-2026"}, "/document_date", "invalid_request"),
        ({"document_date": "2026-02-30"}, "/document_date", "invalid_request"),
        ({"colour": "red"}, "/colour", "invalid_request"),
    ],
)
async def test_a_bad_wish_names_its_member_and_touches_no_quota(
    site: Site, other: dict[str, Any], pointer: str, code: str
) -> None:
    person = await site.person(stamps=1)
    answer = await person.stamp(await person.uploaded(), **other)
    assert (answer.status_code, answer.json()["pointer"], answer.json()["code"]) == (422, pointer, code)
    assert await person.free() == 1


async def test_a_document_that_is_not_mine_cannot_be_stamped(site: Site) -> None:
    owner, stranger = await site.person(), await site.person()
    answers = [
        await stranger.stamp(document)
        for document in (await owner.uploaded(), "doc_" + "0" * 26, "surat.pdf")
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(404, "not_found")}
    assert await stranger.free() == 3


async def test_broken_json_is_400_and_no_json_415(site: Site) -> None:
    person = await site.person()
    headers = {"Content-Type": "application/json"}
    broken = await person.post("/v1/stamps", key="k", headers=headers, content=b"{")
    assert (broken.status_code, broken.json()["code"]) == (400, "invalid_request")
    other = await person.post("/v1/stamps", key="k", headers={"Content-Type": "text/xml"}, content=b"<a/>")
    assert (other.status_code, other.json()["code"]) == (415, "media_type_unsupported")
    giant = await person.post("/v1/stamps", key="k", headers=headers, content=b" " * 400_000)
    assert (giant.status_code, giant.json()["code"]) == (413, "body_too_large")
    lone = await person.post("/v1/stamps", key="k", headers=headers, content=b'{"document_id":"\\ud800"}')
    assert lone.status_code in {400, 422}


async def test_a_waiting_stamp_can_be_cancelled_once_and_again(site: Site) -> None:
    person = await site.person(stamps=1)
    stamp = (await person.stamp(await person.uploaded())).json()
    for _ in range(2):
        answer = await person.post(f"/v1/stamps/{stamp['id']}/cancel")
        assert answer.status_code == 200
        assert (answer.json()["state"], answer.json()["reason"]) == ("returned", "cancelled_by_owner")
        assert answer.json()["reason_text"] == "Dibatalkan oleh pemiliknya."
    assert await person.free() == 1
    document = await person.get(f"/v1/stamps/{stamp['id']}/document")
    assert (document.status_code, document.json()["code"]) == (409, "stamp_not_ready")


async def test_an_affixed_stamp_cannot_be_cancelled(site: Site) -> None:
    person = await site.person()
    stamp = await person.affixed()
    answer = await person.post(f"/v1/stamps/{stamp['id']}/cancel")
    assert (answer.status_code, answer.json()["code"]) == (409, "stamp_not_cancellable")


async def test_stamps_are_listed_newest_first_page_by_page(site: Site) -> None:
    person = await site.person(stamps=5)
    document = await person.uploaded()
    made = [(await person.stamp(document, document_no=str(no))).json()["id"] for no in range(5)]
    seen: list[str] = []
    path = "/v1/stamps?limit=2"
    while path:
        page = (await person.get(path)).json()
        seen += [stamp["id"] for stamp in page["data"]]
        assert page["has_more"] == (page["next_cursor"] is not None)
        path = f"/v1/stamps?limit=2&after={page['next_cursor']}" if page["has_more"] else ""
    assert seen == list(reversed(made))


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "limit=-1", "after=x", "after="])
async def test_a_list_refuses_what_it_cannot_read(site: Site, query: str) -> None:
    person = await site.person()
    for path in ("/v1/stamps", "/v1/quota/movements"):
        answer = await person.get(f"{path}?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
        assert answer.json()["parameter"] == query.split("=", maxsplit=1)[0]


async def test_nothing_of_a_stamp_is_seen_or_moved_by_others(site: Site) -> None:
    owner, stranger = await site.person(), await site.person()
    stamp = await owner.affixed()
    waiting = (await owner.stamp(await owner.uploaded())).json()
    told = []
    for identity in (stamp["id"], waiting["id"], "stm_" + "Z" * 26, "nonsense"):
        for method, tail in (("GET", ""), ("GET", "/document"), ("POST", "/cancel")):
            answer = await stranger.call(method, f"/v1/stamps/{identity}{tail}")
            assert answer.status_code == 404
            told.append({**answer.json(), "request_id": None, "instance": None})
    assert all(one == told[0] for one in told)
    assert (await stranger.get("/v1/stamps")).json()["data"] == []
    assert (await owner.get(f"/v1/stamps/{waiting['id']}")).json()["state"] == "accepted"


async def needs(person: Person, scope: Scope) -> None:
    calls = {
        ("GET", "/v1/quota"): Scope.QUOTA_READ,
        ("GET", "/v1/quota/movements"): Scope.QUOTA_READ,
        ("POST", "/v1/quota/transfers"): Scope.QUOTA_WRITE,
        ("GET", "/v1/quota/transfers/trf_x"): Scope.QUOTA_READ,
        ("POST", "/v1/quota/shares"): Scope.QUOTA_WRITE,
        ("GET", "/v1/quota/shares"): Scope.QUOTA_READ,
        ("GET", "/v1/quota/shares/acc_x"): Scope.QUOTA_READ,
        ("PATCH", "/v1/quota/shares/acc_x"): Scope.QUOTA_WRITE,
        ("POST", "/v1/orders"): Scope.ORDERS_WRITE,
        ("GET", "/v1/orders/ord_x"): Scope.ORDERS_WRITE,
        ("POST", "/v1/orders/ord_x/check"): Scope.ORDERS_WRITE,
        ("POST", "/v1/documents"): Scope.DOCUMENTS_WRITE,
        ("GET", "/v1/documents/doc_x"): Scope.DOCUMENTS_WRITE,
        ("PATCH", "/v1/documents/doc_x"): Scope.DOCUMENTS_WRITE,
        ("POST", "/v1/stamps"): Scope.STAMPS_WRITE,
        ("GET", "/v1/stamps"): Scope.STAMPS_WRITE,
        ("GET", "/v1/stamps/stm_x"): Scope.STAMPS_WRITE,
        ("GET", "/v1/stamps/stm_x/document"): Scope.STAMPS_WRITE,
        ("POST", "/v1/stamps/stm_x/cancel"): Scope.STAMPS_WRITE,
    }
    for (method, path), wanted in calls.items():
        answer = await person.call(method, path)
        is_open = answer.status_code not in {401, 403}
        assert is_open == (scope in {wanted, Scope.ALL}), (method, path, answer.text)


@pytest.mark.parametrize("scope", list(Scope))
async def test_a_key_opens_what_its_scope_says_and_nothing_else(site: Site, scope: Scope) -> None:
    await needs(await site.person(scope), scope)
