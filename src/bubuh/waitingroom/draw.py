"""The draw: who joined before the opening stands in an order that nobody could know, and anybody can check.

    commitment published → numbers are given → the last of them is fixed → the public value becomes known
    → secret and value published: both make the key, the key makes the order

Nothing is kept for those who take part: a number's place is computed from the key. The waiting page computes
it in the same way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Final

import msgspec

from bubuh.core.errors import Refusal

KEY_BYTES: Final = 16
SECRET_BYTES: Final = 32
ROUNDS: Final = 10
_COMMIT: Final = b"bubuh draw commit\0"
_KEY: Final = b"bubuh draw key\0"


class FalseReveal(Refusal):
    """The secret is not the one that was committed to."""

    code = "false_reveal"


class Order:
    """An order of the numbers from 0 up to `size`, drawn by `key`: every one stands in one place.

    A Feistel network over the least power of four that holds them, gone through again until the result is one
    of them. A round's function is the first four bytes of SHA-256 over key, lane, round and half, big-endian.
    Source: NIST SP 800-38G, 5 (ten rounds); Black and Rogaway, Ciphers with Arbitrary Finite Domains, 3.
    """

    def __init__(self, key: bytes, *, lane: int, size: int) -> None:
        """`key` of 16 bytes; `size` at least 1."""
        assert len(key) == KEY_BYTES
        assert size >= 1
        self.size = size
        self._half = max(1, ((size - 1).bit_length() + 1) // 2)
        self._mask = (1 << self._half) - 1
        self._prefix = [key + bytes((lane, at)) for at in range(ROUNDS)]
        self._known: list[dict[int, int]] = [{} for _ in range(ROUNDS)]  # at most 4 * size ** 0.5 each

    def place(self, at: int) -> int:
        """Where `at` stands, from 0."""
        assert 0 <= at < self.size
        while (at := self._once(at)) >= self.size:
            pass
        return at

    def __iter__(self) -> Iterator[int]:
        """The places of all, in the order of their numbers."""
        return map(self.place, range(self.size))

    def _once(self, at: int) -> int:
        left, right = at >> self._half, at & self._mask
        for known, prefix in zip(self._known, self._prefix, strict=True):
            mixed = known.get(right)
            if mixed is None:
                digest = hashlib.sha256(prefix + right.to_bytes(4)).digest()
                mixed = known[right] = int.from_bytes(digest[:4]) & self._mask
            left, right = right, left ^ mixed
        return left << self._half | right


class DrawPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the operator has announced, and revealed."""

    lanes: Annotated[tuple[int, ...], msgspec.Meta(min_length=1, max_length=4)]
    commit: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]  #: see `commitment`
    says: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]  #: which public value it will be
    closes_at: int  #: seconds since 1970: who joins from then on queues behind the draw
    secret: str = ""  #: 64 hex digits once it is revealed
    value: str = ""  #: the public value
    is_dropped: bool = False  #: given up: all stand as they joined

    @property
    def start(self) -> bytes:
        """The half of the commitment that stands in the log."""
        return bytes.fromhex(self.commit)[:KEY_BYTES]

    def key(self) -> bytes | None:
        """What draws; None: not revealed yet, or not the committed secret."""
        if not self.secret:
            return None
        secret = bytes.fromhex(self.secret)
        return draw_key(secret, self.value) if commitment(secret) == self.commit else None


def commitment(secret: bytes) -> str:
    """What is published of `secret` beforehand: 64 hex digits."""
    return hashlib.sha256(_COMMIT + secret).hexdigest()


def draw_key(secret: bytes, value: str) -> bytes:
    """The 16 bytes that draw the order, of the secret and the public value."""
    return hashlib.sha256(_KEY + secret + value.encode()).digest()[:KEY_BYTES]


def revealed(plan: DrawPlan, secret: bytes, value: str) -> DrawPlan:
    """`plan` with its secret and the public value; raises `FalseReveal`."""
    if commitment(secret) != plan.commit:
        raise FalseReveal
    return msgspec.structs.replace(plan, secret=secret.hex(), value=value.strip())


@dataclass(slots=True)
class Draw:
    """The draw of one lane, as its log has it: over the numbers above `base` up to `last`."""

    lane: int
    base: int
    start: bytes  #: of its commitment
    last: int | None = None  #: None: joins still take part
    key: bytes | None = None
    is_dropped: bool = False
    _order: Order | None = field(default=None, repr=False)

    @property
    def is_pending(self) -> bool:
        """Whether nobody knows the order yet."""
        return self.key is None and not self.is_dropped

    def takes(self, number: int) -> bool:
        """Whether `number` takes part."""
        return self.base < number and (self.last is None or number <= self.last)

    def place(self, number: int) -> int | None:
        """Where `number`, which takes part, stands in its lane; None while nobody knows."""
        if self.is_dropped:
            return number
        if self.key is None:
            return None
        assert self.last is not None, "a draw is over a fixed set"
        if self._order is None:
            self._order = Order(self.key, lane=self.lane, size=self.last - self.base)
        return self.base + 1 + self._order.place(number - self.base - 1)
