"""Documents damaged in the ways that are met: each by a few bytes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final


def wrong_startxref(document: bytes) -> bytes:
    """The last section is said to lie where it does not."""
    return re.sub(rb"startxref\s+\d+", b"startxref\n7", document)


def bytes_before(document: bytes) -> bytes:
    """A mail gateway's banner stands before the header: every offset is off."""
    return b"X-Scanned: yes\r\n" + document


def bytes_after(document: bytes) -> bytes:
    """A server's words stand after the end."""
    return document + b"\nlost connection\n"


def broken_entries(document: bytes) -> bytes:
    """The entries of the table are no numbers any more."""
    return re.sub(rb"(\d{9})\d (\d{5}) n", rb"\1x \2 n", document)


def shifted_entries(document: bytes) -> bytes:
    """Every offset but the first is one byte too far, as after a change of line ends."""
    return re.sub(rb"(\d{10}) 00000 n", lambda found: b"%010d 00000 n" % (int(found[1]) + 1), document)


def odd_generations(document: bytes) -> bytes:
    """The table says generation 3 where the objects say 0."""
    return document.replace(b" 00000 n", b" 00003 n")


def no_size(document: bytes) -> bytes:
    """The trailer does not say how many objects there are."""
    return re.sub(rb"/Size \d+", b"", document)


DAMAGES: Final[tuple[Callable[[bytes], bytes], ...]] = (
    wrong_startxref,
    bytes_before,
    bytes_after,
    broken_entries,
    shifted_entries,
    odd_generations,
    no_size,
)


def two_faced(document: bytes) -> bytes:
    """Who believes the table sees one page, who looks for the objects another.

    A second content stream bears the number of the first, and the table does not know it; it knows /Info, but
    not where that lies, so that a careful reader gives the table up and takes the last object of each number.
    """
    number = re.search(rb"/Contents (\d+) 0 R", document)
    info = re.search(rb"/Info (\d+) 0 R", document)
    assert number is not None, "the page has its content"
    assert info is not None, "the trailer has its /Info"
    at = document.rindex(b"xref\n", 0, document.rindex(b"startxref"))
    second = (
        b"%s 0 obj\n<< /Length 26 >>\nstream\n1 0 0 rg 0 0 600 800 re f \nendstream\nendobj\n" % number[1]
    )
    table = document[at:].splitlines(keepends=True)
    table[2 + int(info[1])] = b"%010d 00000 n \n" % (at + 3)
    moved = document[:at] + second + b"".join(table)
    return re.sub(rb"startxref\n\d+", b"startxref\n%d" % (at + len(second)), moved)
