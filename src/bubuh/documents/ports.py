"""What documents need from outside: a place for sealed objects."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bubuh.core.errors import Fault


class StoreUnavailable(Fault):
    """The object store cannot be reached, is full, or fails."""

    code = "store_unavailable"


class ObjectMissing(StoreUnavailable):
    """A row names an object that the store does not have."""

    code = "object_missing"


class ObjectDamaged(StoreUnavailable):
    """What the store gave is not what was sealed: cut, changed, moved, or under a key that we do not have."""

    code = "object_damaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An object that is there."""

    key: str
    kept_at: datetime  #: by the store's clock


class Objects(Protocol):
    """Sealed bytes under keys such as `ab/cd/abcd…`: letters, digits, slashes. Sees no plain bytes, no names.

    What `create` and `replace` have acknowledged survives a power cut; before that, a power cut may leave
    nothing or a torn object under the key. Every method may raise `StoreUnavailable`.
    """

    async def create(self, key: str, data: bytes) -> bool:
        """Keep `data` under `key` unless something stands there; whether just `data` stands there now.

        Doing it again is harmless. False: other bytes stand there. The store cannot tell torn ones from
        whole ones; who holds the key can.
        """
        ...

    async def replace(self, key: str, data: bytes) -> None:
        """Put `data` in place of what stands under `key`: a reader sees old or new, never a mixture."""
        ...

    async def read(self, key: str) -> bytes:
        """All bytes under `key`; raises `ObjectMissing`."""
        ...

    async def open(self, key: str) -> AsyncIterator[bytes]:
        """The bytes under `key` as they come; raises `ObjectMissing` before the first."""
        ...

    async def delete(self, key: str) -> None:
        """Take away what stands under `key`, if anything does."""
        ...

    def list(self, folder: str | None = None) -> AsyncIterator[Kept]:
        """What is kept, all of it or below one folder, in no order."""
        ...
