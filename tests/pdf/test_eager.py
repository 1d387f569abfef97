"""The engine imports nothing once its door is open: its processes can open no file by then."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.pdf.conftest import DATA

ROOT = Path(__file__).parents[2]
CORPUS = ROOT.parent / "shared" / "corpus"

PROGRAM = """
import sys
from datetime import UTC, datetime
from pathlib import Path
import bubuh.pdf
from bubuh.core.errors import Refusal
from bubuh.pdf.intake.inspection import inspect
from bubuh.pdf.judge.verdict import judge
from bubuh.pdf.model import Intent, Place, Trust
from tests.pdf.offline import affix_with_key
from bubuh.pdf.seal.keys import load_key
from bubuh.pdf.seal.pki import development_pki

now = datetime(2026, 11, 22, tzinfo=UTC)
pki = development_pki(now)
chain, key, trust = pki.chain("k"), load_key(pki.seal_key), Trust(roots=(pki.root_certificate,), now=now)
at_first = set(sys.modules)

def affix(document, serial_no, x):
    place = Place(page=1, x_pt=x, y_pt=0, side_pt=40)
    intent = Intent(
        serial_no=serial_no, place=place, signed_at=now, file_id=bytes(16), qr_payload=serial_no, key_id="k"
    )
    return affix_with_key(document, intent, chain, key)

for path in map(Path, sys.argv[1:]):
    document = path.read_bytes()
    judge(document, trust)
    try:
        inspect(document)
        judge(affix(affix(document, "0" * 22, 0), "1" * 22, 50), trust)
    except Refusal:
        pass
print(*sorted(set(sys.modules) - at_first))
"""


OTHERS = [pytest.param(CORPUS / name, marks=pytest.mark.long) for name in ("pyhanko", "pypdf", "qpdf")]


@pytest.mark.parametrize("folder", [DATA, *OTHERS], ids=lambda path: path.name)
def test_nothing_is_imported_while_the_engine_works(folder: Path) -> None:
    found = sorted(map(str, folder.glob("*.pdf")))
    if not found:
        pytest.skip(f"NO DOCUMENTS IN {folder}")
    command = [sys.executable, "-c", PROGRAM, *found]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == []
