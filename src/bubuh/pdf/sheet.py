"""One page of words with a signature over the whole file: what statements look like to people.

It is written from nothing, the same bytes for the same arguments, so that who signs it makes it, and needs
to believe nobody's bytes. Its letters are a standard font's, which every reader has.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from textwrap import wrap
from typing import Final

from bubuh.pdf.plain_file import plain_file

FIELD: Final = "Statement"
ATTACHED: Final = "facts.json"
MOST_BYTES: Final = 262_144
ROOM_BYTES: Final = 6_144  #: for the signature: two certificates of RSA-4096 and what is around them

_SIDE_PT: Final = (595, 842)  # A4
_LEFT_PT, _TOP_PT = 64, 770
_LETTERS_A_LINE: Final = 84  # of 11 points, wide ones too
_FONT: Final = "<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding >>"
_RANGE: Final = "/ByteRange [0 %010d %010d %010d]"
_GAP: Final = re.compile(
    rb" /ByteRange \[0 (\d{10}) (\d{10}) (\d{10})\] /Contents <([0-9a-f]+)> >>\nendobj\n"
)
_FACTS: Final = re.compile(rb"/Subtype /application#2Fjson /Length (\d+) >>\nstream\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What stands on the page, from its top."""

    title: str
    paragraphs: Sequence[str]
    small: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """Where the signature is, from its `<` to after its `>`."""

    start: int
    end: int


def sheet(words: Words, facts: bytes, *, stated_at: datetime) -> bytes:
    """The page with `facts` (JSON) attached and room for a signature, not signed yet."""
    width, height = _SIDE_PT
    objects = [
        (
            "<< /Type /Catalog /Pages 2 0 R /Lang (id) /AcroForm << /Fields [7 0 R] /SigFlags 3 >>"
            f" /Names << /EmbeddedFiles << /Names [({ATTACHED}) 9 0 R] >> >> /AF [9 0 R] >>"
        ),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}] /Contents 4 0 R /Annots [7 0 R]"
            " /Resources << /Font << /R 5 0 R /B 6 0 R >> >> >>"
        ),
        _stream(_drawn(words)),
        _FONT % "Helvetica",
        _FONT % "Helvetica-Bold",
        f"<< /Type /Annot /Subtype /Widget /FT /Sig /T ({FIELD}) /Rect [0 0 0 0] /F 132 /P 3 0 R /V 8 0 R >>",
        (
            "<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached"
            f" /M (D:{stated_at:%Y%m%d%H%M%S}Z) {_RANGE % (0, 0, 0)} /Contents <{'0' * 2 * ROOM_BYTES}> >>"
        ),
        f"<< /Type /Filespec /F ({ATTACHED}) /UF ({ATTACHED}) /AFRelationship /Data /EF << /F 10 0 R >> >>",
        _stream(facts.decode("utf-8"), "/Type /EmbeddedFile /Subtype /application#2Fjson "),
    ]
    last = len(objects) - 1
    out = plain_file(
        [body.encode("utf-8" if at == last else "cp1252") for at, body in enumerate(objects)],
        version="1.7",
        mark=hashlib.sha256(facts).hexdigest()[:32],
    )
    gap = gap_of(out)
    assert gap is not None
    told = (_RANGE % (gap.start, gap.end, len(out) - gap.end)).encode()
    return out.replace((_RANGE % (0, 0, 0)).encode(), told, 1)


def gap_of(document: bytes) -> Gap | None:
    """Where the room for the signature is in a sheet; None in what is no sheet of ours."""
    found = list(_GAP.finditer(document))
    return Gap(found[0].start(4) - 1, found[0].end(4) + 1) if len(found) == 1 else None


def covered(document: bytes) -> bytes | None:
    """SHA-256 over all of a sheet but the gap; None where its ByteRange says anything else."""
    gap, told = gap_of(document), _GAP.search(document)
    if gap is None or told is None:
        return None
    if tuple(map(int, told.groups()[:3])) != (gap.start, gap.end, len(document) - gap.end):
        return None
    return hashlib.sha256(document[: gap.start] + document[gap.end :]).digest()


def signature_in(document: bytes) -> bytes | None:
    """The hexadecimal digits in the gap; None in what is no sheet of ours."""
    gap = gap_of(document)
    return None if gap is None else document[gap.start + 1 : gap.end - 1]


def filled(document: bytes, cms: bytes) -> bytes:
    """The sheet with its signature."""
    gap = gap_of(document)
    assert gap is not None
    room = gap.end - gap.start - 2
    digits = cms.hex().ljust(room, "0")
    assert len(digits) == room, "a signature that outgrows its room is lost"
    return document[: gap.start + 1] + digits.encode() + document[gap.end - 1 :]


def attached(document: bytes) -> bytes | None:
    """The facts in a sheet; None where there are none, or several."""
    found = list(_FACTS.finditer(document))
    if len(found) != 1:
        return None
    at = found[0].end()
    facts = document[at : at + int(found[0].group(1))]
    return facts if document.startswith(b"\nendstream", at + len(facts)) else None


def _drawn(words: Words) -> str:
    rows = ["BT", f"1 0 0 1 {_LEFT_PT} {_TOP_PT} Tm", "/B 20 Tf 26 TL", f"({_escaped(words.title)}) Tj T*"]
    rows.append("/R 11 Tf 16 TL")
    for paragraph in words.paragraphs:
        rows += [f"({_escaped(row)}) Tj T*" for row in wrap(paragraph, _LETTERS_A_LINE)]
        rows.append("T*")
    rows.append("/R 9 Tf 13 TL")
    for line in words.small:
        rows += [f"({_escaped(row)}) Tj T*" for row in wrap(line, _LETTERS_A_LINE)]
    return "\n".join([*rows, "ET"])


def _escaped(text: str) -> str:
    """Text in a literal string; what the font has no letter for is a question mark. ISO 32000-2, 7.3.4.2."""
    known = text.encode("cp1252", errors="replace").decode("cp1252")
    return known.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _stream(content: str, entries: str = "") -> str:
    encoding = "utf-8" if entries else "cp1252"
    return f"<< {entries}/Length {len(content.encode(encoding))} >>\nstream\n{content}\nendstream"
