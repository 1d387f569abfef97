"""A data folder with its keys settled, and the statement key in it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

import pytest

from bubuh.cli.seal_keys import load_statement_key
from bubuh.core.clock import utc_now
from bubuh.core.privileges import Uids
from bubuh.signer.heads import StatementKey
from bubuh.wiring.folder import DataFolder, open_folder
from bubuh.wiring.keys import settle_keys

NOBODY: Final = Uids(app=None, signer=None, sandbox=None, postgres=None)


def settled(path: Path, *, now: datetime) -> DataFolder:
    """A new data folder at `path`, all of it this process's user's, with an authority founded `now`."""
    made = open_folder(path, NOBODY)
    settle_keys(made, NOBODY, now=now)
    return made


@pytest.fixture
def key_folder(tmp_path: Path) -> DataFolder:
    """A data folder of this test's own, with its keys."""
    return settled(tmp_path / "data", now=utc_now())


@pytest.fixture
def statement_key(key_folder: DataFolder) -> StatementKey:
    """The key in `key_folder` that signs statements."""
    loaded = load_statement_key(key_folder)
    assert loaded is not None
    return loaded
