"""Put an increment together: objects, cross-reference section, and the room for the signature cut out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Final

from bubuh.pdf.lean.declined import Declined, Why
from bubuh.pdf.lean.tokens import Ref, items
from bubuh.pdf.lean.xref import Chain
from bubuh.pdf.model import Increment

_RANGE_BYTES: Final = 40
_HEX_ID: Final = re.compile(rb"\[ *(<[0-9A-Fa-f]*>) *<[0-9A-Fa-f]*> *\]\Z")
_CONTENTS: Final = b" /Contents "
_AFTER: Final = b" >>\nendobj\n"


def assemble(
    document: bytes,
    chain: Chain,
    objects: Mapping[Ref, bytes],
    signature: tuple[int, bytes],
    *,
    file_id: bytes,
    room_bytes: int,
) -> Increment:
    """What is appended to `document`: `objects` as they are, then the signature, then the section.

    `signature` is the number of its object and its entries, ByteRange and Contents left out.
    """
    size = len(document)
    parts, offsets, at = [b"\n"], dict[Ref, int](), size + 1
    for ref, body in objects.items():
        written = b"%d %d obj\n%s\nendobj\n" % (*ref, body)
        offsets[ref] = at
        at += len(written)
        parts.append(written)
    number, entries = signature
    offsets[number, 0] = at
    parts.append(b"%d 0 obj\n<< %s /ByteRange " % (number, entries))
    start = at + len(parts[-1]) + _RANGE_BYTES + len(_CONTENTS)
    end = start + 2 * room_bytes + len(b"<>")
    digest = hashlib.sha256(document)
    first_id = _first_id(chain) or b"<%s>" % digest.copy().digest()[:16].hex().encode()
    ids = b"[%s <%s>]" % (first_id, file_id.hex().encode())
    section = _section(chain, offsets, end + len(_AFTER), ids)
    post = _AFTER + section
    spans = b"[0 %d %d %d]" % (start, end, len(post))
    pre = b"".join((*parts, spans.ljust(_RANGE_BYTES), _CONTENTS))
    assert size + len(pre) == start, "the room is where ByteRange says"
    digest.update(pre)
    digest.update(post)
    return Increment(pre=pre, room_bytes=room_bytes, post=post, digest=digest.digest())


def _first_id(chain: Chain) -> bytes | None:
    """The first half of /ID as it is written; None where there is none."""
    written = chain.entry(b"/ID")
    if written is None:
        return None
    plain = _HEX_ID.match(written)
    if plain is not None:
        return plain[1]
    halves = items(written)
    if not halves or not halves[0].startswith((b"(", b"<")):
        raise Declined(Why.TRAILER, "an /ID that is none")
    return halves[0]


def _section(chain: Chain, offsets: dict[Ref, int], at: int, ids: bytes) -> bytes:
    """The cross-reference section at `at`, of the kind of the newest, and the end of the file."""
    own = max(number for number, _generation in offsets) + 1
    made = _stream(chain, offsets, at, ids, own) if chain.sections[0].is_stream else None
    return (made or _table(chain, offsets, ids, own)) + b"startxref\n%d\n%%%%EOF\n" % at


def _table(chain: Chain, offsets: Mapping[Ref, int], ids: bytes, size: int) -> bytes:
    parts = [b"xref\n"]
    for run in _runs(offsets):
        parts.append(b"%d %d\n" % (run[0][0], len(run)))
        parts += (b"%010d %05d n \n" % (offsets[ref], ref[1]) for ref in run)
    parts.append(b"trailer\n<< %s >>\n" % _trailer(chain, ids, size))
    return b"".join(parts)


def _stream(chain: Chain, offsets: dict[Ref, int], at: int, ids: bytes, own: int) -> bytes:
    offsets[own, 0] = at
    runs = _runs(offsets)
    index = b" ".join(b"%d %d" % (run[0][0], len(run)) for run in runs)
    rows = b"".join(
        b"\1%s%s" % (offsets[ref].to_bytes(4, "big"), ref[1].to_bytes(2, "big"))
        for run in runs
        for ref in run
    )
    return (
        b"%d 0 obj\n<< /Type /XRef /W [1 4 2] /Index [%s] /Length %d %s >>\nstream\n%s\nendstream\nendobj\n"
        % (
            own,
            index,
            len(rows),
            _trailer(chain, ids, own + 1),
            rows,
        )
    )


def _trailer(chain: Chain, ids: bytes, size: int) -> bytes:
    newest = chain.sections[0].trailer
    root, info = newest.get(b"/Root"), newest.get(b"/Info")
    if root is None:
        raise Declined(Why.TRAILER, "no /Root")
    told = b"" if info is None else b" /Info " + info
    return b"/Size %d /Root %s%s /ID %s /Prev %d" % (size, root, told, ids, chain.start)


def _runs(refs: Iterable[Ref]) -> list[list[Ref]]:
    """The references in order, those with numbers that follow each other together."""
    runs: list[list[Ref]] = []
    for ref in sorted(refs):
        if runs and runs[-1][-1][0] + 1 == ref[0]:
            runs[-1].append(ref)
        else:
            runs.append([ref])
    return runs
