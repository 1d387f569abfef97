from __future__ import annotations

import pytest

from bubuh.db.binaries import find_binaries
from bubuh.db.schema import SCHEMA_FILE, describe
from tests.conftest import Dsns

WRITTEN_BY = 18  # another major version's pg_dump uses other words


def test_schema_sql_is_what_the_migrations_make(dsns: Dsns) -> None:
    binaries = find_binaries()
    if binaries.major != WRITTEN_BY:
        pytest.skip(f"pg_dump of PostgreSQL {binaries.major}; schema.sql is in the words of {WRITTEN_BY}")
    assert SCHEMA_FILE.read_text(encoding="utf-8") == describe(dsns.owner, binaries), (
        "run: python -m bubuh.db.schema"
    )
