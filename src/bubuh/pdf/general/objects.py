"""PDF objects by hand: typed makers over the first parser's classes."""
# mypy: allow-untyped-calls

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import Any

from pyhanko.pdf_utils import generic

from bubuh.pdf.face.letters import number


class Slot(generic.PdfObject):
    """Bytes written as they are, never encrypted, whose place in the file is remembered."""

    def __init__(self, filler: bytes) -> None:
        """`filler` is written; `at` says where, afterwards."""
        self.filler = filler
        self.at = -1

    def write_to_stream(self, stream: Any, handler: Any = None, container_ref: Any = None) -> None:
        """Remember the place and write; `handler` is ignored (ISO 32000-2, 7.6.2)."""
        del handler, container_ref
        self.at = stream.tell()
        stream.write(self.filler)


def name(text: str) -> generic.NameObject:
    """A name; `text` begins with its slash."""
    return generic.NameObject(text)


def integer(value: int) -> generic.NumberObject:
    """A whole number."""
    return generic.NumberObject(value)


def text(value: str) -> generic.TextStringObject:
    """A text string; encrypted when the document is."""
    return generic.TextStringObject(value)


def octets(value: bytes) -> generic.ByteStringObject:
    """A string of bytes."""
    return generic.ByteStringObject(value)


def array(items: Iterable[generic.PdfObject] = ()) -> generic.ArrayObject:
    """An array."""
    return generic.ArrayObject(items)


def numbers(values: Iterable[float]) -> generic.ArrayObject:
    """An array of numbers, at most four decimals each."""
    return array(
        integer(int(value)) if float(value).is_integer() else generic.FloatObject(number(value))
        for value in values
    )


def dictionary(entries: Mapping[str, generic.PdfObject] | None = None) -> generic.DictionaryObject:
    """A dictionary, in the order given; keys begin with their slash."""
    return generic.DictionaryObject({name(key): value for key, value in (entries or {}).items()})


def stream(entries: Mapping[str, generic.PdfObject], data: bytes) -> generic.StreamObject:
    """A stream of `data` as it is: compressed already where `entries` name a filter."""
    return generic.StreamObject({name(key): value for key, value in entries.items()}, encoded_data=data)


def reference(ref: generic.Reference, handler: Any) -> generic.IndirectObject:
    """A reference to be written; it resolves through `handler`."""
    return generic.IndirectObject(ref.idnum, ref.generation, handler)


def target(raw: generic.IndirectObject) -> Any:
    """What a reference points to."""
    return raw.get_object()


def plain(value: generic.PdfObject) -> bytes:
    """A value as bytes, references left as references: equal bytes, equal value."""
    out = io.BytesIO()
    value.write_to_stream(out, None)
    return out.getvalue()
