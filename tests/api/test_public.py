from __future__ import annotations

import pytest

from bubuh.core.ids import read_account
from bubuh.core.shards import ALL_SHARDS
from bubuh.quota.watch import watch_shard
from tests.api.site import LETTER, Site

PDF = {"Content-Type": "application/pdf"}


async def test_anyone_can_verify_and_look_up_what_was_affixed(site: Site) -> None:
    person = await site.person()
    stamp = await person.affixed()
    document = (await person.get(f"/v1/stamps/{stamp['id']}/document")).content

    verdict = (await site.anyone.post("/v1/verifications", headers=PDF, content=document)).json()
    assert (verdict["verdict"], verdict["indication"]) == ("genuine", "TOTAL-PASSED")
    assert verdict["serial"] == stamp["serial"]
    assert verdict["explanation"].startswith("Asli")

    shown = await site.anyone.get(f"/v1/serials/{stamp['serial']}")
    assert shown.status_code == 200
    assert shown.json()["state"] == "affixed"
    assert len(shown.json()["digest"]) == 64
    assert not any(secret in shown.text for secret in (person.account, stamp["id"], stamp["document_id"]))
    lower = await site.anyone.get(f"/v1/serials/{stamp['serial'].lower()}")
    assert lower.json() == shown.json()

    page = await site.anyone.get(f"/s/{stamp['serial']}")
    assert page.status_code == 200
    assert stamp["serial"] in page.text
    assert "belum membuktikan keaslian" in page.text
    assert "WIB" in page.text

    changed = (
        document.replace(b"surat", b"surat"[::-1], 1) if b"surat" in document else document[:-2] + b"x\n"
    )
    altered = document[:200] + bytes([document[200] ^ 1]) + document[201:]
    for bad in (changed, altered):
        answer = await site.anyone.post("/v1/verifications", headers=PDF, content=bad)
        assert answer.status_code == 200
        assert answer.json()["verdict"] != "genuine"


@pytest.mark.parametrize("content", [b"", b"not a pdf", b"%PDF-1.7\n%%EOF", LETTER.read_bytes()])
async def test_what_proves_nothing_is_a_verdict_and_no_failure(site: Site, content: bytes) -> None:
    answer = await site.anyone.post("/v1/verifications", headers=PDF, content=content)
    assert answer.status_code == 200
    assert answer.json()["verdict"] in {"not_provable", "not_genuine"}
    assert answer.json()["stamps"] == []
    english = await site.anyone.post(
        "/v1/verifications", headers={**PDF, "Accept-Language": "en"}, content=content
    )
    assert english.json()["explanation"].startswith("No stamp of ours")


async def test_a_verification_is_bounded(site: Site) -> None:
    giant = await site.anyone.post("/v1/verifications", headers=PDF, content=b"0" * (16 * 2**20 + 1))
    assert (giant.status_code, giant.json()["code"]) == (413, "body_too_large")
    other = await site.anyone.post("/v1/verifications", json={})
    assert (other.status_code, other.json()["code"]) == (415, "media_type_unsupported")


async def test_unknown_void_and_malformed_serials_look_equal(site: Site) -> None:
    not_given = site.services.serial_key.show(123_456)
    told = []
    for serial in (not_given, "T1" + "0" * 20, "x", "%00", "é" * 22):
        answer = await site.anyone.get(f"/v1/serials/{serial}")
        assert answer.status_code == 404
        told.append({**answer.json(), "request_id": None, "instance": None})
        page = await site.anyone.get(f"/s/{serial}")
        assert page.status_code == 404
        assert "tidak dikenal" in page.text
    assert all(one == told[0] for one in told)


async def test_the_service_is_live_and_ready(site: Site) -> None:
    for path in ("/health/live", "/health/ready"):
        answer = await site.anyone.get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_development_accounts_are_for_the_asking(site: Site) -> None:
    for content in (None, b"{}", b'{"kind":"organisation","name":"PT Uji"}'):
        headers = {"Content-Type": "application/json"} if content is not None else {}
        answer = await site.anyone.post("/dev/accounts", content=content, headers=headers)
        assert answer.status_code == 201, answer.text
        assert set(answer.json()) == {"id", "key"}
        assert read_account(answer.json()["id"])
        quota = await site.anyone.get(
            "/v1/quota", headers={"Authorization": f"Bearer {answer.json()['key']}"}
        )
        assert (quota.status_code, quota.json()["free"]) == (200, 0)
    bad = await site.anyone.post("/dev/accounts", json={"kind": "king"})
    assert (bad.status_code, bad.json()["pointer"]) == (422, "/kind")


async def test_a_revoked_key_opens_nothing(site: Site) -> None:
    person = await site.person()
    await site.services.db.execute(
        "UPDATE api_keys SET revoked_at = now() WHERE account_id = $1", person.principal.account_id
    )
    answer = await person.get("/v1/quota")
    assert (answer.status_code, answer.json()["code"]) == (401, "key_refused")
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_movements_tell_all_that_happened_page_by_page(site: Site) -> None:
    person = await site.person(stamps=4)
    stamp = await person.affixed()
    await person.stamp(await person.uploaded())
    seen = []
    path = "/v1/quota/movements?limit=1"
    while path:
        page = (await person.get(path)).json()
        seen += [(one["kind"], one["id"]) for one in page["data"]]
        path = f"/v1/quota/movements?limit=1&after={page['next_cursor']}" if page["has_more"] else ""
    assert [kind for kind, _ in seen] == ["hold", "capture", "hold", "allot"]
    assert ("capture", stamp["id"]) in seen
    quota = (await person.get("/v1/quota")).json()
    assert (quota["free"], quota["held"], quota["used"]) == (2, 1, 1)


async def test_anyone_may_ask_for_how_long_the_books_have_agreed(site: Site) -> None:
    for shard in ALL_SHARDS:
        await watch_shard(site.services.db, shard, accept_wait_s=86_400)
    answer = await site.anyone.get("/v1/ledger")
    assert answer.status_code == 200
    told = answer.json()
    assert told["days_without_difference"] == 0
    assert told["checked_at"] >= told["since"]
    assert "Tanpa selisih sejak" in (await site.anyone.get("/")).text


async def test_a_digest_is_compared_with_the_registered_one(site: Site) -> None:
    stamp = await (await site.person()).affixed()
    known = (await site.anyone.get(f"/v1/serials/{stamp['serial']}")).json()["digest"]
    for digest, registered in ((known, True), (known.upper(), True), ("0" * 64, False)):
        answer = await site.anyone.get(f"/v1/serials/{stamp['serial'].lower()}/digests/{digest}")
        assert answer.json() == {
            "serial": stamp["serial"],
            "digest": digest.lower(),
            "registered": registered,
            "affixed_at": answer.json()["affixed_at"],
        }
    malformed = await site.anyone.get(f"/v1/serials/{stamp['serial']}/digests/{known[1:]}")
    assert (malformed.status_code, malformed.json()["code"]) == (422, "digest_malformed")
    unknown = await site.anyone.get(f"/v1/serials/{site.services.serial_key.show(7)}/digests/{known}")
    assert unknown.status_code == 404
