from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from bubuh.edge.preferences import read_idempotency_key, wait_s
from bubuh.edge.refusals import IdempotencyKeyRequired


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("wait=10", 10),
        ("respond-async, wait=10", 10),
        ("wait = 5", 5),
        ('wait="7"', 7),
        ("WAIT=7; foo=bar", 7),
        ("wait=31", 30),
        ("wait=999999999", 30),
        ("wait=0", 0),
        ("wait=-1", None),
        ("wait=", None),
        ("wait=ten", None),
        ("waiting=5", None),
    ],
)
def test_a_wait_is_granted_up_to_thirty_seconds(header: str | None, seconds: int | None) -> None:
    assert wait_s(header) == seconds


@given(st.text(max_size=100))
def test_no_preference_is_an_error(header: str) -> None:
    assert wait_s(header) is None or 0 <= (wait_s(header) or 0) <= 30


@pytest.mark.parametrize("header", [None, "", " ", "a b", "kunci\n", "é", "x" * 256])
def test_a_key_is_1_to_255_visible_ascii_characters(header: str | None) -> None:
    with pytest.raises(IdempotencyKeyRequired):
        read_idempotency_key(header)


@pytest.mark.parametrize("header", ["x", "x" * 255, "8e03978e-40d5-43dd-bc93-6894a57f9324", '"quoted"'])
def test_a_good_key_is_taken_as_it_is(header: str) -> None:
    assert read_idempotency_key(header) == header
