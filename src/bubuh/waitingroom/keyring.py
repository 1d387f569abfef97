"""The keys that turns and passes are marked with: several generations, the newest marks, all are believed."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

KEY_BYTES: Final = 32
MARK_BYTES: Final = 16
GENERATIONS: Final = 64  #: that a ring holds at most: a code has six bits for them
_LAST_GENERATION: Final = 65_535


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys by generation. Rotating adds one and voids nothing."""

    keys: Mapping[int, bytes] = field(repr=False)
    _begun: Mapping[int, tuple[Hash, Hash]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """See that the ring can be used."""
        assert 0 < len(self.keys) <= GENERATIONS, "a ring holds 1 to 64 keys"
        assert len({gen % GENERATIONS for gen in self.keys}) == len(self.keys), "codes tell keys apart"
        assert all(0 < gen <= _LAST_GENERATION for gen in self.keys)
        assert all(len(key) == KEY_BYTES for key in self.keys.values())
        object.__setattr__(self, "_begun", {gen: _begin(key) for gen, key in self.keys.items()})

    @classmethod
    def parse(cls, text: str) -> Self:
        """The ring in `text`, one line a key: generation and 64 hex digits; raises ValueError."""
        lines = (line.split() for line in text.splitlines() if line.strip())
        return cls({int(gen): bytes.fromhex(key) for gen, key in lines})

    def show(self) -> str:
        """What `parse` reads."""
        return "".join(f"{gen} {key.hex()}\n" for gen, key in sorted(self.keys.items()))

    @classmethod
    def fresh(cls) -> Self:
        """A ring of one new key."""
        return cls({1: secrets.token_bytes(KEY_BYTES)})

    @property
    def generation(self) -> int:
        """The newest."""
        return max(self.keys)

    def mark(self, gen: int, message: bytes) -> bytes | None:
        """HMAC-SHA256 cut to 16 bytes; None for a generation that is not in the ring. Source: RFC 2104."""
        begun = self._begun.get(gen)
        if begun is None:
            return None
        inner, outer = begun[0].copy(), begun[1].copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()[:MARK_BYTES]

    def holds(self, gen: int, message: bytes, mark: bytes) -> bool:
        """Whether `mark` is that of `message`, in constant time."""
        expected = self.mark(gen, message)
        return expected is not None and hmac.compare_digest(expected, mark)

    def by_code(self, gen_bits: int) -> int | None:
        """The generation whose lowest six bits these are."""
        return next((gen for gen in self.keys if gen % GENERATIONS == gen_bits), None)


def _begin(key: bytes) -> tuple[Hash, Hash]:
    """The two hashes of an HMAC once they have read the key: half of its time. Source: RFC 2104, 4."""
    block = key.ljust(hashlib.sha256().block_size, b"\0")
    return hashlib.sha256(bytes(one ^ 0x36 for one in block)), hashlib.sha256(
        bytes(one ^ 0x5C for one in block)
    )
