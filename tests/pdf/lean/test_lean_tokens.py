"""The tokenizer yields spans of bytes or declines; nothing else, whatever it is given."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

import bubuh
from bubuh.pdf.lean.declined import Declined, Why
from bubuh.pdf.lean.tokens import (
    Dictionary,
    dictionary,
    entries,
    items,
    octets,
    reference,
    references,
    text,
    value,
)

SOURCE = Path(bubuh.__file__).parent

PIECES = [
    b"<<", b">>", b"[", b"]", b"/A", b"/B#20b", b"/", b" ", b"\n", b"12", b"-.5", b"3 0 R", b"(a(b)c)",
    b"(\\))",
    b"<0a F>", b"true", b"null", b"% c\n", b"{", b"stream", b"(", b")", b"<", b">", b"\0", b"R", b"endobj",
]  # fmt: skip

names = st.from_regex(rb"/[A-Za-z]{1,8}", fullmatch=True)
atoms = st.one_of(
    st.integers(-9999, 9999).map(lambda number: b"%d" % number),
    st.sampled_from([b"true", b"null", b"(a)", b"(a\\)(b) c)", b"<00 ff>", b"/N#41", b"7 0 R", b".5"]),
)


def _written(entries: dict[bytes, bytes], gap: bytes) -> bytes:
    return b"<<" + gap.join(b"%s %s" % pair for pair in entries.items()) + gap + b">>"


values = st.recursive(
    atoms,
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda found: b"[" + b" ".join(found) + b"]")
        | st.dictionaries(names, inner, max_size=4).map(lambda found: _written(found, b"\n"))
    ),
    max_leaves=12,
)


@given(st.dictionaries(names, values, max_size=6), st.sampled_from([b" ", b"\r\n", b" % a >> b\n"]))
def test_every_value_is_found_where_it_was_written(entries: dict[bytes, bytes], gap: bytes) -> None:
    data = b"  " + _written(entries, gap) + b" endobj"
    found = dictionary(data, 0)
    assert {key: written or b"null" for key, written in found.values.items()} == entries
    for key, written in entries.items():
        start, end = found.place(key)
        assert data[start:end] == written
    assert data[found.span[0] : found.span[1]] == _written(entries, gap)


@given(
    st.dictionaries(names, values, max_size=6).map(lambda found: _written(found, b" "))
    | st.lists(st.sampled_from(PIECES), max_size=12).map(lambda found: b"<<" + b" ".join(found) + b">>"),
    st.sampled_from([b"", b"\n", b" % c\n", b" % endobj >>\n", b" 5", b">>"]),
)
def test_the_quick_reading_is_the_slow_one(written: bytes, after: bytes) -> None:
    """Whether or not a dictionary is bounded, the same comes of it, or it is declined."""
    data = written + after + b"endobj"
    assert _read(data, data.index(b"endobj")) == _read(data, -1)


def _read(data: bytes, bound: int) -> object:
    try:
        return entries(data, 0, 2, bound)
    except Declined as declined:
        return declined.why


@given(values)
def test_a_value_is_a_span_of_its_own(written: bytes) -> None:
    assert value(b" " + written + b" /Next", 0) == (1, 1 + len(written))


@given(st.lists(values, max_size=6))
def test_the_items_of_an_array_are_its_items(written: list[bytes]) -> None:
    assert items(b"[" + b" ".join(written) + b"]") == written


@given(st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join) | st.binary(max_size=60))
def test_nothing_but_an_answer_or_declined_comes_out(data: bytes) -> None:
    for parse in (
        lambda: dictionary(data, 0),
        lambda: value(data, 0),
        lambda: items(data),
        lambda: references(data),
    ):
        try:
            found = parse()
        except Declined:
            continue
        assert isinstance(found, (Dictionary, tuple, list))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"<< /A 1 /A 2 >>", Why.DUPLICATE_KEY),
        (b"<< /A 1 /#41 2 >>", Why.DUPLICATE_KEY),
        (b"<< /A [[[[1]]]] /A 2 >>", Why.DUPLICATE_KEY),
        (b"<< /A >>", Why.TOKEN),
        (b"<< /A [[[[ >>", Why.TOKEN),
        (b"<< 1 /A >>", Why.TOKEN),
        (b"<< /A {} >>", Why.TOKEN),
        (b"<< /A 1", Why.TOKEN),
        (b"[ ]", Why.OBJECT),
    ],
)
def test_what_is_odd_is_declined(data: bytes, why: Why) -> None:
    with pytest.raises(Declined) as declined:
        dictionary(data, 0)
    assert declined.value.why is why


def test_deep_values_are_found_as_flat_ones_are() -> None:
    deep = b"<< /A [[[[<< /B [1] >>]]]] /C 3 0 R >>"
    found = dictionary(deep, 0)
    assert found.get(b"/A") == b"[[[[<< /B [1] >>]]]]"
    assert reference(found.get(b"/C")) == (3, 0)
    assert found.span == (0, len(deep))


def test_null_is_as_good_as_absent() -> None:
    found = dictionary(b"<</A null/B 1>>", 0)
    assert (found.get(b"/A"), found.get(b"/B"), found.get(b"/C")) == (None, b"1", None)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (b"(Stamp)", "Stamp"),
        (b"(S\\164amp)", "Stamp"),
        (b"(St\\\namp)", "Stamp"),
        (b"<53 74 61 6D 7>", "Stamp"),
        (b"<FEFF005300740061006d0070>", "Stamp"),
        (b"(\\376\\377\\000S)", "S"),
        (b"(a\\)\\\\\\n)", "a)\\\n"),
    ],
)
def test_strings_say_what_they_mean(written: bytes, said: str) -> None:
    assert text(octets(written)) == said


def test_references_are_read_and_nothing_else() -> None:
    assert references(b"[1 0 R\n22 3 R]") == [(1, 0), (22, 3)]
    assert references(b"[ ]") == []
    for odd in (b"[1 0 R 5]", b"[1 0 R2 0 R]", b"1 0 R", b"[1 0 Rx]"):
        with pytest.raises(Declined):
            references(odd)


def test_no_expression_has_a_possessive_group() -> None:
    """Python 3.11.2, which Debian 12 has, leaves a match where such a group failed; others do it right."""
    possessive = re.compile(r"\)(?:[*+?]|\{[0-9,]+\})\+")
    assert possessive.search(r"(?:a|b)*+") is not None
    found = [path.name for path in SOURCE.rglob("*.py") if possessive.search(path.read_text())]
    assert found == []
