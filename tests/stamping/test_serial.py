from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, strategies as st
from stdnum.iso7064 import mod_37_36

from bubuh.stamping.refusals import SerialUnknown
from bubuh.stamping.serial import SERIAL_LETTERS, SerialKey, block_of

KEY = SerialKey("T1", bytes(range(32)))
NUMBERS = st.integers(min_value=0, max_value=2**58 - 1)
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@given(number=NUMBERS)
def test_a_serial_number_reads_back(number: int) -> None:
    text = KEY.show(number)
    assert len(text) == SERIAL_LETTERS
    assert text.startswith("T1")
    assert KEY.read(text) == number


@given(number=NUMBERS)
def test_the_check_character_is_that_of_iso_7064(number: int) -> None:
    assert mod_37_36.is_valid(KEY.show(number))


@given(number=NUMBERS, place=st.integers(0, 21), other=st.sampled_from(LETTERS))
def test_one_mistyped_character_is_noticed(number: int, place: int, other: str) -> None:
    text = KEY.show(number)
    mistyped = text[:place] + other + text[place + 1 :]
    if mistyped != text:
        with pytest.raises(SerialUnknown):
            KEY.read(mistyped)


@given(number=NUMBERS, place=st.integers(0, 20))
def test_two_swapped_neighbours_are_noticed(number: int, place: int) -> None:
    text = KEY.show(number)
    swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    if swapped != text:
        with pytest.raises(SerialUnknown):
            KEY.read(swapped)


@given(number=NUMBERS)
def test_another_key_makes_nothing_of_it(number: int) -> None:
    other = SerialKey("T1", bytes(32))
    with pytest.raises(SerialUnknown):
        other.read(KEY.show(number))


@given(body=st.text(LETTERS, min_size=19, max_size=19))
def test_invented_numbers_do_not_decode_even_with_a_right_check_character(body: str) -> None:
    with pytest.raises(SerialUnknown):
        KEY.read("T1" + body + mod_37_36.calc_check_digit("T1" + body))


def test_neighbours_share_nothing_that_tells_them_apart_from_strangers() -> None:
    shown = [KEY.show(number) for number in range(1_000)]
    assert len(set(shown)) == len(shown)
    assert sorted(shown) != shown
    common = [sum(a == b for a, b in zip(one[2:], two[2:], strict=True)) for one, two in pairwise(shown)]
    assert max(common) < 10  # of 20; 1,000 pairs of strangers share as few


@pytest.mark.parametrize(
    "text", ["", "T1", "t1" + "0" * 20, "T1" + "0" * 21, "T2" + "0" * 20, "T1" + "É" * 20]
)
def test_what_is_no_serial_number_is_refused(text: str) -> None:
    with pytest.raises(SerialUnknown):
        KEY.read(text)


def test_a_block_has_a_thousand_numbers() -> None:
    assert [block_of(number) for number in (0, 999, 1_000)] == [0, 0, 1]
