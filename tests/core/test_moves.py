from __future__ import annotations

from enum import StrEnum

import pytest
from hypothesis import given, strategies as st

from bubuh.core.moves import IllegalMove, check_move


class Light(StrEnum):
    RED = "red"
    GREEN = "green"
    DARK = "dark"


MOVES = {
    Light.RED: frozenset({Light.GREEN, Light.DARK}),
    Light.GREEN: frozenset({Light.RED, Light.DARK}),
    Light.DARK: frozenset[Light](),
}


@given(now=st.sampled_from(Light), then=st.sampled_from(Light))
def test_a_move_passes_just_when_the_table_has_its_arrow(now: Light, then: Light) -> None:
    if then in MOVES[now]:
        check_move(MOVES, now=now, then=then)
    else:
        with pytest.raises(IllegalMove):
            check_move(MOVES, now=now, then=then)


def test_a_refused_move_says_from_where_to_where() -> None:
    with pytest.raises(IllegalMove) as refused:
        check_move(MOVES, now=Light.DARK, then=Light.RED)
    assert refused.value.details == {"state": "dark", "wanted": "red"}
    assert refused.value.code == "illegal_move"
