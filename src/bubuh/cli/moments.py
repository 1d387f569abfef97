"""Moments as people give them to commands."""

from __future__ import annotations

from datetime import datetime

import typer


def read_moment(text: str | None) -> datetime | None:
    """A moment with its time zone; without one nobody knows which was meant."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text}: a moment like 2026-11-23T01:30+07:00 is expected") from error
    if moment.tzinfo is None:
        raise typer.BadParameter(f"{text}: say the time zone, as in 2026-11-23T01:30+07:00")
    return moment
