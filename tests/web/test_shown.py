"""How figures are written on pages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bubuh.edge import figures
from bubuh.edge.words import Language
from bubuh.web.shown import SHOWN, moment, unbroken

AT = datetime(2026, 11, 22, 7, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("size_bytes", "indonesian", "english"),
    [
        (1, "1 KB", "1 KB"),
        (812_400, "812 KB", "812 KB"),
        (1_234_567, "1,2 MB", "1.2 MB"),
        (10 * 2**20, "10,5 MB", "10.5 MB"),
    ],
)
def test_a_size_has_the_readers_own_comma(size_bytes: int, indonesian: str, english: str) -> None:
    assert SHOWN[Language.ID]["size"](size_bytes) == indonesian
    assert SHOWN[Language.EN]["size"](size_bytes) == english


def test_no_line_breaks_a_moment() -> None:
    at = figures.moment(AT)
    assert at == "22-11-2026 14.05.09\N{NO-BREAK SPACE}WIB"
    assert moment(AT) == f'<span class="at">{at}</span>'
    said = unbroken(f"Sejak {at} <b> sampai {at}.")
    assert said == f"Sejak {moment(AT)} &lt;b&gt; sampai {moment(AT)}."
