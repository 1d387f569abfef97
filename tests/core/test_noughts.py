"""The sign that JSON may write and the database cannot keep."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given, strategies as st

from bubuh.core.noughts import has_nought


@given(text=st.text(alphabet='\0\\u0a"', max_size=12))
def test_it_is_found_where_it_is_and_nowhere_else(text: str) -> None:
    for written in (json.dumps({"a": text}).encode(), msgspec.json.encode([text])):
        assert has_nought(written) == ("\0" in text)


@pytest.mark.parametrize("written", [b"", b"{}", b'"\\\\u0000"', b'"\\u00001"'])
def test_plain_cases(written: bytes) -> None:
    assert has_nought(written) == ("\0" in str(json.loads(written or b"0")))
