"""The room for a time-stamp beside the seal: how much is reserved, and how a token gets into it later.

A token is an unsigned attribute inside the gap of the ByteRange: the seal, its digest and every other byte
stay as they are (ETSI EN 319 122-1, clause 5.3; ETSI EN 319 142-1, clause 6.3).
"""

from __future__ import annotations

from typing import Final

from bubuh.pdf.seal.der import SEQUENCE, SET, elements, inner, oid, tlv

TIME_STAMP_ROOM_BYTES: Final = 8192  #: before hex: real tokens have 6 to 8 KB, and an increment at most 24 KB
MOST_TOKEN_BYTES: Final = TIME_STAMP_ROOM_BYTES - 64  #: what is around a token takes less

_CONTEXT_0: Final = 0xA0
_UNSIGNED_ATTRIBUTES: Final = 0xA1
_SIGNATURE_TIME_STAMP: Final = oid("1.2.840.113549.1.9.16.2.14")  #: RFC 3161, appendix A


def with_time_stamp(cms: bytes, token: bytes) -> bytes:
    """The seal `cms` (DER, one signer, no unsigned attribute) with `token` as its time-stamp."""
    kind, wrapped = _parts(cms)
    *head, signers = _parts(inner(wrapped))
    signer = inner(signers)
    attribute = tlv(SEQUENCE, _SIGNATURE_TIME_STAMP, tlv(SET, token))
    stamped = tlv(SEQUENCE, inner(signer), tlv(_UNSIGNED_ATTRIBUTES, attribute))
    return tlv(SEQUENCE, kind, tlv(_CONTEXT_0, tlv(SEQUENCE, *head, tlv(SET, stamped))))


def filled(increment: bytes, gap_at: int, token: bytes) -> bytes:
    """A sealed `increment` of ours with `token` in the room of its gap; the gap `<…>` begins at `gap_at`.

    Not a byte outside the gap changes, and none moves.
    """
    end = increment.index(b">", gap_at)
    room = bytes.fromhex(increment[gap_at + 1 : end].decode("ascii"))
    _tag, cms = next(elements(room))  # what follows is padding
    stamped = with_time_stamp(cms, token)
    assert len(stamped) <= len(room), "the time-stamp outgrew its room"
    contents = stamped.hex().ljust(2 * len(room), "0").encode("ascii")
    return increment[: gap_at + 1] + contents + increment[end:]


def without_time_stamp(cms: bytes) -> tuple[bytes, bytes]:
    """A seal and its time-stamp (DER), put together by `with_time_stamp`; raises ValueError."""
    kind, wrapped = _parts(cms)
    *head, signers = _parts(inner(wrapped))
    *signer, unsigned = _parts(inner(signers))
    _kind, token = _parts(inner(unsigned))
    plain = tlv(SEQUENCE, *head, tlv(SET, tlv(SEQUENCE, *signer)))
    return tlv(SEQUENCE, kind, tlv(_CONTEXT_0, plain)), inner(token)


def _parts(sequence: bytes) -> list[bytes]:
    return [element for _tag, element in elements(inner(sequence))]
