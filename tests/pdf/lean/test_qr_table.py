"""A code from the table is, bit for bit, the one that segno makes."""

from __future__ import annotations

import string

import pytest
import segno
from hypothesis import given, settings, strategies as st

from bubuh.pdf.face.qr import MASK, Matrix, matrix, warm_up

letters = st.text(string.printable[:95], max_size=130)


def made(payload: str) -> list[str]:
    code = segno.make(payload, error="m", mode="byte", mask=MASK, micro=False, boost_error=False)
    return ["".join(map(str, row)) for row in code.matrix]


def rows(found: Matrix) -> list[str]:
    octets = (found.modules + 7) // 8
    lines = [found.bits[row * octets : (row + 1) * octets] for row in range(found.modules)]
    return ["".join(f"{octet:08b}" for octet in line)[: found.modules] for line in lines]


@pytest.mark.parametrize("length", range(1, 125))
def test_every_length_is_as_segno_has_it(length: int) -> None:
    payload = "".join(chr(33 + (length * 31 + at * 17) % 94) for at in range(length))
    assert rows(matrix(payload)) == made(payload)


@given(letters.filter(bool))
@settings(max_examples=60, deadline=None)
def test_any_letters_are_as_segno_has_them(payload: str) -> None:
    assert rows(matrix(payload)) == made(payload)


def test_letters_beyond_ascii_are_segnos() -> None:
    assert rows(matrix("https://contoh.id/é")) == made("https://contoh.id/é")


def test_warming_up_changes_nothing() -> None:
    before = rows(matrix("https://bubuh.example.id/s/0BBH7K2M9QX4ZTR1W8S5AG"))
    warm_up()
    assert rows(matrix("https://bubuh.example.id/s/0BBH7K2M9QX4ZTR1W8S5AG")) == before
