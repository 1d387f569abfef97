from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from bubuh.waitingroom.code import MOST_NUMBER, code_of, look_up, turn_of
from bubuh.waitingroom.keyring import KeyRing
from bubuh.waitingroom.passes import (
    PASS_LIFE_S,
    Pass,
    check_pass,
    give,
    read_voucher,
    vouch,
)
from bubuh.waitingroom.refusals import PassNeeded, TurnForeign, TurnRefused
from bubuh.waitingroom.turn import (
    TURN_BYTES,
    TURN_LIFE_S,
    bind_of,
    issue,
    read_bytes,
    read_turn,
    show_bytes,
)
from tests.waitingroom.make import ALICE, BOB, NOW_S, RING, UMUM, turn

turns = st.builds(
    turn,
    lane=st.integers(1, 63),
    gen=st.sampled_from([1, 2]),
    number=st.integers(1, MOST_NUMBER),
    bind=st.sampled_from([0, bind_of(ALICE)]),
)


@given(turns)
def test_a_turn_is_read_as_it_was_issued(one) -> None:
    raw = issue(one, RING)
    assert len(raw) == TURN_BYTES
    assert read_turn(read_bytes(show_bytes(raw)), RING, now_s=NOW_S) == one


@given(turns, st.integers(0, TURN_BYTES * 8 - 1))
def test_a_turn_with_any_bit_changed_is_refused(one, bit: int) -> None:
    raw = bytearray(issue(one, RING))
    raw[bit // 8] ^= 1 << bit % 8
    with pytest.raises(TurnRefused):
        read_turn(bytes(raw), RING, now_s=NOW_S)


@pytest.mark.parametrize("raw", [b"", b"x" * 39, b"\0" * 40, b"x" * 41])
def test_what_is_no_turn_is_refused(raw: bytes) -> None:
    with pytest.raises(TurnRefused):
        read_turn(raw, RING, now_s=NOW_S)


@pytest.mark.parametrize("text", ["", "é", "====", "a b", "A" * 55])
def test_text_that_is_no_turn_is_refused(text: str) -> None:
    with pytest.raises(TurnRefused):
        read_turn(read_bytes(text), RING, now_s=NOW_S)


def test_a_turn_of_another_service_is_refused() -> None:
    with pytest.raises(TurnRefused):
        read_turn(issue(turn(gen=1), KeyRing.fresh()), RING, now_s=NOW_S)


def test_a_turn_lives_72_hours() -> None:
    raw = issue(turn(), RING)
    assert read_turn(raw, RING, now_s=NOW_S + TURN_LIFE_S) == turn()
    with pytest.raises(TurnRefused):
        read_turn(raw, RING, now_s=NOW_S + TURN_LIFE_S + 1)


def test_rotating_keys_voids_no_turn() -> None:
    raw = issue(turn(gen=1), KeyRing({1: RING.keys[1]}))
    assert read_turn(raw, RING, now_s=NOW_S).number == 41


def test_a_bound_turn_is_for_its_account_alone() -> None:
    turn(bind=bind_of(ALICE)).check_owner(ALICE)
    turn().check_owner(BOB)
    with pytest.raises(TurnForeign):
        turn(bind=bind_of(ALICE)).check_owner(BOB)


def test_a_ring_is_read_as_it_was_shown() -> None:
    assert KeyRing.parse(RING.show()) == RING
    assert "keys" not in repr(RING)


@given(turns)
def test_a_code_names_its_turn(one) -> None:
    code = code_of(one, RING)
    assert len(code.replace("-", "")) == 16
    assert look_up(code.lower().replace("-", " "), RING) == (one.lane, one.number)
    found = turn_of(code, RING, ALICE, now_s=NOW_S)
    assert (found.lane, found.number, found.bind) == (one.lane, one.number, one.bind)


def test_letters_that_look_like_digits_are_read_as_these() -> None:
    code = code_of(turn(), RING)
    assert look_up(code.replace("0", "O").replace("1", "l"), RING) == (UMUM, 41)


def test_nearly_every_slip_in_a_code_is_noticed() -> None:
    code = code_of(turn(number=123_456), RING).replace("-", "")
    found = 0
    for at in range(16):
        for other in "0123456789ABCDEFGHJKMNPQRSTVWXYZ":
            if other != code[at]:
                try:
                    found += look_up(code[:at] + other + code[at + 1 :], RING) == (UMUM, 123_456)
                except TurnRefused:
                    continue
    assert found <= 4 * 31  # the last four characters say whose it is, which a look-up does not need


def test_a_code_of_a_bound_turn_does_not_let_another_account_in() -> None:
    code = code_of(turn(bind=bind_of(ALICE)), RING)
    assert look_up(code, RING) == (UMUM, 41)
    with pytest.raises(TurnForeign):
        turn_of(code, RING, BOB, now_s=NOW_S)


@pytest.mark.parametrize("code", ["", "U" * 16, "0" * 15, "0" * 16, "Z" * 16, "é" * 16])
def test_what_is_no_code_is_refused(code: str) -> None:
    with pytest.raises(TurnRefused):
        look_up(code, RING)


def a_pass(**given) -> Pass:
    facts = {"lane": UMUM, "gen": 2, "number": 41, "expires_at": NOW_S + 900, "account_id": ALICE}
    return Pass(**(facts | given))


def test_a_pass_is_good_for_its_account_until_it_ends() -> None:
    raw = give(a_pass(), RING)
    assert check_pass(raw, RING, ALICE, now_s=NOW_S + 899) == a_pass()
    for account_id, now_s in ((BOB, NOW_S), (ALICE, NOW_S + 900)):
        with pytest.raises(PassNeeded):
            check_pass(raw, RING, account_id, now_s=now_s)


@given(st.integers(0, 319))
def test_a_pass_with_any_bit_changed_is_none(bit: int) -> None:
    raw = bytearray(give(a_pass(), RING))
    raw[bit // 8] ^= 1 << bit % 8
    with pytest.raises(PassNeeded):
        check_pass(bytes(raw), RING, ALICE, now_s=NOW_S)


def test_a_turn_is_no_pass() -> None:
    with pytest.raises(PassNeeded):
        check_pass(issue(turn(), RING), RING, ALICE, now_s=NOW_S)


def test_use_renews_a_pass_that_is_a_minute_old() -> None:
    assert a_pass().renewed(now_s=NOW_S + 60) is None
    renewed = a_pass().renewed(now_s=NOW_S + 61)
    assert renewed is not None
    assert renewed.expires_at == NOW_S + 61 + PASS_LIFE_S


def test_a_voucher_is_good_for_half_a_minute() -> None:
    raw = vouch(ALICE, RING, now_s=NOW_S)
    assert read_voucher(raw, RING, now_s=NOW_S + 30) == (ALICE, 0)
    for given_raw, now_s in ((raw, NOW_S + 31), (raw[:-1] + b"\0", NOW_S), (raw[:-1], NOW_S)):
        with pytest.raises(TurnRefused):
            read_voucher(given_raw, RING, now_s=now_s)
