"""A mention of an object is found in every spelling, and only a mention is."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, strategies as st

from bubuh.pdf.judge.mentions import mentions

COMMENT = re.compile(rb"%[^\r\n]*(?:[\r\n]|\Z)")
REFERENCE = re.compile(rb"(?<![\d.])0*(\d+)[\0\t\n\f\r ]+\d+[\0\t\n\f\r ]+R")
PIECES = st.sampled_from(
    [
        b"6",
        b"06",
        b"16",
        b"7",
        b"0",
        b"R",
        b" ",
        b"  ",
        b"\n",
        b"\r\n",
        b"\0",
        b"%",
        b"% 6 0 R\n",
        b"[",
        b"/",
        b"x",
    ]
)
BLANKS = [b" ", b"\n", b"\r", b"\0\t", b"%\n", b"% and so on\r", b"%%\n \f%6\n"]


@given(st.lists(PIECES, max_size=24).map(b"".join))
def test_no_spelling_is_missed(text: bytes) -> None:
    """Seen as it stands, or with its comments taken for blanks: whatever either finds is found."""
    either = REFERENCE.findall(COMMENT.sub(b"\n", text))
    assert mentions(text, {6}) or not any(int(number) == 6 for number in either)


@pytest.mark.parametrize("before", [b"", b"x" * 5000, b"%" + b"y" * 5000 + b"\n"])
@pytest.mark.parametrize("first", BLANKS)
@pytest.mark.parametrize("second", [*BLANKS, b" " * 80, b"%" + b"z" * 3000 + b"\n", b"%\n" * 3000])
def test_blanks_and_comments_may_stand_between(before: bytes, first: bytes, second: bytes) -> None:
    for parts in ((first, second), (second, first)):
        text = before + b"[ 0012" + parts[0] + b"0" + parts[1] + b"R]"
        assert mentions(text, range(10, 14))
        assert not mentions(text, {2, 120, 0})


def test_noise_mentions_nothing() -> None:
    assert not mentions(random.Random(7).randbytes(1 << 20), range(1000, 1008))
