"""The present moment, passed in where it is needed. Leases and expiry use the database's clock instead."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]  #: aware, UTC


def utc_now() -> datetime:
    """Now, aware, in UTC."""
    return datetime.now(tz=UTC)
