"""What a mould is filled with shows as its template would have shown it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest
from hypothesis import given, strategies as st
from jinja2 import UndefinedError
from markupsafe import Markup

from bubuh.edge.words import Language
from bubuh.web import files
from bubuh.web.files import render
from bubuh.web.history.entries import PAGE, ROW, Row
from bubuh.web.mould import Mould

LANGUAGES = st.sampled_from(list(Language))
#: what a text of the database may be, and signs that mean something to HTML or to a form of ours
PLAIN = st.characters(blacklist_characters="\0", blacklist_categories=["Cs"])
TEXTS = st.text(PLAIN, max_size=20) | st.sampled_from(["", "<b>&amp;'\"", "%s %(x)s %%", "{{ word }}"])
ROWS = st.builds(Row, *[TEXTS for _ in Row._fields])


@given(rows=st.lists(ROWS, max_size=5), language=LANGUAGES)
def test_rows_are_what_their_template_renders(rows: list[Row], language: Language) -> None:
    wanted = "".join(render("history/row.html", row._asdict(), language).decode() for row in rows)
    assert ROW.fill_all(language, rows) == wanted


@given(
    texts=st.tuples(TEXTS, TEXTS, TEXTS, TEXTS),
    rows=TEXTS.map(Markup),
    kind=st.sampled_from(["", "meterai", "pesanan", "dana"]),
    phase=st.sampled_from(["", "berjalan", "berhasil", "refund", "batal"]),
    is_test=st.booleans(),
    language=LANGUAGES,
)
def test_a_page_is_what_its_template_renders(
    texts: tuple[str, str, str, str],
    rows: Markup,
    kind: str,
    phase: str,
    *,
    is_test: bool,
    language: Language,
) -> None:
    free, first, older, name = texts
    shape = {"kind": kind, "phase": phase, "is_test": is_test, "here": "/riwayat", "errors": None}
    shape |= {"status_url": "https://status.contoh.id" if is_test else None, "level": int(is_test)}
    filled = PAGE.fill(
        language, (rows, free, first, older, name), **shape, **{"session.account_kind": "person"}
    )
    session = {"account_name": name, "account_kind": "person"}
    facts = {**shape, "rows": rows, "free": free, "first": first, "older": older, "session": session}
    assert filled == render("history/entries.html", facts, language).decode()


@contextmanager
def page(monkeypatch: pytest.MonkeyPatch, source: str) -> Iterator[str]:
    """A page of this test alone."""
    made = {language: files._environment(language, {"one.html": source}) for language in Language}
    with monkeypatch.context() as patch:
        patch.setattr(files, "TEMPLATES", made)
        yield "one.html"


def test_what_differs_from_reader_to_reader_stops_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        page(monkeypatch, "{{ a }}{{ b }}{{ token() }}") as name,
        pytest.raises(UndefinedError, match="token"),
    ):
        Mould(name, "a", "b").fill(Language.ID, ("1", "2"))


def test_a_text_may_stand_twice_and_out_of_order(monkeypatch: pytest.MonkeyPatch) -> None:
    with page(monkeypatch, "{% if b %}{{ b }}{% else %}-{% endif %} 5% {{ a }}{{ b }}") as name:
        mould = Mould(name, "a", "b")
        assert mould.fill(Language.ID, ("<1>", "2")) == "2 5% &lt;1&gt;2"
        assert mould.fill(Language.ID, ("<1>", "")) == "- 5% &lt;1&gt;"
        assert mould.fill_all(Language.EN, [("1", "2"), ("3", "")]) == "2 5% 12- 5% 3"


def test_each_shape_is_rendered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[str] = []

    def counted(template: str, facts: Mapping[str, object], language: Language) -> bytes:
        rendered.append(template)
        return render(template, facts, language)

    with page(monkeypatch, "{{ a }}{{ b }}{{ look }}") as name:
        mould = Mould(name, "a", "b")
        monkeypatch.setattr("bubuh.web.mould.render", counted)
        for number in range(9):
            assert mould.fill(Language.ID, (str(number), "x"), look="wide") == f"{number}xwide"
    assert rendered == ["one.html"]
