"""The one sign that JSON can write in a text and PostgreSQL cannot keep: U+0000."""

from __future__ import annotations

import re
from typing import Final

_NOUGHT: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def has_nought(json: bytes) -> bool:
    """Whether a text in `json`, well-formed by RFC 8259, has the sign in it: only its escape can write it."""
    return b"\\u0000" in json and _NOUGHT.search(json) is not None
