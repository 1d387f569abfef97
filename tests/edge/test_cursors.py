from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from bubuh.edge.cursors import Cursor, NumberCursor
from bubuh.edge.refusals import UnreadableRequest


@given(
    at=st.datetimes(timezones=st.just(UTC), min_value=datetime(1970, 1, 1), max_value=datetime(9999, 1, 1)),  # noqa: DTZ001
    number=st.integers(0, 2**128 - 1),
)
def test_a_cursor_comes_back_as_it_was_given(at: datetime, number: int) -> None:
    cursor = Cursor(at=at, id=UUID(int=number))
    assert Cursor.read(cursor.show()) == cursor


@given(st.text(max_size=60))
def test_other_texts_are_refused_and_never_break(text: str) -> None:
    with suppress(UnreadableRequest):
        assert Cursor.read(text).at.tzinfo is UTC
    with suppress(UnreadableRequest):
        assert NumberCursor.read(text).show()


@given(st.integers(1, 2**63 - 1))
def test_a_numbered_cursor_comes_back_as_it_was_given(no: int) -> None:
    assert NumberCursor.read(NumberCursor(no=no).show()) == NumberCursor(no=no)


def test_a_cursor_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(UnreadableRequest):
        Cursor.read("f" * 32)
