"""How a document's bytes and name are sealed under the document's own key.

An object is a head (mark, salt) and frames of 64 KiB, each AES-256-GCM under the object's own key. A
frame's nonce is its number and whether it is the last, so that a frame left out, moved, repeated, or cut off
at the end is found (the STREAM construction); document id and revision are authenticated with each frame, so
that no object passes for another.

Sealing is deterministic: the same bytes as the same revision under the same document key give the same
object, so that an increment made again after a crash can be compared with the stored one. That is safe
because no key ever meets two plaintexts under one nonce: the object's key is derived from the salt, and the
salt is an HMAC under the document key over document id, revision and the plaintext's SHA-256. Another
plaintext has another salt, hence another key, and its nonces may start from nought again (the idea of SIV,
RFC 5297). A revision has one plaintext ever: the original is held to the row's SHA-256, and an increment that
differs from the one that is kept is refused (`keep`); but the seal does not rest on that. Equal objects tell
that their plaintexts are equal, which is only ever so for one revision of one document.

Source: Hoang, Reyhanitabar, Rogaway, Vizar, "Online Authenticated-Encryption and its Nonce-Reuse
Misuse-Resistance" (2015), section 7, for STREAM; NIST SP 800-38D.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bubuh.documents.keys import KEY_BYTES, NONCE_BYTES, TAG_BYTES, DocumentKey, box, derive, unbox
from bubuh.documents.ports import ObjectDamaged

FRAME_BYTES: Final = 64 * 2**10
MARK: Final = b"BBH1"
HEAD_BYTES: Final = len(MARK) + KEY_BYTES
_SEALED_FRAME_BYTES: Final = FRAME_BYTES + TAG_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectOf:
    """Which object this is: the revision of a document; authenticated with every frame."""

    document_id: UUID
    revision: int  #: 0 is the original

    def label(self) -> bytes:
        """The same as bytes of fixed length."""
        return self.document_id.bytes + self.revision.to_bytes(4)


def seal(data: bytes, key: DocumentKey, of: ObjectOf) -> bytes:
    """`data` as an object: 36 bytes more, and 16 for each 64 KiB begun (no `data` is one frame too)."""
    salt = derive(key, "salt", of.label(), hashlib.sha256(data).digest())
    frames = _Frames(key, salt, of)
    view = memoryview(data)
    starts = range(0, max(len(data), 1), FRAME_BYTES)
    sealed = [
        frames.seal(no, view[start : start + FRAME_BYTES], last=start == starts[-1])
        for no, start in enumerate(starts)
    ]
    return b"".join((MARK, salt, *sealed))


def unseal(sealed: bytes, key: DocumentKey, of: ObjectOf) -> bytes:
    """What was sealed, whole; raises `ObjectDamaged`."""
    opening = Opening(key, of)
    return opening.feed(sealed) + opening.finish()


async def unseal_stream(sealed: AsyncIterator[bytes], key: DocumentKey, of: ObjectOf) -> AsyncIterator[bytes]:
    """What was sealed, frame by frame, each authenticated before it is given on.

    Raises `ObjectDamaged` at the first bad frame, and at the end when the end is missing: then the reader has
    a true beginning in hand, and must not take it for the whole.
    """
    opening = Opening(key, of)
    async for piece in sealed:
        if opened := opening.feed(piece):
            yield opened
    yield opening.finish()


def is_whole(sealed: bytes, key: DocumentKey, of: ObjectOf) -> bool:
    """Whether `sealed` is an object that was once sealed so, every byte of it: not torn, not another's."""
    try:
        unseal(sealed, key, of)
    except ObjectDamaged:
        return False
    return True


class Opening:
    """Opens an object that arrives in pieces of any length."""

    def __init__(self, key: DocumentKey, of: ObjectOf) -> None:
        self._key = key
        self._of = of
        self._frames: _Frames | None = None
        self._rest = b""
        self._no = 0

    def feed(self, piece: bytes) -> bytes:
        """The bytes of the frames that are complete by now and not the last; raises `ObjectDamaged`."""
        self._rest += piece
        if self._frames is None:
            if len(self._rest) < HEAD_BYTES:
                return b""
            self._frames = self._read_head()
        view, at, opened = memoryview(self._rest), 0, []
        while len(view) - at > _SEALED_FRAME_BYTES:  # more follows, so this frame is not the last
            opened.append(self._frames.open(self._no, view[at : at + _SEALED_FRAME_BYTES], last=False))
            at += _SEALED_FRAME_BYTES
            self._no += 1
        self._rest = bytes(view[at:])
        return b"".join(opened)

    def finish(self) -> bytes:
        """The bytes of the last frame; raises `ObjectDamaged` when what came last is not the last frame."""
        if self._frames is None:
            raise ObjectDamaged("an object ends within its head")
        return self._frames.open(self._no, memoryview(self._rest), last=True)

    def _read_head(self) -> _Frames:
        head, self._rest = self._rest[:HEAD_BYTES], self._rest[HEAD_BYTES:]
        if not head.startswith(MARK):
            raise ObjectDamaged("an object has no mark of ours")
        return _Frames(self._key, head[len(MARK) :], self._of)


class _Frames:
    """The frames of one object, under the key that its salt leads to."""

    def __init__(self, key: DocumentKey, salt: bytes, of: ObjectOf) -> None:
        self._label = MARK + of.label()
        self._cipher = AESGCM(derive(key, "frames", salt, self._label))

    def seal(self, no: int, frame: memoryview, *, last: bool) -> bytes:
        return self._cipher.encrypt(_nonce(no, last=last), frame, self._label)

    def open(self, no: int, frame: memoryview, *, last: bool) -> bytes:
        try:
            return self._cipher.decrypt(_nonce(no, last=last), frame, self._label)
        except InvalidTag as error:
            raise ObjectDamaged(f"frame {no} of an object is not as it was sealed") from error


def seal_name(name: str, key: DocumentKey, document_id: UUID) -> bytes:
    """A file's name, sealed under the document's key."""
    return box(name.encode(errors="replace"), derive(key, "name"), document_id.bytes)


def unseal_name(sealed: bytes, key: DocumentKey, document_id: UUID) -> str:
    """The file's name; raises `ObjectDamaged`."""
    return unbox(sealed, derive(key, "name"), document_id.bytes).decode()


def _nonce(no: int, *, last: bool) -> bytes:
    return no.to_bytes(NONCE_BYTES - 1) + bytes([last])
