"""Object stores behind the port `Objects`; the only door to obstore.

obstore acknowledges a local put when the kernel has it, not when the disk has it. So `LocalObjects` flushes
the file and each folder on the way to it before it answers, for an object that stood there already too: who
made that one may have died before its flush.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, ObjectStore

from bubuh.documents.ports import Kept, ObjectMissing, StoreUnavailable

CHUNK_BYTES: Final = 256 * 2**10
_KEY: Final = re.compile(r"[0-9A-Za-z_-]+(/[0-9A-Za-z_-]+)*")


class StoredObjects:
    """Objects in any store that makes a put durable before it answers: S3, or memory in tests."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def create(self, key: str, data: bytes) -> bool:
        """See `Objects.create`."""
        try:
            await self._put(key, data, mode="create")
        except AlreadyExistsError:
            if await self.read(key) != data:
                return False
        await self._settle(key)
        return True

    async def replace(self, key: str, data: bytes) -> None:
        """See `Objects.replace`."""
        await self._put(key, data, mode="overwrite")
        await self._settle(key)

    async def read(self, key: str) -> bytes:
        """See `Objects.read`."""
        with _reaching(key):
            found = await obstore.get_async(self._store, key)
            return bytes(await found.bytes_async())

    async def open(self, key: str) -> AsyncIterator[bytes]:
        """See `Objects.open`."""
        with _reaching(key):
            found = await obstore.get_async(self._store, key)
        return _pieces(key, found)

    async def delete(self, key: str) -> None:
        """See `Objects.delete`."""
        try:
            with _reaching(key):
                await obstore.delete_async(self._store, key)
        except ObjectMissing:
            return

    async def list(self, folder: str | None = None) -> AsyncIterator[Kept]:
        """See `Objects.list`."""
        with _reaching(""):
            async for found in obstore.list(self._store, prefix=folder):
                for each in found:
                    yield Kept(key=each["path"], kept_at=each["last_modified"])

    async def _put(self, key: str, data: bytes, *, mode: Literal["create", "overwrite"]) -> None:
        assert _KEY.fullmatch(key), f"{key} is not a key"
        with _reaching(key):
            await obstore.put_async(self._store, key, data, mode=mode, use_multipart=False)

    async def _settle(self, key: str) -> None:
        """Make what stands under `key` durable; nothing to do for a store that has done so."""


class LocalObjects(StoredObjects):
    """Objects in a folder of this machine, which it makes; sealed, but private to its user all the same."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._durable: set[Path] = set()  #: folders whose names are on the disk, all the way up
        with _reaching(""):
            if not self._folder.is_dir():
                self._folder.mkdir(mode=0o700, parents=True)
                _flush(self._folder.parent)
            super().__init__(LocalStore(self._folder))

    async def _settle(self, key: str) -> None:
        with _reaching(key):
            await asyncio.to_thread(self._flush_way_to, self._folder / key)

    def _flush_way_to(self, file: Path) -> None:
        """The file, its name in its folder, and what names that folder unless that is on the disk."""
        _flush(file)
        _flush(file.parent)
        if file.parent not in self._durable:
            for folder in file.parent.parents:
                if not folder.is_relative_to(self._folder):
                    break
                _flush(folder)
            self._durable.add(file.parent)


async def _pieces(key: str, found: obstore.GetResult) -> AsyncIterator[bytes]:
    with _reaching(key):
        async for piece in found.stream(min_chunk_size=CHUNK_BYTES):
            yield bytes(piece)


def _flush(path: Path) -> None:
    """Have the disk hold `path`: a file's bytes, or a folder's names."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _reaching(key: str) -> Iterator[None]:
    """Around every touch of the store: what it throws becomes our Fault; `AlreadyExistsError` passes."""
    try:
        yield
    except FileNotFoundError as error:
        raise ObjectMissing(f"no object {key}") from error
    except AlreadyExistsError:
        raise
    except (BaseError, OSError) as error:
        raise StoreUnavailable(f"{type(error).__name__}: {str(error).splitlines()[0]}") from error
