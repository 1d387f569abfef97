"""Going on from a midstate gives what hashing the whole gives."""

from __future__ import annotations

import hashlib
import itertools

import pytest
from hypothesis import example, given, strategies as st

from bubuh.pdf.seal.sha256 import BLOCK_BYTES, HashState, digest_after, is_available, state_of

LENGTHS = [0, 1, 55, 56, 63, 64, 65, 119, 127, 128, 129, 1000]


def test_this_machine_can() -> None:
    assert is_available()


@pytest.mark.parametrize(("before", "after"), list(itertools.product(LENGTHS, LENGTHS)))
def test_every_cut_gives_the_digest_of_the_whole(before: int, after: int) -> None:
    first, rest = b"a" * before, b"b" * after
    assert digest_after(state_of(first), rest) == hashlib.sha256(first + rest).digest()


@given(st.binary(max_size=300), st.lists(st.binary(max_size=150), max_size=5))
@example(b"", [])
def test_whatever_the_parts_are(first: bytes, parts: list[bytes]) -> None:
    assert digest_after(state_of(first), *parts) == hashlib.sha256(first + b"".join(parts)).digest()


def test_the_length_counts_past_32_bits() -> None:
    """A state of more than 2^32 bits: the chaining value is what it is, the length goes into the padding."""
    large = bytes(2**29 + 64)
    before = state_of(large)
    assert before.length * 8 > 2**32
    assert digest_after(before, b"end") == hashlib.sha256(large + b"end").digest()


def test_the_tail_is_what_does_not_fill_a_block() -> None:
    before = state_of(b"x" * 130)
    assert (before.length, before.tail) == (130, b"x" * 2)
    assert before.state == state_of(b"x" * 128).state


@pytest.mark.parametrize(
    ("state", "length", "tail"),
    [(31, 0, 0), (33, 0, 0), (32, -1, 63), (32, 0, 1), (32, 64, 64), (32, 65, 0), (32, 2**61, 0)],
)
def test_a_state_that_cannot_be_is_refused(state: int, length: int, tail: int) -> None:
    with pytest.raises(ValueError, match=r"state|tail"):
        HashState(state=bytes(state), length=length, tail=bytes(tail))


def test_a_block_is_64_bytes() -> None:
    assert hashlib.sha256().block_size == BLOCK_BYTES
