"""Seal keys change under a running service, and nobody notices."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.service.conftest import Citizen, Running

pytestmark = [pytest.mark.service, pytest.mark.long]


def seals(service: Running) -> dict[str, tuple[str, int]]:
    return {row["id"]: (row["state"], row["seals"]) for row in service.json("keys", "list")["keys"]}


def test_a_new_key_seals_without_a_restart_and_the_old_ones_stamp_stays_genuine(
    service: Running, citizen: Citizen, tmp_path: Path
) -> None:
    document = citizen.upload()
    first = citizen.await_end(citizen.ask_for_stamp(document).json()["id"])
    assert seals(service) == {"dev-1": ("serves", 1)}

    assert service.json("keys", "new", "dev-2", "--algorithm", "rsa2048")["id"] == "dev-2"
    second = citizen.await_end(citizen.ask_for_stamp(document).json()["id"])
    assert seals(service) == {"dev-1": ("overlaps", 1), "dev-2": ("serves", 1)}
    assert service.json("keys", "retire", "dev-1")["state"] == "retired"
    assert seals(service)["dev-1"] == ("retired", 1)

    files = []
    for no, stamp in enumerate((first, second)):
        assert stamp["state"] == "affixed", stamp
        files.append(tmp_path / f"{no}.pdf")
        files[-1].write_bytes(citizen.download(stamp["id"]))
    root = service.data.resolve() / "pki" / "root.pem"
    command = [sys.executable, "-m", "bubuh", "verify", *map(str, files), "--trust", str(root), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [json.loads(line)["indication"] for line in done.stdout.splitlines()] == ["TOTAL-PASSED"] * 2


def test_a_key_that_may_still_be_needed_is_not_destroyed(service: Running) -> None:
    service.json("keys", "new", "dev-3")
    service.json("keys", "retire", "dev-3")
    refused = service.bubuh("keys", "destroy", "dev-3", "--json")
    assert refused.returncode == 1
    assert "seal_key_needed" in refused.stderr
