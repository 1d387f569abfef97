"""The signed ends of all chains: what is signed. (docs/reference/transfer-chain.md)"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bubuh.core.shards import SHARDS, Shard
from bubuh.quota.chain.model import BreakKind, micros

#: Opens every message, so that no other signature, of a document or of anything else, can ever pass for one.
PURPOSE: Final = "bubuh transfer heads 1"
_SEPARATOR: Final = "\x1f"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """Where every shard's chain ended at a time."""

    no: int  #: from 1, without gaps
    signed_at: datetime
    nos: Sequence[int]  #: links of each shard, in their order
    digest: bytes  #: SHA-256 over the hashes of the shards' last links, in their order
    previous_hash: bytes  #: of the message before; of PURPOSE for the first

    def message(self) -> bytes:
        """What is signed."""
        fields = (PURPOSE, self.no, micros(self.signed_at), ",".join(map(str, self.nos)), self.digest.hex())
        return _SEPARATOR.join(map(str, (*fields, self.previous_hash.hex()))).encode()

    def hash(self) -> bytes:
        """What the next one stands on."""
        return hashlib.sha256(self.message()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedHead:
    """The ends and the signature over them."""

    ends: Ends
    key_id: str
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadBreak:
    """One signed head that does not hold."""

    kind: BreakKind
    no: int
    shard: Shard | None = None  #: whose link is missing, with
    link: int | None = None  #: its number


FIRST: Final = hashlib.sha256(PURPOSE.encode()).digest()  #: what the first message stands on


def digest_of(hashes: Sequence[bytes]) -> bytes:
    """The digest over the last hash of each shard, in their order."""
    assert len(hashes) == SHARDS
    return hashlib.sha256(b"".join(hashes)).digest()
