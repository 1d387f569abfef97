"""Read an encryption dictionary: what of encrypted documents the lean engine stamps.

Those that anyone may open, encrypted by one cipher for strings and streams alike. An entry that is not known
is a reason to leave the document to another engine: it may change what is encrypted, or how. Revision 5 is
left alone because pyHanko does not open it: others could not check the stamp.
"""

from __future__ import annotations

from typing import Final

from bubuh.pdf.cipher import Cipher, Entries, WrongPassword
from bubuh.pdf.lean.declined import Declined, Why
from bubuh.pdf.lean.tokens import Dictionary, dictionary, integer, octets

_KNOWN: Final = frozenset(
    b"/Filter /V /R /Length /O /U /P /CF /StmF /StrF /EFF /EncryptMetadata /OE /UE /Perms".split()
)
_KNOWN_OF_A_FILTER: Final = frozenset(b"/Type /CFM /AuthEvent /Length".split())
_METHODS: Final = {(4, b"/V2"): False, (4, b"/AESV2"): True, (5, b"/AESV3"): True}  #: whether it is AES
_REVISIONS: Final = {1: 2, 2: 3, 4: 4, 5: 6}  #: by version
_SHORTEST, _LONGEST = 5, 16  #: of a key, bytes, before version 5
_LONG_KEY: Final = 32
_STRING_BYTES: Final = {2: 32, 3: 32, 4: 32, 6: 48}  #: of /O and /U, by revision


def unlocked(written: Dictionary, first_id: bytes | None) -> Cipher:
    """The cipher of a document with the encryption dictionary `written`; raises `Declined`.

    `first_id` is the first half of /ID, a string as it is written.
    """
    values = written.values
    if values.get(b"/Filter") != b"/Standard" or not _KNOWN.issuperset(values):
        raise Declined(Why.ENCRYPTED, "not by the standard handler alone")
    version, revision = written.integer(b"/V"), written.integer(b"/R")
    if revision != _REVISIONS.get(version):
        raise Declined(Why.ENCRYPTED, "of a version that is not read here")
    key_bytes, uses_aes = _strength(written, version)
    size, is_new = _STRING_BYTES[revision], revision == 6
    entries = Entries(
        revision=revision,
        key_bytes=key_bytes,
        uses_aes=uses_aes,
        encrypts_metadata=_boolean(values.get(b"/EncryptMetadata")),
        permissions=written.integer(b"/P"),
        owner=_string(written, b"/O", size),
        user=_string(written, b"/U", size),
        user_key=_string(written, b"/UE", _LONG_KEY) if is_new else b"",
        sealed_permissions=_string(written, b"/Perms", 16) if is_new else b"",
        file_id=b"" if first_id is None else octets(first_id),
    )
    try:
        return Cipher.of(entries)
    except WrongPassword as error:
        raise Declined(Why.ENCRYPTED, "not opened by the empty password") from error


def _strength(written: Dictionary, version: int) -> tuple[int, bool]:
    """Bytes of the key, and whether it is for AES."""
    if version in {1, 2}:
        bits = 40 if version == 1 else integer(written.values.get(b"/Length") or b"40")
        if bits % 8 or not _SHORTEST <= bits // 8 <= _LONGEST:
            raise Declined(Why.ENCRYPTED, "a key of an odd length")
        return bits // 8, False
    name = written.values.get(b"/StmF")
    if name is None or name != written.values.get(b"/StrF"):
        raise Declined(Why.ENCRYPTED, "strings and streams in two ways")
    filters = _inline(written.values.get(b"/CF"))
    told = _inline(filters.values.get(name))
    method = version, told.values.get(b"/CFM") or b""
    if method not in _METHODS or not _KNOWN_OF_A_FILTER.issuperset(told.values):
        raise Declined(Why.ENCRYPTED, "a crypt filter that is not read here")
    return (_LONG_KEY if version == 5 else _LONGEST), _METHODS[method]


def _inline(written: bytes | None) -> Dictionary:
    if written is None:
        raise Declined(Why.ENCRYPTED, "no crypt filter")
    return dictionary(written, 0, len(written))


def _boolean(written: bytes | None) -> bool:
    if written not in {None, b"true", b"false"}:
        raise Declined(Why.ENCRYPTED, "neither true nor false")
    return written != b"false"


def _string(written: Dictionary, key: bytes, size: int) -> bytes:
    """The string under `key`; some producers pad it with zeros to a size of their own."""
    found = octets(written.values.get(key) or b"")
    if len(found) < size or found[size:].strip(b"\0"):
        raise Declined(Why.ENCRYPTED, "a string that is not as long as it should be")
    return found[:size]
