"""The keys that turns and passes are marked with: several generations, one marks, all are believed."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Self

from bubuh.core.errors import Refusal

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

KEY_BYTES: Final = 32
MARK_BYTES: Final = 16
GENERATIONS: Final = 64  #: that a ring holds at most: a code has six bits for them
KEPT_S: Final = 31 * 24 * 3600  #: after a key has ceased to mark: longer than a proof of turn is asked for
_LAST_GENERATION: Final = 65_535


class RingFull(Refusal):
    """The ring holds 64 keys, and turns marked with the oldest may still be shown."""

    code = "ring_full"


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys by generation. Rotating adds one and voids nothing.

    A new key is believed at once and marks only from `since` on: by then every process has seen it.
    """

    keys: Mapping[int, bytes] = field(repr=False)
    since: Mapping[int, int] = field(default_factory=dict)  #: seconds since 1970; 0 where none is told
    generation: int = 0  #: of the key that marks; by default the newest
    _begun: Mapping[int, tuple[Hash, Hash]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """See that the ring can be used."""
        assert 0 < len(self.keys) <= GENERATIONS, "a ring holds 1 to 64 keys"
        assert len({gen % GENERATIONS for gen in self.keys}) == len(self.keys), "codes tell keys apart"
        assert all(0 < gen <= _LAST_GENERATION for gen in self.keys)
        assert all(len(key) == KEY_BYTES for key in self.keys.values())
        assert not self.generation or self.generation in self.keys
        object.__setattr__(self, "generation", self.generation or max(self.keys))
        object.__setattr__(self, "_begun", {gen: _begin(key) for gen, key in self.keys.items()})

    @classmethod
    def parse(cls, text: str) -> Self:
        """The ring in `text`, one line a key: generation, 64 hex digits and `since`; raises ValueError."""
        lines = [[*line.split(), "0"][:3] for line in text.splitlines() if line.strip()]
        keys = {int(gen): bytes.fromhex(key) for gen, key, _ in lines}
        return cls(keys, {int(gen): int(since) for gen, _, since in lines if int(since)})

    def show(self) -> str:
        """What `parse` reads."""
        told = ((gen, key.hex(), self.since.get(gen, 0)) for gen, key in sorted(self.keys.items()))
        return "".join(f"{gen} {key} {since}\n" for gen, key, since in told)

    @classmethod
    def fresh(cls) -> Self:
        """A ring of one new key."""
        return cls({1: secrets.token_bytes(KEY_BYTES)})

    def as_of(self, now_s: int) -> Self:
        """The same ring with the newest key that marks by now; the oldest, when none does yet."""
        begun = [gen for gen in self.keys if self.since.get(gen, 0) <= now_s]
        wanted = max(begun) if begun else min(self.keys)
        return self if wanted == self.generation else replace(self, generation=wanted)

    def rotated(self, *, now_s: int, after_s: int) -> Self:
        """The ring with a new key that marks from `after_s` seconds on.

        A ring whose newest key does not mark yet stays as it is. Keys that have not marked for `KEPT_S` go;
        raises `RingFull` when there is no place without one that must stay.
        """
        newest = max(self.keys)
        if self.since.get(newest, 0) > now_s:
            return self
        order = sorted(self.keys)
        ended = {gen: self.since.get(after, 0) for gen, after in pairwise(order)}
        kept = {gen: key for gen, key in self.keys.items() if gen == newest or now_s - ended[gen] <= KEPT_S}
        if len(kept) == GENERATIONS:
            raise RingFull
        added = newest % _LAST_GENERATION + 1
        since = {gen: at for gen, at in self.since.items() if gen in kept} | {added: now_s + after_s}
        keys = kept | {added: secrets.token_bytes(KEY_BYTES)}
        return type(self)(keys, since).as_of(now_s)

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
