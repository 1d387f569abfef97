"""Signature wrapping and universal forgery: the seal's own digest is right, or nobody is to look at it."""
# mypy: allow-untyped-calls

from __future__ import annotations

import hashlib
import re

import pytest

from tests.attacks.conftest import Victim
from tests.attacks.forge import BLACK, Forge, Seen, stream
from tests.pdf.forgeries import AFTER_STAMPING

SPANS = re.compile(rb"/ByteRange \[0 (\d+) (\d+) (\d+)\]")


def wrapped(document: bytes, *, foot: bool, shield: bytes = b"") -> tuple[bytes, bytes]:
    """The two signed parts moved apart; between them another cross-reference, where startxref still points.

    It leads to a signature dictionary whose ByteRange knows of the move, and to another page. Gives the file,
    and the digest over what its ByteRange covers.
    """
    seen = Seen(document)
    start, end, rest = map(int, list(SPANS.finditer(document))[-1].groups())
    value, page, content = int(seen.raw(seen.field, "/V").split()[0]), seen.page, seen.free
    at = len(document[:end]) + len(shield)
    table_at = seen.start
    assert table_at >= at, "the old table lies behind the gap"
    texts = {page: seen.text(page, Contents=b"%d 0 R" % content), content: stream(BLACK)}
    moved = 99999
    for _ in range(3):
        texts[value] = seen.text(value, ByteRange=b"[0 %d %d %d]" % (start, moved, rest))
        inserted = _inserted(seen, texts, pad=table_at - at, base=table_at, foot=foot)
        moved = at + len(inserted)
    made = document[:end] + shield + inserted + document[end:]
    return made, hashlib.sha256(made[:start] + made[moved : moved + rest]).digest()


def _inserted(seen: Seen, texts: dict[int, bytes], *, pad: int, base: int, foot: bool) -> bytes:
    newest = seen.reader.xrefs.get_xref_data(seen.reader.xrefs.total_revisions - 1)
    places = {number: offset for number, (_generation, offset) in newest.standard_xrefs.items()}
    body, made = b"", b""
    for _ in range(3):
        for number in texts:
            places[number] = base + len(made) + body.find(b"%d 0\nobj" % number)
        rows = "".join(f"{number} 1\n{place:010d} 00000 n \n" for number, place in sorted(places.items()))
        trailer = b"trailer\n<< /Size %d /Root %d 0 R /Prev %s >>\n" % (
            max(places) + 1, seen.root, b"%d" % seen.reader.trailer.raw_get("/Prev"),
        )  # fmt: skip
        made = b"xref\n" + rows.encode() + trailer
        made += b"startxref\n%d\n%%%%EOF\n" % base if foot else b""
        body = b"".join(b"%d 0\nobj\n%s\nendobj\n" % item for item in texts.items())
    return b" " * pad + made + body


@pytest.mark.parametrize("foot", [False, True])
@pytest.mark.parametrize("shield", [b"", b"00>", b"/W <00>"])
def test_signed_parts_moved_apart_are_not(classic: Victim, shield: bytes, *, foot: bool) -> None:
    forged, digest = wrapped(classic.document, foot=foot, shield=shield)
    genuine = classic.desk.judge(classic.document)
    assert genuine.is_genuine
    assert digest == genuine.stamps[-1].digest, "the signature itself is right: only its place is wrong"
    assert not classic.falls_to(forged)


@pytest.mark.parametrize("name", AFTER_STAMPING)
def test_what_is_forged_on_one_kind_is_forged_on_all(name: str, victim: Victim) -> None:
    assert not victim.falls_to(AFTER_STAMPING[name](victim.document))


def ending(new: bytes) -> Forge:
    """The last digits of the last seal, be they padding or signature, with its `>` become `new`."""

    def forge(document: bytes) -> bytes:
        end = list(re.finditer(rb"[0-9a-f]{99}>", document))[-1].end()
        return document[: end - len(new)] + new + document[end:]

    return forge


def last(old: bytes, new: bytes) -> Forge:
    """The last `old` in the document becomes `new`, of one length."""

    def forge(document: bytes) -> bytes:
        at = document.rindex(old)
        return document[:at] + new.ljust(len(old)) + document[at + len(old) :]

    return forge


def other_seal(document: bytes) -> bytes:
    """The seal of one stamp in the room of another."""
    rooms = [found.span() for found in re.finditer(rb"<[0-9a-f]{2000,}>", document)]
    (begin, end), (first, second) = rooms[-1], rooms[0]
    seal = document[first:second] if len(rooms) > 1 else document[begin:end].replace(b"30", b"31", 1)
    return document[:begin] + seal.ljust(end - begin)[: end - begin] + document[end:]


UNIVERSAL: dict[str, Forge] = {
    "no contents": last(b"/Contents ", b"/Contentz "),
    "no byte range": last(b"/ByteRange ", b"/ByteRangf "),
    "two byte ranges": last(b"/SubFilter ", b"/ByteRange "),
    "no type": last(b"/Type /Sig", b"/Typo /Sig"),
    "a time-stamp by type": last(b"/Type /Sig", b"/Type /Tst"),
    "no filter": last(b"/Adobe.PPKLite", b"/Adobe.PPKLitf"),
    "other sub-filter": last(b"/ETSI.CAdES.detached", b"/adbe.pkcs7.sha1    "),
    "sub-filter of a time-stamp": last(b"/ETSI.CAdES.detached", b"/ETSI.RFC3161"),
    "field without value": last(b"/V ", b"/W "),
    "field of text": last(b"/FT /Sig", b"/FT /Tx "),
    "another serial": other_seal,
    "other hex": ending(b"g>"),
    "an odd number of digits": ending(b"> "),
    "digits with a blank": ending(b" >"),
    "a comment in the digits": ending(b"%\n>"),
    "a string of octets": ending(b")>"),
}


@pytest.mark.parametrize("name", UNIVERSAL)
def test_a_signature_that_cannot_be_looked_at_is_not(name: str, victim: Victim) -> None:
    assert not victim.falls_to(UNIVERSAL[name](victim.document))
