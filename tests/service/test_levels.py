"""The whole service with an authority of time: levels are settled beside the hot path, whoever is killed.

Documents that stay at home have no room for more than they are given: their stamps are in order to all.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from bubuh.core.clock import utc_now
from bubuh.core.ids import AccountId, read_account
from bubuh.pdf.judge.verdict import judge
from bubuh.pdf.midstate import as_json, midstate_of
from bubuh.pdf.model import Indication, Trust
from bubuh.pdf.seal.pki import from_pem
from tests.authority import Authority, Script
from tests.pdf.forgeries import javascript
from tests.service.conftest import (
    LETTER,
    Citizen,
    Running,
    open_citizen,
    running_with_time,
    until,
)
from tests.service.test_kills import CAPTURE, SEAL, Step, cut, held_at, someone_waits

pytestmark = pytest.mark.service

DOCUMENT = LETTER.read_bytes()
LETTERS = ("surat-lamaran.pdf", "kuitansi-chromium.pdf", "surat-pernyataan-sudah-ditandatangani.pdf")


@pytest.fixture(scope="module")
def service(authority: Authority) -> Iterator[Running]:
    with running_with_time(authority) as running:
        yield running


@pytest.fixture
def citizen(service: Running, authority: Authority) -> Iterator[Citizen]:
    authority.script = Script()
    with open_citizen(service, stamps=3) as citizen:
        yield citizen


def trust_of(service: Running, authority: Authority) -> Trust:
    roots = from_pem((service.data / "pki" / "root.pem").read_bytes())
    return Trust(roots=roots, now=utc_now(), timestamp_roots=(authority.root,))


def said_of(document: bytes, service: Running, authority: Authority) -> tuple[Indication, tuple[str, ...]]:
    judgement = judge(document, trust_of(service, authority))
    return judgement.indication, judgement.findings


def affixed(citizen: Citizen) -> str:
    stamp_id = str(citizen.ask_for_stamp(citizen.upload()).json()["id"])
    assert citizen.await_end(stamp_id)["state"] == "affixed"
    return stamp_id


def test_a_citizen_downloads_a_stamp_with_its_time(
    service: Running, citizen: Citizen, authority: Authority
) -> None:
    document = citizen.download(stamp_id := affixed(citizen))

    assert said_of(document, service, authority) == (Indication.PASSED, ("seal_time_stamp",))
    assert b"/DSS" in document
    assert citizen.await_end(stamp_id)["level"] == "B-LT"
    assert citizen.download(stamp_id) == document
    verdict = citizen.http.post(
        "/v1/verifications", content=document, headers={"Content-Type": "application/pdf"}
    )
    assert verdict.json()["indication"] == "TOTAL-PASSED", verdict.text


def test_an_authority_that_is_late_holds_up_no_stamp_and_no_download_for_long(
    service: Running, citizen: Citizen, authority: Authority
) -> None:
    authority.script = Script(late_s=20.0)
    stamp_id = affixed(citizen)

    started = time.monotonic()
    document = citizen.download(stamp_id)

    assert time.monotonic() - started < 30
    assert said_of(document, service, authority) == (Indication.PASSED, ())
    assert citizen.await_end(stamp_id)["level"] == "B-B"
    authority.script = Script()
    assert citizen.download(stamp_id) == document


@pytest.mark.long
def test_a_worker_killed_while_it_asks_is_followed_by_another(
    service: Running, citizen: Citizen, authority: Authority
) -> None:
    before = authority.asked
    authority.script = Script(late_s=3.0)
    stamp_id = affixed(citizen)
    until(lambda: authority.asked > before)
    service.kill("worker")
    authority.script = Script()

    second = str(citizen.ask_for_stamp(citizen.upload()).json()["id"])
    assert citizen.await_end(second)["state"] == "affixed"

    for stamp in (stamp_id, second):
        document = citizen.download(stamp)
        assert said_of(document, service, authority)[0] is Indication.PASSED
        assert citizen.download(stamp) == document


def ask(citizen: Citizen, *, key: str | None = None, **headers: str) -> httpx.Response:
    wanted = {
        "midstate": as_json(midstate_of(DOCUMENT, 1)),
        "page": 1,
        "x": 400.0,
        "y": 600.0,
        "width": 70.0,
        "document_type": "surat lamaran",
        "document_no": "1",
        "document_date": "2026-11-22",
    }
    told = {"Idempotency-Key": key or str(uuid.uuid4())} | headers
    return citizen.http.post("/v1/stamps", json=wanted, headers=told)


def increment_of(citizen: Citizen, stamp_id: str) -> bytes:
    answer = citizen.http.get(f"/v1/stamps/{stamp_id}/increment")
    assert answer.status_code == 200, answer.text
    return answer.content


def test_letters_are_stamped_at_home_and_everybody_accepts_them(
    service: Running,
    citizen: Citizen,
    authority: Authority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pdfsig_words: Callable[[bytes], list[str]],
    qpdf_complaints: Callable[[bytes], str],
    pyhanko_words: Callable[[bytes, Trust], dict[str, bool]],
) -> None:
    home, out = tmp_path / "home", tmp_path / "out"
    home.mkdir()
    for name in LETTERS:
        (home / name).write_bytes(LETTER.with_name(name).read_bytes())
    monkeypatch.setenv("BUBUH_API_KEY", citizen.http.headers["Authorization"].removeprefix("Bearer "))

    done = service.bubuh(
        "affix", str(home), "-o", str(out), "--midstate", "--at", "150,250", "--url", service.url, "--json"
    )

    assert done.returncode == 0, done.stdout + done.stderr
    told = {Path(line["file"]).name: line for line in map(json.loads, done.stdout.splitlines())}
    assert set(told) == set(LETTERS)
    trust = trust_of(service, authority)
    everyone = replace(trust, roots=(*trust.roots, *trust.timestamp_roots))  # pyHanko has one store for all
    for name in LETTERS:
        stamped, serial = (out / name).read_bytes(), told[name]["serial"]
        assert stamped.startswith((home / name).read_bytes())
        assert qpdf_complaints(stamped) == ""
        assert pdfsig_words(stamped)[-1] == "Signature is Valid."
        assert pyhanko_words(stamped, everyone)[f"Stamp_{serial}"]
    verified = service.bubuh("verify", str(out), "--url", service.url, "--json")
    assert verified.returncode == 0, verified.stdout
    assert all("content_unseen" in json.loads(line)["findings"] for line in verified.stdout.splitlines())
    kept = asyncio.run(_kept(service, read_account(citizen.account)))
    assert len(kept) == len(LETTERS)
    assert all(row["content_unseen"] and row["size_bytes"] < 20_000 for row in kept)


def test_what_the_checker_would_refuse_is_not_even_asked_for(
    service: Running, citizen: Citizen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "aktif.pdf").write_bytes(javascript(DOCUMENT))
    monkeypatch.setenv("BUBUH_API_KEY", citizen.http.headers["Authorization"].removeprefix("Bearer "))
    done = service.bubuh("affix", str(tmp_path / "aktif.pdf"), "--midstate", "--url", service.url, "--json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert (told["state"], told["reason"]) == ("refused", "javascript")
    assert citizen.http.get("/v1/quota").json()["free"] == 3


def test_the_answer_has_its_time_stamp_and_stays_as_it_is(
    service: Running, citizen: Citizen, authority: Authority
) -> None:
    key = str(uuid.uuid4())
    stamp = ask(citizen, key=key, Prefer="wait=20").json()
    assert (stamp["state"], stamp["content_unseen"]) == ("affixed", True), stamp
    increment = increment_of(citizen, stamp["id"])
    said = judge(DOCUMENT + increment, trust_of(service, authority))
    assert said.indication is Indication.PASSED, said
    assert said.findings == ("content_unseen", "seal_time_stamp")
    assert ask(citizen, key=key).json()["id"] == stamp["id"]
    assert increment_of(citizen, stamp["id"]) == increment


@pytest.mark.long  # a document's download in the same case stays in the gate
def test_where_the_authority_is_late_the_answer_goes_without(
    service: Running, citizen: Citizen, authority: Authority
) -> None:
    authority.script = Script(late_s=20.0)
    stamp = ask(citizen, Prefer="wait=20").json()
    increment = increment_of(citizen, stamp["id"])
    said = judge(DOCUMENT + increment, trust_of(service, authority))
    assert (said.indication, said.findings) == (Indication.PASSED, ("content_unseen",))
    authority.script = Script()
    assert increment_of(citizen, stamp["id"]) == increment


@pytest.mark.long  # with the document here, worker and signer are killed in the gate too: test_kills
@pytest.mark.parametrize("step", [SEAL, CAPTURE], ids=lambda step: step.name)
async def test_a_worker_killed_around_the_seal_is_followed_to_the_same_bytes(
    service: Running, citizen: Citizen, authority: Authority, step: Step
) -> None:
    async with held_at(service, step) as owner:
        stamp_id = (await asyncio.to_thread(ask, citizen)).json()["id"]
        await someone_waits(owner)
        before = await _planned(owner)
        service.kill("worker")
        await cut(service)
    stamp = await asyncio.to_thread(citizen.await_end, stamp_id)
    assert stamp["state"] == "affixed", stamp
    whole = DOCUMENT + await asyncio.to_thread(increment_of, citizen, stamp_id)
    said = judge(whole, trust_of(service, authority))
    assert said.is_genuine, said
    (found,) = said.stamps
    assert {"serial_no": found.serial_no, "digest": found.digest} == before
    report = await asyncio.to_thread(service.bubuh, "quota", "reconcile")
    assert report.returncode == 0, report.stdout


async def _kept(service: Running, account_id: AccountId) -> list[Any]:
    """What the service has of an account's documents."""
    owner = await service.owner()
    try:
        found = "SELECT content_unseen, size_bytes FROM documents WHERE account_id = $1"
        return list(await owner.fetch(found, account_id))
    finally:
        await owner.close()


async def _planned(owner: Any) -> dict[str, Any]:
    """Serial number and digest of the stamp in work."""
    (row,) = await owner.fetch("SELECT serial_no, digest FROM stamps WHERE state = 'processing'")
    return dict(row)
