from __future__ import annotations

import pytest

from bubuh.db.pool import Database
from tests.quota.desk import Desk


@pytest.fixture
def desk(db: Database) -> Desk:
    """All acts of the slice, on this test's own database."""
    return Desk(db)
