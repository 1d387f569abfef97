"""Whose account is frozen is told so in a sentence, moves no stamps, and keeps all else."""

from __future__ import annotations

from bubuh.quota.freeze import freeze, thaw
from tests.api.site import LETTER, WANTED, Person, Site


async def frozen(site: Site, person: Person) -> None:
    async with site.services.db.transaction() as conn:
        await freeze(conn, account_id=person.principal.account_id, reason="uji", actor="usr_op")


async def test_a_frozen_account_affixes_nothing_new_and_is_told_why(site: Site) -> None:
    person = await site.person()
    document = await person.uploaded()
    await frozen(site, person)
    answer = await person.stamp(document)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "account_frozen")
    assert problem["detail"].startswith("Pembukuan akun ini sedang diperiksa")
    assert "tidak hilang" in problem["detail"]
    english = await person.post(
        "/v1/stamps",
        key="frozen-1",
        headers={"Accept-Language": "en"},
        json={"document_id": document, **WANTED},
    )
    assert "Your quota is safe" in english.json()["detail"]
    quota = (await person.get("/v1/quota")).json()
    assert (quota["free"], quota["held"], quota["frozen"]) == (3, 0, True)
    async with site.services.db.transaction() as conn:
        await thaw(conn, account_id=person.principal.account_id, reason="cocok", actor="usr_op")
    assert (await person.stamp(document)).status_code == 202


async def test_what_was_accepted_before_is_affixed_shown_downloaded_and_verified(site: Site) -> None:
    person = await site.person()
    accepted = (await person.stamp(await person.uploaded(), key="frozen-2")).json()
    await frozen(site, person)
    async with site.working():
        shown = await person.get(f"/v1/stamps/{accepted['id']}", headers={"Prefer": "wait=20"})
    stamp = shown.json()
    assert stamp["state"] == "affixed"
    download = await person.get(f"/v1/stamps/{stamp['id']}/document")
    assert download.content.startswith(LETTER.read_bytes())
    verdict = await site.anyone.post(
        "/v1/verifications", content=download.content, headers={"Content-Type": "application/pdf"}
    )
    assert verdict.json()["verdict"] == "genuine"
    quota = (await person.get("/v1/quota")).json()
    assert (quota["free"], quota["held"], quota["used"], quota["frozen"]) == (2, 0, 1, True)
    assert (await person.get("/v1/quota/movements")).status_code == 200
