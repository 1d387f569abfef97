"""pyHanko's incremental writer without what would make two plans of one intent differ.

Its metadata update, random /ID, version change and compression depend on clock, chance or a compressor's
version; they are left aside. What remains: numbering, serialising, encrypting where the document is.
"""
# mypy: allow-untyped-calls

from __future__ import annotations

import io
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.xref import XRefStream, write_xref_table

from bubuh.pdf.general.encryption import without_chance
from bubuh.pdf.general.objects import array, dictionary, integer, name, octets
from bubuh.pdf.general.reader import entry, highest_object, newest_is_stream


class Appender(IncrementalPdfFileWriter):
    """Collects new and changed objects of a document and says how they read when appended."""

    def __init__(self, reader: PdfFileReader, *, file_id: bytes, fallback_id: bytes) -> None:
        """`file_id` becomes the second half of /ID; `fallback_id` the first where there is none."""
        super().__init__(reader.stream, prev=reader)
        first = reader.document_id[0] if "/ID" in reader.trailer else fallback_id
        self._document_id = array((octets(first), octets(file_id)))
        self._lastobj_id = highest_object(reader)
        self.stream_xrefs = newest_is_stream(reader)
        if self.security_handler is not None:
            without_chance(self.security_handler, file_id)

    @classmethod
    def _handle_id(cls, prev: PdfFileReader) -> generic.ArrayObject:
        del prev  # the library would draw random bytes here
        return array()

    def ensure_output_version(self, version: Any) -> None:
        """Leave the document's version alone: a widget needs nothing newer."""

    def _update_meta(self) -> None:
        """Leave /Info and XMP alone: the library would write the present moment into them."""

    def append(self, holder: generic.DictionaryObject, key: str, item: generic.IndirectObject) -> None:
        """Append `item` to the array under `key`; only the object that holds the array is written again."""
        items = entry(holder, key)
        if items is None:
            holder[name(key)] = array((item,))
            self.update_container(holder)
            return
        if not isinstance(items, generic.ArrayObject):
            raise TypeError(f"{key} is not an array")
        items.append(item)
        self.update_container(items)

    def increment(self, offset: int) -> bytes:
        """Everything added and changed, as it reads when it is appended at `offset`."""
        out = _At(offset)
        out.write(b"\n")
        positions: dict[tuple[int, int], Any] = {}
        self._write_objects(out, positions)
        if self.stream_xrefs:
            self._write_xref_stream(out, positions)
        else:
            self._write_xref_table(out, positions)
        return out.getvalue()

    def _write_xref_table(self, out: _At, positions: dict[tuple[int, int], Any]) -> None:
        start = write_xref_table(out, positions)
        trailer = dictionary()
        self._populate_trailer(trailer)
        trailer[name("/Size")] = integer(self._lastobj_id + 1)
        out.write(b"trailer\n")
        trailer.write_to_stream(out, None)
        out.write(f"\nstartxref\n{start}\n%%EOF\n".encode())

    def _write_xref_stream(self, out: _At, positions: dict[tuple[int, int], Any]) -> None:
        start, own_number = out.tell(), self._lastobj_id + 1
        positions[0, own_number] = start
        section = XRefStream(positions)
        self._populate_trailer(section)
        section[name("/Size")] = integer(own_number + 1)
        out.write(f"{own_number} 0 obj\n".encode())
        section.write_to_stream(out, None)
        out.write(f"\nendobj\nstartxref\n{start}\n%%EOF\n".encode())


class _At(io.BytesIO):
    """A stream that begins at an offset: what is written knows where it will stand in the file."""

    def __init__(self, offset: int) -> None:
        super().__init__()
        self._offset = offset

    def tell(self) -> int:
        """The place in the whole file."""
        return self._offset + super().tell()
