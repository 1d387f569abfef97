"""A valid baseline JPEG of any size and no picture: grey noise, which is what a scan looks like to a parser.

Each 8 x 8 block is coded in a whole number of bytes, so that an image is a run of blocks drawn from a pool.
"""

from __future__ import annotations

import random
import struct
from typing import Final

BLOCK: Final = 8
BLOCK_BYTES: Final = 23

_POOL: Final = 512
_DC_BITS: Final = 5
_AC_BITS: Final = 7
_COEFFICIENTS: Final = BLOCK_BYTES - 1
_END_OF_BLOCK: Final = "10"


def noise_jpeg(*, blocks_wide: int, blocks_high: int, seed: int) -> bytes:
    """A grey JPEG of so many 8 x 8 blocks, about `BLOCK_BYTES` each; the same seed gives the same bytes.

    Source: ISO/IEC 10918-1, annex B.
    """
    rng = random.Random(seed)
    pool = [_pair(rng) for _ in range(_POOL)]
    pairs, odd = divmod(blocks_wide * blocks_high, 2)
    scan = b"".join(rng.choices(pool, k=pairs)) + _block(rng, 0) * odd
    frame = struct.pack(">BHHBBBB", 8, blocks_high * BLOCK, blocks_wide * BLOCK, 1, 1, 0x11, 0)
    return b"".join(
        (
            b"\xff\xd8",
            _segment(0xE0, b"JFIF\0\x01\x01\x00\x00\xc8\x00\xc8\0\0"),
            _segment(0xDB, b"\0" + b"\x01" * 64),  # every coefficient as it is
            _segment(0xC0, frame),
            _segment(0xC4, _codes(0x00, bytes((_DC_BITS,)))),
            _segment(0xC4, _codes(0x10, bytes((_AC_BITS, 0)))),
            _segment(0xDA, b"\x01\x01\x00\x00\x3f\x00"),
            scan,
            b"\xff\xd9",
        )
    )


def _pair(rng: random.Random) -> bytes:
    """Two blocks whose steps in brightness cancel out: the image keeps its mean."""
    step = rng.randrange(1 << (_DC_BITS - 1))
    return _block(rng, step) + _block(rng, ~step & ((1 << _DC_BITS) - 1))


def _block(rng: random.Random, step: int) -> bytes:
    """One block: code and bits of the brightness step, of each coefficient, then the end; 0xFF is stuffed."""
    bits = [f"0{step:0{_DC_BITS}b}"]
    bits += (f"0{rng.getrandbits(_AC_BITS):0{_AC_BITS}b}" for _ in range(_COEFFICIENTS))
    coded = "".join(bits) + _END_OF_BLOCK
    return int(coded, 2).to_bytes(len(coded) // 8, "big").replace(b"\xff", b"\xff\0")


def _codes(table: int, symbols: bytes) -> bytes:
    """A Huffman table that gives its first symbol the code 0, its second 10."""
    lengths = bytes(1 if length < len(symbols) else 0 for length in range(16))
    return bytes((table,)) + lengths + symbols


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body
