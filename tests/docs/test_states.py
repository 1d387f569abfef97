"""The page of states is what the tables of moves say."""

from __future__ import annotations

from pathlib import Path

from bubuh.cli.docs import STATES, states_page
from bubuh.core.moves import correction, draw, flow
from bubuh.orders.model import OrderState as S

ROOT = Path(__file__).parents[2]


def test_the_page_is_current() -> None:
    """Else run `bubuh docs states`."""
    assert (ROOT / STATES).read_text(encoding="utf-8") == states_page()


def test_a_drawing_names_every_move_and_marks_corrections() -> None:
    drawn = draw(
        {S.PLACED: {S.PAID: flow("pay")}, S.PAID: {}, S.EXPIRED: {S.PAID: correction("pay_late")}},
        start={S.PLACED: "place"},
    )
    assert drawn.splitlines()[1:] == [
        "    [*] --> placed: place",
        "    placed --> paid: pay",
        "    expired --> paid: pay_late (correction)",
        "    paid --> [*]",
    ]
