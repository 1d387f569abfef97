"""Every object of a document, in the second parser's words: names without escapes, one blank between parts.

What stands in those words can be looked for with an expression; only objects that hold something are opened.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pikepdf

_MOST_DEPTH = 64


@dataclass(frozen=True, slots=True)
class Item:
    """One object: a dictionary (a stream's, for a stream) or an array, and its text."""

    holder: Any
    text: bytes
    is_stream: bool


def survey(pdf: pikepdf.Pdf) -> list[Item]:
    """All objects of the newest cross-references, whether anything refers to them or not."""
    return list(_items(pdf))


def _items(pdf: pikepdf.Pdf) -> Iterator[Item]:
    for found in pdf.objects:
        if isinstance(found, pikepdf.Stream):
            yield Item(found, found.stream_dict.unparse(), is_stream=True)
        elif isinstance(found, (pikepdf.Dictionary, pikepdf.Array)):
            yield Item(found, found.unparse(resolved=True), is_stream=False)


def dictionaries(holder: Any) -> Iterator[Any]:
    """The dictionary itself and all that are written within it; what it refers to is an object of its own."""
    ahead = [(holder, 0)]
    while ahead:
        found, depth = ahead.pop()
        is_dictionary = isinstance(found, (pikepdf.Dictionary, pikepdf.Stream))
        if is_dictionary:
            yield found
        if depth < _MOST_DEPTH and (is_dictionary or isinstance(found, pikepdf.Array)):
            inner = _values(found) if is_dictionary else found
            ahead += [(value, depth + 1) for value in inner if is_within(value)]


def _values(found: Any) -> Any:
    return (found.stream_dict if isinstance(found, pikepdf.Stream) else found).values()


def is_within(value: Any) -> bool:
    """Whether a value is a dictionary or an array that is written in place."""
    return isinstance(value, (pikepdf.Dictionary, pikepdf.Array)) and not value.is_indirect


def name_of(holder: Any, key: str) -> str:
    """The name under `key`, `/` and all; empty when there is none."""
    value = holder.get(key) if isinstance(holder, (pikepdf.Dictionary, pikepdf.Stream)) else None
    return str(value) if isinstance(value, pikepdf.Name) else ""
