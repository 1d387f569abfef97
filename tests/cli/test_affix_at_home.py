"""`bubuh affix --midstate`: what it refuses before and after a service is asked."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from bubuh.cli.affix_service import IncrementDiffers, joined
from tests.cli.test_affix_command import CHAIN, PKI, affix


def test_a_midstate_is_not_for_offline_work(tmp_path: Path) -> None:
    done = affix(tmp_path, PKI.seal_key, CHAIN, "--midstate")
    assert done.returncode == 1
    assert done.stderr.startswith("midstate_offline"), done.stderr
    assert not (tmp_path / "out.pdf").exists()


def test_what_is_not_an_increment_of_this_document_is_not_written() -> None:
    told = hashlib.sha256(b"document, increment").digest()
    assert joined(b"document,", b" increment", told) == b"document, increment"
    with pytest.raises(IncrementDiffers):
        joined(b"document,", b" of another", told)
