"""Put an increment together: objects, cross-reference section, and the room for the signature cut out."""

from __future__ import annotations

import struct
from binascii import hexlify
from collections.abc import Iterable
from typing import Final, NamedTuple, Protocol

from bubuh.pdf.lean.declined import Declined, Why
from bubuh.pdf.lean.tokens import Ref
from bubuh.pdf.lean.xref import Chain
from bubuh.pdf.model import Increment

Entry = tuple[int, int, int]  #: number, generation and offset of an object that is written

_RANGE_BYTES: Final = 40
_CONTENTS: Final = b" /Contents "
_AFTER: Final = b" >>\nendobj\n"
_ROW: Final = struct.Struct(">BIH")


class Before(NamedTuple):
    """What an increment must know of the cross-references before it."""

    start: int  #: where the newest section lies
    is_stream: bool  #: of which kind it is
    highest: int  #: the highest object number used or promised
    root: bytes  #: the reference to the catalog, as it is written
    info: bytes | None  #: the same to the document information
    first_id: bytes | None  #: the first half of /ID, a string as it is written
    encrypt: bytes | None = None  #: as the trailers of an encrypted document have it


class Begun(Protocol):
    """A SHA-256 that has seen the document; hashlib's are such."""

    def copy(self) -> Begun:
        """Another of the same state."""
        ...

    def update(self, data: bytes, /) -> None:
        """Go on with `data`."""
        ...

    def digest(self) -> bytes:
        """The hash of all that was seen."""
        ...


def before(chain: Chain) -> Before:
    """What an increment must know of `chain`; raises `Declined`."""
    newest = chain.sections[0]
    root = newest.trailer.values.get(b"/Root")
    if root is None:
        raise Declined(Why.TRAILER, "no /Root")
    info = chain.entry(
        b"/Info"
    )  # said again: what a trailer is silent about, only some readers look for in older
    return Before(chain.start, newest.is_stream, chain.highest, root, info, chain.first_id(), chain.encrypt)


def assemble(
    size: int,
    hashed: Begun,
    ground: Before,
    objects: Iterable[tuple[Ref, bytes]],
    signature: tuple[int, bytes],
    *,
    file_id: bytes,
    room_bytes: int,
) -> Increment:
    """What is appended to a document of `size` bytes: `objects`, then the signature, then the section.

    `signature` is the number of its object, the highest, and its entries, ByteRange and Contents left out.
    """
    own, entries = signature
    parts, placed, at = [b"\n"], [], size + 1
    for (number, generation), body in objects:
        written = b"%d %d obj\n%s\nendobj\n" % (number, generation, body)
        placed.append((number, generation, at))
        at += len(written)
        parts.append(written)
    placed.append((own, 0, at))
    placed.sort()
    opened = b"%d 0 obj\n<< %s /ByteRange " % (own, entries)
    start = at + len(opened) + _RANGE_BYTES + len(_CONTENTS)
    end = start + 2 * room_bytes + len(b"<>")
    first_id = ground.first_id or b"<%s>" % hexlify(hashed.copy().digest()[:16])
    section = _stream if ground.is_stream else _table
    post = section(ground, placed, end + len(_AFTER), b"[%s <%s>]" % (first_id, hexlify(file_id)))
    parts += (opened, (b"[0 %d %d %d]" % (start, end, len(post))).ljust(_RANGE_BYTES), _CONTENTS)
    pre = b"".join(parts)
    assert size + len(pre) == start, "the room is where ByteRange says"
    hashed.update(pre)
    hashed.update(post)
    return Increment(pre=pre, room_bytes=room_bytes, post=post, digest=hashed.digest())


def _table(ground: Before, placed: list[Entry], at: int, ids: bytes) -> bytes:
    """What follows the signature, with a table at `at`.

    Each object is a run of its own: those that are written again rarely follow each other.
    """
    rows = [b"%d 1\n%010d %05d n \n" % (number, offset, generation) for number, generation, offset in placed]
    return b"%sxref\n%strailer\n<< %s >>\nstartxref\n%d\n%%%%EOF\n" % (
        _AFTER,
        b"".join(rows),
        _trailer(ground, ids, placed[-1][0] + 1),
        at,
    )


def _stream(ground: Before, placed: list[Entry], at: int, ids: bytes) -> bytes:
    """What follows the signature, with a cross-reference stream at `at`, which lists itself."""
    own = placed[-1][0] + 1
    placed.append((own, 0, at))
    rows = b"".join([_ROW.pack(1, offset, generation) for _, generation, offset in placed])
    return (
        b"%s%d 0 obj\n<< /Type /XRef /W [1 4 2] /Index [%s] /Length %d %s >>\nstream\n%s\nendstream\nendobj\n"
        b"startxref\n%d\n%%%%EOF\n"
    ) % (
        _AFTER,
        own,
        b" ".join([b"%d 1" % entry[0] for entry in placed]),
        len(rows),
        _trailer(ground, ids, own + 1),
        rows,
        at,
    )


def _trailer(ground: Before, ids: bytes, size: int) -> bytes:
    told = b"" if ground.info is None else b" /Info " + ground.info
    if ground.encrypt is not None:
        told += b" /Encrypt " + ground.encrypt
    return b"/Size %d /Root %s%s /ID %s /Prev %d" % (size, ground.root, told, ids, ground.start)
