from __future__ import annotations

import hashlib
import io
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from bubuh.db.pool import connect
from bubuh.documents.expire import expire
from bubuh.documents.model import LIMIT_BYTES
from bubuh.edge.reasons import FLAGS
from bubuh.identity.model import Scope
from bubuh.pdf.intake.flags import Flag
from tests.api.site import DATA, LETTER, Site, together
from tests.pdf.damage import bytes_before


async def test_an_upload_is_received_and_shown(site: Site) -> None:
    person = await site.person()
    answer = await person.upload()
    assert answer.status_code == 201, answer.text
    document = answer.json()
    assert document["state"] == "ready"
    assert document["sha256"] == hashlib.sha256(LETTER.read_bytes()).hexdigest()
    assert document["pages"] == 1
    assert answer.headers["location"] == f"/v1/documents/{document['id']}"
    assert "idempotent-replayed" not in answer.headers
    shown = await person.get(answer.headers["location"])
    assert shown.json() == document


async def test_a_damaged_upload_is_normalised_and_its_owner_told(site: Site) -> None:
    person, damaged = await site.person(), bytes_before(LETTER.read_bytes())
    document = (await person.upload(damaged)).json()
    assert document["state"] == "ready"
    assert document["sha256"] == hashlib.sha256(damaged).hexdigest()
    assert (document["normalised"], document["normalised_reason"]) == (True, "leading_bytes")
    assert document["normalised_text"].startswith("Struktur berkas ini rusak")
    shown = await person.get(f"/v1/documents/{document['id']}")
    assert shown.json() == document
    sound = (await person.upload()).json()
    assert (sound["normalised"], sound["normalised_reason"], sound["normalised_text"]) == (False, None, None)


async def test_a_damaged_upload_with_signatures_is_refused_in_words(site: Site) -> None:
    signed = (DATA / "surat-pernyataan-sudah-ditandatangani.pdf").read_bytes()
    answer = await (await site.person()).upload(bytes_before(signed))
    assert (answer.status_code, answer.json()["reason"]) == (422, "repair_breaks_signatures")
    assert "tanda tangan" in answer.json()["detail"]


async def test_the_same_upload_again_is_the_same_document(site: Site) -> None:
    person, key = await site.person(), str(uuid4())
    answers = await together(*(person.upload(key=key) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    again = await person.upload(key=key)
    assert again.headers["idempotent-replayed"] == "true"
    other = await person.upload((DATA / "kuitansi-chromium.pdf").read_bytes(), key=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_conflict")


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 400, "document_empty"),
        (b"GIF89a" * 500, 415, "not_a_pdf"),
        (b"hello", 415, "not_a_pdf"),
        (LETTER.read_bytes()[:4_000], 400, "document_truncated"),
        (b"%PDF-1.7\n" + b"0" * LIMIT_BYTES, 413, "document_too_large"),
    ],
)
async def test_bad_files_are_told_apart(site: Site, content: bytes, status: int, code: str) -> None:
    person = await site.person()
    answer = await person.upload(content)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await person.free() == 3


async def test_what_its_owner_should_know_is_shown_in_both_languages(site: Site) -> None:
    person = await site.person()
    answer = await person.upload((DATA / "perjanjian-sewa-formulir.pdf").read_bytes())
    assert answer.status_code == 201, answer.text
    (flag,) = answer.json()["flags"]
    assert flag == {"code": "fillable", "text": FLAGS[Flag.FILLABLE].id}
    english = await person.get(answer.headers["location"], headers={"Accept-Language": "en"})
    assert english.json()["flags"] == [{"code": "fillable", "text": FLAGS[Flag.FILLABLE].en}]
    assert (await person.upload()).json()["flags"] == []


async def test_a_giant_that_does_not_announce_itself_is_cut_off(site: Site) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"%PDF-1.7\n"
        for _ in range(12):
            yield b"0" * 2**20

    answer = await (await site.person()).upload(chunks())
    assert (answer.status_code, answer.json()["code"]) == (413, "document_too_large")


def locked() -> bytes:
    """The letter behind a password."""
    import pikepdf

    out = io.BytesIO()
    with pikepdf.open(LETTER) as letter:
        letter.save(out, encryption=pikepdf.Encryption(owner="rahasia", user="rahasia"))
    return out.getvalue()


async def test_a_refused_document_says_why_and_what_to_do(site: Site) -> None:
    person, key, document = await site.person(), str(uuid4()), locked()
    answer = await person.upload(document, key=key)
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["reason"]) == (422, "document_refused", "encrypted")
    assert "kata sandi" in problem["detail"]
    english = await person.upload(document, key=key, headers={"Accept-Language": "en"})
    assert (english.status_code, english.json()["reason"]) == (422, "encrypted")
    assert "password" in english.json()["detail"]
    assert await person.free() == 3


async def test_what_does_not_call_itself_a_pdf_is_not_read(site: Site) -> None:
    answer = await (await site.person()).upload(headers={"Content-Type": "image/png"})
    assert (answer.status_code, answer.json()["code"]) == (415, "media_type_unsupported")


async def test_an_upload_needs_an_idempotency_key(site: Site) -> None:
    person = await site.person()
    answer = await person.post(
        "/v1/documents", headers={"Content-Type": "application/pdf"}, content=LETTER.read_bytes()
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_required")


async def test_foreign_and_unknown_documents_look_equal(site: Site) -> None:
    owner, stranger = await site.person(), await site.person()
    mine = await owner.uploaded()
    paths = [f"/v1/documents/{one}" for one in (mine, "doc_" + "0" * 26, "doc_x", "stm_" + "0" * 26, "%00")]
    bodies = [(await stranger.get(path)) for path in paths]
    assert {body.status_code for body in bodies} == {404}
    told = [{**body.json(), "request_id": None, "instance": None} for body in bodies]
    assert all(one == told[0] for one in told)


async def test_a_key_without_the_scope_may_not_upload(site: Site) -> None:
    answer = await (await site.person(Scope.QUOTA_READ)).upload()
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    assert answer.json()["scope"] == "documents:write"


async def test_a_program_keeps_a_document_past_its_time_and_lets_it_go(site: Site) -> None:
    person = await site.person()
    document = (await person.upload()).json()
    address, shard = f"/v1/documents/{document['id']}", person.principal.shard

    async def kept(*, kept: bool) -> httpx.Response:
        return await person.call("PATCH", address, json={"kept": kept})

    came, until = (datetime.fromisoformat(document[name]) for name in ("received_at", "stays_until"))
    assert (document["kept"], until - came) == (False, timedelta(hours=72))
    for _ in range(2):
        answer = await kept(kept=True)
        assert (answer.status_code, answer.json()["kept"], answer.json()["stays_until"]) == (200, True, None)
    conn = await connect(site.dsns.owner)
    past = "UPDATE documents SET received_at = received_at - interval '73 hours' WHERE account_id = $1"
    await conn.execute(past, person.principal.account_id)
    await conn.close()
    assert await expire(shard, db=site.services.db, objects=site.services.objects) == 0
    assert (await person.get(address)).json()["state"] == "ready"
    assert (await kept(kept=False)).json()["kept"] is False
    assert await expire(shard, db=site.services.db, objects=site.services.objects) == 1
    gone = (await person.get(address)).json()
    assert (gone["state"], gone["kept"], gone["stays_until"]) == ("destroyed", False, None)
    late = await kept(kept=True)
    assert (late.status_code, late.json()["code"]) == (409, "document_not_ready")


@pytest.mark.parametrize("body", [{}, {"kept": "ya"}, {"kept": True, "until": "2027-01-01"}])
async def test_a_wish_to_keep_is_one_plain_word(site: Site, body: dict[str, object]) -> None:
    person = await site.person()
    answer = await person.call("PATCH", f"/v1/documents/{await person.uploaded()}", json=body)
    assert answer.status_code in {400, 422}, answer.text


async def test_nobody_keeps_what_is_anothers(site: Site) -> None:
    owner, stranger = await site.person(), await site.person()
    address = f"/v1/documents/{await owner.uploaded()}"
    assert (await stranger.call("PATCH", address, json={"kept": True})).status_code == 404
    assert (await owner.get(address)).json()["kept"] is False
