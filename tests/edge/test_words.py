from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from bubuh.edge.words import Language, Words, pick_language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, Language.ID),
        ("", Language.ID),
        ("en", Language.EN),
        ("en-GB,en;q=0.9", Language.EN),
        ("id, en", Language.ID),
        ("en;q=0.5, id;q=0.9", Language.ID),
        ("id;q=0.5, en;q=0.9", Language.EN),
        ("fr", Language.ID),
        ("en;q=0", Language.ID),
        ("en;q=x", Language.ID),
        ("*", Language.ID),
    ],
)
def test_indonesian_comes_first_unless_english_is_preferred(header: str | None, language: Language) -> None:
    assert pick_language(header) is language


@given(st.text(max_size=400))
def test_no_header_breaks_the_choice(header: str) -> None:
    assert pick_language(header) in Language


def test_facts_are_filled_in() -> None:
    assert Words("Sisa {free}", "{free} left").said(Language.EN, {"free": 2}) == "2 left"
