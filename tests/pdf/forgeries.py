"""What a forger would do to a stamped document: each takes bytes and gives bytes."""
# mypy: allow-untyped-calls

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pikepdf
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

Forge = Callable[[bytes], bytes]


def updated(document: bytes, edit: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    """`document` with a proper incremental update by a stranger's tool."""
    writer = IncrementalPdfFileWriter(io.BytesIO(document))
    edit(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def other_content(document: bytes) -> bytes:
    """Incremental saving attack: the page shows something else."""

    def edit(writer: IncrementalPdfFileWriter) -> None:
        page = first_page(writer)
        page[pdf_name("/Contents")] = writer.add_object(generic.StreamObject(stream_data=b"0 0 300 300 re f"))
        writer.update_container(page)

    return updated(document, edit)


def overwritten_content(document: bytes) -> bytes:
    """The same, with the content stream's own object defined again."""

    def edit(writer: IncrementalPdfFileWriter) -> None:
        ref = first_page(writer).raw_get("/Contents")
        writer.objects[ref.generation, ref.idnum] = generic.StreamObject(stream_data=b"0 0 300 300 re f")

    return updated(document, edit)


def overlay_annotation(document: bytes) -> bytes:
    """Evil annotation attack: words over the text."""

    def edit(writer: IncrementalPdfFileWriter) -> None:
        page = first_page(writer)
        note = generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Annot"),
                pdf_name("/Subtype"): pdf_name("/FreeText"),
                pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (50, 500, 400, 700))),
                pdf_name("/Contents"): generic.TextStringObject("Rp999.000.000"),
            }
        )
        page["/Annots"].append(writer.add_object(note))
        writer.update_container(page["/Annots"])

    return updated(document, edit)


def other_title(document: bytes) -> bytes:
    """Only the document's information changed."""

    def edit(writer: IncrementalPdfFileWriter) -> None:
        writer.set_info(generic.DictionaryObject({pdf_name("/Title"): generic.TextStringObject("Lain")}))

    return updated(document, edit)


def new_page(document: bytes) -> bytes:
    """A page more."""

    def edit(writer: IncrementalPdfFileWriter) -> None:
        page = generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Page"),
                pdf_name("/Contents"): writer.add_object(generic.StreamObject(stream_data=b"0 0 9 9 re f")),
                pdf_name("/MediaBox"): generic.ArrayObject(map(generic.NumberObject, (0, 0, 595, 842))),
            }
        )
        writer.insert_page(page)

    return updated(document, edit)


def renamed_field(document: bytes) -> bytes:
    """The stamp's field bears another serial number."""

    def edit(writer: IncrementalPdfFileWriter) -> None:
        field = writer.root["/AcroForm"]["/Fields"][0]
        field[pdf_name("/T")] = generic.TextStringObject("Stamp_9ZZZZZZZZZZZZZZZZZZZZZ")
        writer.update_container(field)

    return updated(document, edit)


def moved_widget(document: bytes) -> bytes:
    """The face is somewhere else, over other words."""

    def edit(writer: IncrementalPdfFileWriter) -> None:
        field = writer.root["/AcroForm"]["/Fields"][0]
        field[pdf_name("/Rect")] = generic.ArrayObject(map(generic.NumberObject, (300, 300, 380, 380)))
        writer.update_container(field)

    return updated(document, edit)


def other_face(document: bytes) -> bytes:
    """The face shows something else."""

    def edit(writer: IncrementalPdfFileWriter) -> None:
        ref = writer.root["/AcroForm"]["/Fields"][0]["/AP"].raw_get("/N")
        face = ref.get_object()
        made = generic.StreamObject(dict(face), stream_data=face.data.replace(b"0BBH", b"9ZZZ"))
        writer.objects[ref.generation, ref.idnum] = made

    return updated(document, edit)


def second_field_on_one_signature(document: bytes) -> bytes:
    """A second field shows the same signature under another serial number."""

    def edit(writer: IncrementalPdfFileWriter) -> None:
        fields = writer.root["/AcroForm"]["/Fields"]
        twin = generic.DictionaryObject(dict(fields[0]))
        twin[pdf_name("/T")] = generic.TextStringObject("Stamp_9ZZZZZZZZZZZZZZZZZZZZZ")
        fields.append(writer.add_object(twin))
        writer.update_container(fields)

    return updated(document, edit)


def unsigned_field(document: bytes) -> bytes:
    """A text field more."""

    def edit(writer: IncrementalPdfFileWriter) -> None:
        field = generic.DictionaryObject(
            {
                pdf_name("/FT"): pdf_name("/Tx"),
                pdf_name("/T"): generic.TextStringObject("baru"),
            }
        )
        fields = writer.root["/AcroForm"]["/Fields"]
        fields.append(writer.add_object(field))
        writer.update_container(fields)

    return updated(document, edit)


def javascript(document: bytes) -> bytes:
    """An action that runs when the document is opened."""

    def edit(writer: IncrementalPdfFileWriter) -> None:
        writer.root[pdf_name("/OpenAction")] = generic.DictionaryObject(
            {
                pdf_name("/S"): pdf_name("/JavaScript"),
                pdf_name("/JS"): generic.TextStringObject("app.alert(1)"),
            }
        )
        writer.update_root()

    return updated(document, edit)


def comment_at_the_end(document: bytes) -> bytes:
    return document + b"% halo\n"


def line_end_at_the_end(document: bytes) -> bytes:
    return document + b"\n"


def objects_without_table(document: bytes) -> bytes:
    """Incremental saving attack without a cross-reference: pyHanko's bottom line stays True."""
    return document + b"4 0 obj\n<< /Type /Page >>\nendobj\n%%EOF\n"


def objects_with_a_foot(document: bytes) -> bytes:
    """The same, ending like a file."""
    foot = document[document.rindex(b"startxref") :]
    return document + b"4 0 obj\n<< /Type /Page >>\nendobj\n" + foot


def table_without_start(document: bytes) -> bytes:
    return document + b"xref\n0 1\n0000000000 65535 f \ntrailer\n<< /Size 1 >>\n%%EOF\n"


def no_byte_range(document: bytes) -> bytes:
    return document.replace(b"/ByteRange", b"/ByteRangX")


def byte_range(spans: bytes) -> Forge:
    def forge(document: bytes) -> bytes:
        found = list(re.finditer(rb"/ByteRange (\[[^\]]*\] *)", document))[-1]
        return document[: found.start(1)] + spans.ljust(len(found[1])) + document[found.end(1) :]

    return forge


def contents(filler: Callable[[bytes], bytes]) -> Forge:
    def forge(document: bytes) -> bytes:
        found = list(re.finditer(rb"/Contents (<[0-9a-f]+>)", document))[-1]
        return document[: found.start(1)] + filler(found[1]).ljust(len(found[1])) + document[found.end(1) :]

    return forge


def flipped(where: float) -> Forge:
    def forge(document: bytes) -> bytes:
        at = int(where * len(document))
        return document[:at] + bytes((document[at] ^ 1,)) + document[at + 1 :]

    return forge


def rewritten(document: bytes) -> bytes:
    """Saved anew by another program: every byte moves."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(document)) as pdf:
        pdf.save(out)
    return out.getvalue()


def without_the_stamp(document: bytes) -> bytes:
    """The field removed; the picture stays."""

    def edit(writer: IncrementalPdfFileWriter) -> None:
        fields = writer.root["/AcroForm"]["/Fields"]
        del fields[0]
        writer.update_container(fields)

    return updated(document, edit)


def first_page(writer: IncrementalPdfFileWriter) -> Any:
    return writer.root["/Pages"]["/Kids"][0]


AFTER_STAMPING: dict[str, Forge] = {
    function.__name__: function
    for function in (
        other_content, overwritten_content, overlay_annotation, other_title, new_page, renamed_field,
        moved_widget, other_face, second_field_on_one_signature, unsigned_field, javascript,
        comment_at_the_end, line_end_at_the_end, objects_without_table, objects_with_a_foot,
        table_without_start, no_byte_range, rewritten, without_the_stamp,
    )
} | {
    "byte range of zeros": byte_range(b"[0 0 0 0]"),
    "byte range negative": byte_range(b"[0 -1 20 30]"),
    "byte range of one part": byte_range(b"[0 100]"),
    "byte range empty": byte_range(b"[]"),
    "byte range null": byte_range(b"null"),
    "byte range of names": byte_range(b"[/a /b /c /d]"),
    "byte range of reals": byte_range(b"[0. 1. 2. 3.]"),
    "byte range huge": byte_range(b"[0 9 99 9999999999999999999]"),
    "contents empty": contents(lambda _: b"<>"),
    "contents null": contents(lambda _: b"null"),
    "contents 00": contents(lambda _: b"<00>"),
    "contents of zeros": contents(lambda old: b"<" + b"0" * (len(old) - 2) + b">"),
    "contents upper case": contents(bytes.upper),
    "contents padded with ones": contents(lambda old: old[:-3] + b"21"[old[-3:-2] != b"1" :][:1] + old[-2:]),
    "contents with blanks": contents(lambda old: old[:-5] + b"    >"),
    "contents with another version": contents(lambda old: old.replace(b"020101310d30", b"020103310d30", 1)),
} | {f"byte flipped at {where:.0%}": flipped(where) for where in (0.02, 0.3, 0.7, 0.9, 0.99)}  # fmt: skip
