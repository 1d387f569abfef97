"""The whole service with an authority of time: levels are settled beside the hot path, whoever is killed."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from bubuh.core.clock import utc_now
from bubuh.pdf.judge.verdict import judge
from bubuh.pdf.model import Indication, Trust
from bubuh.pdf.seal.pki import from_pem
from tests.authority import Authority, Script
from tests.service.conftest import Citizen, Running, open_citizen, running_with_time, until

pytestmark = pytest.mark.service


@pytest.fixture(scope="module")
def service(authority: Authority) -> Iterator[Running]:
    with running_with_time(authority) as running:
        yield running


@pytest.fixture
def citizen(service: Running, authority: Authority) -> Iterator[Citizen]:
    authority.script = Script()
    with open_citizen(service, stamps=3) as citizen:
        yield citizen


def affixed(citizen: Citizen) -> str:
    stamp_id = str(citizen.ask_for_stamp(citizen.upload()).json()["id"])
    assert citizen.await_end(stamp_id)["state"] == "affixed"
    return stamp_id


def said_of(document: bytes, service: Running, authority: Authority) -> tuple[Indication, tuple[str, ...]]:
    roots = from_pem((service.data / "pki" / "root.pem").read_bytes())
    judgement = judge(document, Trust(roots=roots, now=utc_now(), timestamp_roots=(authority.root,)))
    return judgement.indication, judgement.findings


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
