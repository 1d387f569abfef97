"""How outages say no."""

from __future__ import annotations

from bubuh.core.errors import Refusal
from bubuh.outages.model import MOST_LETTERS


class OutageUnknown(Refusal):
    """There is no such outage."""

    code = "outage_unknown"


class OutageOver(Refusal):
    """The outage is closed: nothing more is said of it. Another one is another outage."""

    code = "outage_over"


class OutageUnexplained(Refusal):
    """Both languages need a text, of MOST_LETTERS at most."""

    code = "outage_unexplained"

    def __init__(self) -> None:
        """The limit is told."""
        super().__init__(most=MOST_LETTERS)


class OutageTimesWrong(Refusal):
    """It began or ended in the future, ended before it began, or more is promised for the past."""

    code = "outage_times_wrong"

    def __init__(self, *, which: str) -> None:
        """`which` is the time that is wrong: began_at, ended_at or next_update_at."""
        super().__init__(which=which, pointer=f"/{which}")
