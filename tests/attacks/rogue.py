"""Whoever holds a real key and does not do what our engine does: a rogue within, or an engine gone wrong."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Callable
from dataclasses import replace

from bubuh.pdf.model import Increment, Intent
from bubuh.pdf.plan import plan_with_library
from bubuh.pdf.seal import cms
from bubuh.pdf.seal.keys import sign
from tests.pdf.conftest import Desk

Alter = Callable[[bytes], bytes]

#: A deflated stream: its head, what is deflated, the check sum, its foot.
_STREAM = re.compile(rb"(stream\r?\n\x78.)(.*?)(.{4})(\r?\nendstream)", re.DOTALL)


def sealed(desk: Desk, document: bytes, intent: Intent, alter: Alter = lambda planned: planned) -> bytes:
    """`document` with a stamp that `alter` changed after planning and before sealing: the seal is right.

    `alter` gets what is appended up to the room for the signature, and gives as many bytes. The digest is
    over what the ByteRange in it says, where it can be read, else over all but the room.
    """
    increment = plan_with_library(document, intent, desk.chain)
    pre = alter(increment.pre)
    assert len(pre) == len(increment.pre), "the places would not fit any more"
    whole = document + replace(increment, pre=pre).sealed(b"")
    digest = _digest(whole, pre, len(document) + len(pre), increment)
    signature = sign(desk.key, cms.signed_attributes(digest, desk.chain))
    made = replace(increment, pre=pre).sealed(cms.signed_data(digest, signature, desk.chain))
    return document + made


def _digest(whole: bytes, pre: bytes, start: int, increment: Increment) -> bytes:
    found = re.search(rb"/ByteRange \[(\d+) (\d+) (\d+) (\d+)\]", pre)
    if found is None:
        end = start + 2 * increment.room_bytes + 2
        return hashlib.sha256(whole[:start] + whole[end:]).digest()
    one, two, three, four = map(int, found.groups())
    return hashlib.sha256(whole[one : one + two] + whole[three : three + four]).digest()


def put(old: bytes, new: bytes) -> Alter:
    """`new` for each `old`, of one length, also in a face that is deflated without being pressed."""

    def alter(planned: bytes) -> bytes:
        assert old in planned, old
        return _STREAM.sub(_sound, planned.replace(old, new.ljust(len(old))))

    return alter


def _sound(stream: re.Match[bytes]) -> bytes:
    """A deflated stream with the check sum of what it now holds (RFC 1950, 2.2); another one as it was."""
    try:
        inflated = zlib.decompressobj(-zlib.MAX_WBITS).decompress(stream[2])
    except zlib.error:
        return stream[0]
    return stream[1] + stream[2] + zlib.adler32(inflated).to_bytes(4, "big") + stream[4]


def spans(change: Callable[[int, int, int], tuple[int, ...]]) -> Alter:
    """Another ByteRange; `change` gets the three numbers that are not zero."""

    def alter(planned: bytes) -> bytes:
        found = re.search(rb"/ByteRange (\[0 (\d+) (\d+) (\d+)\] *)", planned)
        assert found is not None
        start, end, rest = map(int, found.groups()[1:])
        made = b"[%s]" % b" ".join(b"%d" % number for number in change(start, end, rest))
        return planned[: found.start(1)] + made.ljust(len(found[1])) + planned[found.end(1) :]

    return alter
