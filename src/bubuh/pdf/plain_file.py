"""A PDF file out of its objects: numbered, with a table of cross-references."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def plain_file(objects: Sequence[bytes], *, version: str = "1.4", mark: str | None = None) -> bytes:
    """`objects`, numbered from 1, the first of them the catalog, as a whole file.

    `mark` is its /ID, 32 hexadecimal digits; None: the head of the SHA-256 of all before the table, so that
    the same objects make the same file and others another.

    Source: ISO 32000-2, 7.5.4 and 14.4.
    """
    out, entries = bytearray(b"%%PDF-%s\n%%\xe2\xe3\xcf\xd3\n" % version.encode()), [b"0000000000 65535 f \n"]
    for number, body in enumerate(objects, start=1):
        entries.append(b"%010d 00000 n \n" % len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start, size = len(out), len(entries)
    file_id = (hashlib.sha256(out).hexdigest()[:32] if mark is None else mark).encode()
    out += b"xref\n0 %d\n%s" % (size, b"".join(entries))
    out += b"trailer\n<< /Size %d /Root 1 0 R /ID [<%s> <%s>] >>\n" % (size, file_id, file_id)
    out += b"startxref\n%d\n%%%%EOF\n" % start
    return bytes(out)
