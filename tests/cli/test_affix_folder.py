"""`bubuh affix` offline: a folder, with a key of one's own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from bubuh.core.clock import utc_now
from bubuh.edge.reasons import NORMALISED
from bubuh.pdf.judge.verdict import judge
from bubuh.pdf.model import Trust
from bubuh.pdf.seal.pki import Pki, development_pki, to_pem
from tests.cli.here import bubuh_here
from tests.pdf.conftest import DATA, SERIAL
from tests.pdf.damage import bytes_before, wrong_startxref

LETTER = DATA / "surat-lamaran.pdf"
SIGNED = DATA / "surat-pernyataan-sudah-ditandatangani.pdf"


def affix(pki: Pki, folder: Path, *given: str) -> subprocess.CompletedProcess[str]:
    (folder / "key.pem").write_bytes(pki.seal_key)
    (folder / "chain.pem").write_bytes(to_pem(pki.seal_certificate) + to_pem(pki.issuing_certificate))
    keys = ("--key", str(folder / "key.pem"), "--chain", str(folder / "chain.pem"), "--serial", SERIAL)
    return bubuh_here("affix", str(folder / "in"), *keys, *given)


def test_offline_a_damaged_file_is_normalised_and_its_owner_told(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a-sound.pdf").write_bytes(LETTER.read_bytes())
    (tmp_path / "in" / "b-damaged.pdf").write_bytes(wrong_startxref(LETTER.read_bytes()))
    (tmp_path / "in" / "c-signed.pdf").write_bytes(bytes_before(SIGNED.read_bytes()))
    pki = development_pki(utc_now())

    done = affix(pki, tmp_path, "--json")

    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [(facts["state"], facts["normalised"], facts["reason"]) for facts in told] == [
        ("affixed", False, None),
        ("affixed", True, None),
        ("refused", False, "repair_breaks_signatures"),
    ]
    trust = Trust(roots=(pki.root_certificate,), now=utc_now())
    for facts in told[:2]:
        assert judge(Path(facts["document"]).read_bytes(), trust).is_genuine

    in_words = affix(pki, tmp_path)

    said = " ".join(in_words.stdout.split())
    assert said.count(NORMALISED.id) == 1
