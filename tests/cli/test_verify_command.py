"""The command as an agency runs it: real files, a real sandbox; the first in a process of its own."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from bubuh.core.clock import utc_now
from bubuh.pdf.model import Chain, Intent, Place
from bubuh.pdf.seal.keys import load_key
from bubuh.pdf.seal.pki import development_pki, to_pem
from tests.cli.here import bubuh_here
from tests.pdf.offline import affix_with_key

LETTER = Path(__file__).parents[1] / "data" / "surat-lamaran.pdf"
SERIAL = "T1ABCDEFGHIJKLMNOPQRST"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Genuine ones, one with a changed byte, one never stamped, one that is no PDF; and the root."""
    folder = tmp_path_factory.mktemp("agency")
    pki = development_pki(utc_now())
    chain = Chain(
        key_id="t", seal_certificate=pki.seal_certificate, issuing_certificate=pki.issuing_certificate
    )
    intent = Intent(
        serial_no=SERIAL,
        place=Place(page=1, x_pt=400, y_pt=600, side_pt=70),
        signed_at=utc_now(),
        file_id=bytes(16),
        qr_payload=f"http://127.0.0.1:8000/s/{SERIAL}",
        key_id="t",
    )
    stamped = affix_with_key(LETTER.read_bytes(), intent, chain, load_key(pki.seal_key))
    (folder / "sub").mkdir()
    for name in ("a.pdf", "b.PDF", "sub/c.pdf"):
        (folder / name).write_bytes(stamped)
    (folder / "changed.pdf").write_bytes(stamped.replace(b"obj", b"obk", 1))
    (folder / "never.pdf").write_bytes(LETTER.read_bytes())
    (folder / "text.pdf").write_bytes(b"bukan PDF")
    (folder / "root.pem").write_bytes(to_pem(pki.root_certificate))
    return folder


def verify(folder: Path, *given: str | Path, alone: bool = False) -> subprocess.CompletedProcess[str]:
    """The command's end; `alone`, in a process of its own."""
    command = ["verify", *map(str, given), "--trust", str(folder / "root.pem")]
    if not alone:
        return bubuh_here(*command)
    return subprocess.run(
        [sys.executable, "-m", "bubuh", *command], capture_output=True, text=True, check=False, timeout=120
    )


def test_a_folder_is_judged_whole_in_order_and_one_bad_file_makes_the_answer_no(folder: Path) -> None:
    done = verify(folder, folder, "--jobs", "4", "--json", alone=True)

    told = [json.loads(line) for line in done.stdout.splitlines()]
    verdicts = {Path(facts["file"]).name: facts["verdict"] for facts in told}
    assert done.returncode == 1
    assert [facts["file"] for facts in told] == sorted(facts["file"] for facts in told)
    assert {name for name, verdict in verdicts.items() if verdict == "genuine"} == {"a.pdf", "b.PDF", "c.pdf"}
    assert set(verdicts) == {"a.pdf", "b.PDF", "c.pdf", "changed.pdf", "never.pdf", "text.pdf"}


def test_genuine_ones_alone_make_the_answer_yes(folder: Path) -> None:
    done = verify(folder, folder / "a.pdf", folder / "sub", "--json")

    assert done.returncode == 0, done.stdout
    assert {json.loads(line)["serial"] for line in done.stdout.splitlines()} == {SERIAL}


def test_reports_are_kept_beside_what_is_said(folder: Path, tmp_path: Path) -> None:
    verify(folder, folder, "--csv", tmp_path / "t.csv", "--html", tmp_path / "p.html")

    table, page = (tmp_path / "t.csv").read_text(), (tmp_path / "p.html").read_text()
    assert len(table.splitlines()) == 7
    assert "asli: 3" in page
    sha256 = hashlib.sha256((folder / "a.pdf").read_bytes()).hexdigest()
    assert (table.count(sha256), page.count(sha256)) == (3, 3), "which bytes were judged"


def test_what_cannot_be_read_is_told_and_the_others_are_judged(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "folder.pdf").mkdir()
    (tmp_path / "a.pdf").write_bytes((folder / "a.pdf").read_bytes())
    (tmp_path / "gone.pdf").symlink_to(tmp_path / "nothing")

    done = verify(folder, tmp_path, "--json")

    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [(facts["verdict"], facts["reasons"]) for facts in told] == [
        ("genuine", []),
        ("not_provable", ["file_unreadable"]),
    ]


def test_a_ledger_that_does_not_answer_is_said_in_a_sentence(folder: Path) -> None:
    done = verify(folder, folder / "a.pdf", folder / "sub", "--url", "http://127.0.0.1:1")

    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert "http://127.0.0.1:1" in done.stderr


def test_another_root_believes_none_of_them(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "root.pem").write_bytes(to_pem(development_pki(utc_now()).root_certificate))
    done = bubuh_here("verify", str(folder / "a.pdf"), "--json", "--trust", str(tmp_path / "root.pem"))

    assert done.returncode == 1
    assert json.loads(done.stdout)["verdict"] != "genuine"
