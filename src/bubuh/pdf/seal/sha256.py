"""SHA-256 that goes on from a midstate: what was hashed before need not be at hand.

`hashlib` can neither show nor set its state; libcrypto can. Where it is missing, or does otherwise than
hashlib, the function is off, and says so.

Source: FIPS 180-4, 6.2; OpenSSL, SHA256_Init(3).
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from bubuh.core.errors import Fault

BLOCK_BYTES: Final = 64
STATE_BYTES: Final = 32

_LIBRARIES: Final = ("libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.so")
_WORDS: Final = struct.Struct(">8I")
_PROBE: Final = bytes(range(200))
_PROBED: Final = 150
_MOST_BITS: Final = 2**64


class MidstateUnavailable(Fault):
    """This machine has no libcrypto that goes on from a midstate: stamps need the whole document here."""

    code = "midstate_unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class HashState:
    """Where a hash stands: the chaining value after the last whole block, and what came after that block."""

    state: bytes  #: 32 bytes, eight words, the most significant byte first
    length: int  #: of all that was hashed, the tail included
    tail: bytes  #: the last `length % 64` bytes

    def __post_init__(self) -> None:
        if len(self.state) != STATE_BYTES or not 0 <= self.length < _MOST_BITS // 8:
            raise ValueError("a state has 32 bytes and a length")
        if len(self.tail) != self.length % BLOCK_BYTES:
            raise ValueError("the tail is what does not fill a block")


class _Context(ctypes.Structure):
    """SHA256_CTX of OpenSSL 1.1 and 3."""

    _fields_ = (
        ("h", ctypes.c_uint32 * 8),
        ("bits_low", ctypes.c_uint32),
        ("bits_high", ctypes.c_uint32),
        ("data", ctypes.c_uint32 * 16),
        ("held", ctypes.c_uint),
        ("digest_bytes", ctypes.c_uint),
    )


def state_of(data: bytes) -> HashState:
    """Where the hash of `data` stands; raises `MidstateUnavailable`."""
    return _state_of(_library(), data)


def digest_after(before: HashState, *parts: bytes) -> bytes:
    """SHA-256 of what `before` stands for followed by `parts`; raises `MidstateUnavailable`."""
    return _digest_after(_library(), before, parts)


def is_available() -> bool:
    """Whether this machine can go on from a midstate. Loads what that needs."""
    try:
        _library()
    except MidstateUnavailable:
        return False
    return True


@functools.cache
def _library() -> Any:
    for name in _LIBRARIES:
        try:
            library = ctypes.CDLL(name)
            library.SHA256_Update.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t)
            library.SHA256_Final.argtypes = (ctypes.c_char_p, ctypes.c_void_p)
            library.SHA256_Init.argtypes = (ctypes.c_void_p,)
        except (OSError, AttributeError):  # not there, or built without these functions
            continue
        if _does_as_it_should(library):
            return library
    raise MidstateUnavailable("no libcrypto with SHA256_Init, SHA256_Update and SHA256_Final")


def _state_of(library: Any, data: bytes) -> HashState:
    whole = len(data) - len(data) % BLOCK_BYTES
    context = _Context()
    library.SHA256_Init(ctypes.byref(context))
    library.SHA256_Update(ctypes.byref(context), data, whole)
    return HashState(state=_WORDS.pack(*context.h), length=len(data), tail=data[whole:])


def _digest_after(library: Any, before: HashState, parts: Sequence[bytes]) -> bytes:
    context = _Context()
    library.SHA256_Init(ctypes.byref(context))
    context.h[:] = _WORDS.unpack(before.state)
    bits = 8 * (before.length - len(before.tail))
    context.bits_low, context.bits_high = bits & 0xFFFFFFFF, bits >> 32
    for part in (before.tail, *parts):
        library.SHA256_Update(ctypes.byref(context), part, len(part))
    digest = ctypes.create_string_buffer(STATE_BYTES)
    library.SHA256_Final(digest, ctypes.byref(context))
    return digest.raw


def _does_as_it_should(library: Any) -> bool:
    """Whether going on from a midstate gives what hashlib gives: another layout of the context does not."""
    before = _state_of(library, _PROBE[:_PROBED])
    return _digest_after(library, before, [_PROBE[_PROBED:]]) == hashlib.sha256(_PROBE).digest()
