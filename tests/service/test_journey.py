"""What a newcomer does first, and what must hold around it."""

from __future__ import annotations

import json
import shutil
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from bubuh.core.ids import read_account
from bubuh.settings import RunFile
from tests.service.conftest import (
    LETTER,
    Citizen,
    Running,
    fresh_folder,
    open_citizen,
    running_service,
    until,
)

pytestmark = pytest.mark.service


def test_the_demo_ends_with_a_document_that_everybody_accepts(
    service: Running, tmp_path: Path, pdfsig_words, qpdf_complaints
) -> None:
    target = tmp_path / "bermeterai.pdf"

    told = service.json("demo", str(LETTER), "-o", str(target))

    assert told["verdict"] == "genuine"
    assert len(told["serial"]) == 22
    stamped = target.read_bytes()
    assert stamped.startswith(LETTER.read_bytes())
    assert pdfsig_words(stamped) == ["Signature is Valid."]
    assert qpdf_complaints(stamped) == ""
    verified = service.bubuh("verify", str(target), "--json")
    assert verified.returncode == 0, verified.stdout
    assert json.loads(verified.stdout)["serial"] == told["serial"]


def test_a_serial_number_tells_anyone_its_state_and_no_name(service: Running, citizen: Citizen) -> None:
    stamp = citizen.ask_for_stamp(citizen.upload(), Prefer="wait=20").json()
    assert stamp["state"] == "affixed", stamp

    known = httpx.get(f"{service.url}/v1/serials/{stamp['serial']}")
    unknown = httpx.get(f"{service.url}/v1/serials/T1{'0' * 20}")

    assert known.json()["state"] == "affixed"
    assert citizen.account not in known.text
    assert "Siti" not in known.text
    assert unknown.status_code == 404


def test_a_ledger_that_is_asked_knows_its_own_stamps_and_no_others(
    service: Running, citizen: Citizen, tmp_path: Path
) -> None:
    """The development key seals offline too; what the ledger never heard of is not genuine."""
    stamp = citizen.ask_for_stamp(citizen.upload(), Prefer="wait=20").json()
    (tmp_path / "ours.pdf").write_bytes(citizen.download(stamp["id"]))
    key, chain = service.data / "keys" / "dev-1.pem", service.data / "pki" / "dev-1.pem"
    service.json(
        "affix", str(LETTER), "-o", str(tmp_path / "theirs.pdf"), "--key", str(key), "--chain", str(chain),
        "--serial", "T1" + "A" * 20,
    )  # fmt: skip

    done = service.bubuh("verify", str(tmp_path), "--url", service.url, "--json")

    ours, theirs = [json.loads(line) for line in done.stdout.splitlines()]
    assert (ours["verdict"], ours["findings"]) == ("genuine", [])
    assert theirs["verdict"] == "not_genuine"
    assert "serial_unknown" in theirs["reasons"]


def test_64_requests_for_the_last_stamp_are_one_winner(service: Running) -> None:
    with open_citizen(service, stamps=1) as citizen:
        document_id = citizen.upload()
        with ThreadPoolExecutor(64) as crowd:
            answers = list(crowd.map(lambda _: citizen.ask_for_stamp(document_id), range(64)))

    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 63
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.json()["code"] == "quota_exhausted"
    assert refused.json()["free"] == 0


@pytest.mark.long  # two starts more; in the gate each kind of child is seen to end with its parent
def test_another_service_on_the_machine_lives_apart_dies_whole_and_ends_without_an_orphan(
    service: Running, citizen: Citizen
) -> None:
    """It does not meet the first; a killed parent takes its children along, and a signal ends all of them."""
    folder = fresh_folder()
    with running_service(folder / "data") as other:
        assert other.url != service.url
        assert httpx.get(f"{other.url}/v1/quota", headers=citizen.http.headers).status_code == 401
        assert citizen.http.get("/v1/quota").status_code == 200
        killed = pids_of(other)
        other.up.send_signal(signal.SIGKILL)
        until(lambda: not any(_lives(pid) for pid in killed))
        other.up.wait()
    with running_service(folder / "data") as again:
        assert httpx.get(f"{again.url}/health/ready").is_success
        ended = pids_of(again)
    assert not any(Path(f"/proc/{pid}").exists() for pid in ended)
    assert again.up.returncode == 0
    assert citizen.http.get("/v1/quota").status_code == 200
    shutil.rmtree(folder)


def pids_of(running: Running) -> list[int]:
    return [running.pid(name) for name in ("postgres", "signer", "gateway", "worker", "web")]


def test_a_second_start_of_one_data_folder_is_refused(service: Running) -> None:
    done = service.bubuh("up", "--port", "0", "--data", str(service.data))

    assert done.returncode == 1
    assert "already_running" in done.stderr


def test_where_the_service_listens_stands_in_its_run_file_without_any_secret(service: Running) -> None:
    text = (service.data / "run.json").read_text()
    secrets = [
        path.read_text().strip().rpartition(":")[2]
        for folder in ("secrets", "pg/passwords")
        for path in (service.data / folder).iterdir()
    ]

    assert RunFile.read(service.data).signer_socket
    assert secrets
    assert not any(secret in text for secret in secrets)
    for name, address in service.run.metrics.items():
        metrics = httpx.get(address)
        assert "process_cpu_seconds_total" in metrics.text, name


def test_without_the_operators_key_nothing_is_given_away(service: Running) -> None:
    refused = service.bubuh("quota", "allot", "acc_0000000000001", "5", "--as", "bbh_test_" + "A" * 43)

    assert refused.returncode == 1
    assert "key_refused" in refused.stderr


def _lives(pid: int) -> bool:
    """Whether the process runs; one that ended and was not reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


def test_the_books_balance_after_all_this(service: Running) -> None:
    assert service.json("quota", "reconcile") == {"balanced": True, "differences": []}


def test_an_operator_freezes_and_thaws_an_account(service: Running, citizen: Citizen) -> None:
    document = citizen.upload()
    frozen = service.json("account", "freeze", citizen.account, "--reason", "selisih")
    assert frozen == {"id": citizen.account, "frozen": True, "changed": True}
    refused = citizen.ask_for_stamp(document)
    assert (refused.status_code, refused.json()["code"]) == (409, "account_frozen")
    unsaid = service.bubuh("account", "thaw", citizen.account, "--reason", " ")
    assert unsaid.returncode == 1
    assert "reason_missing" in unsaid.stderr
    thawed = service.json("account", "thaw", citizen.account, "--reason", "cocok")
    assert thawed == {"id": citizen.account, "frozen": False, "changed": True}
    assert citizen.ask_for_stamp(document).status_code == 202


async def test_a_running_service_finds_a_hand_in_the_books(service: Running, citizen: Citizen) -> None:
    owner = await service.owner()
    await owner.execute(
        "UPDATE quota_balances SET free = free + 1 WHERE account_id = $1", read_account(citizen.account)
    )
    await owner.close()
    until(lambda: bool(service.json("quota", "show", citizen.account)["frozen"]), within_s=40)
    told = service.bubuh("quota", "reconcile")
    assert (told.returncode, "not balanced" in told.stdout) == (1, True)
    assert "conservation" in told.stdout
    ledger = citizen.http.get("/v1/ledger").json()
    assert ledger["days_without_difference"] == 0


def test_every_serial_number_is_accounted_for(service: Running) -> None:
    report = service.json("serials", "audit")
    assert report["whole"]
    told = sum(report[fate] for fate in ("used", "void", "in_work", "unused"))
    assert told == report["blocks"] * 1_000
