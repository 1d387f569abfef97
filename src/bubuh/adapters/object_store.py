"""Object stores behind the port `Objects`; the only door to obstore.

obstore acknowledges a local put when the kernel has it, not when the disk has it. So `LocalObjects` writes
by itself: it flushes the file and each folder on the way to it before it answers, for an object that stood
there already too: who made that one may have died before its flush.
"""

from __future__ import annotations

import asyncio
import errno
import os
import re
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final, Literal, TypeVar

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, ObjectStore

from bubuh.documents.ports import Kept, ObjectMissing, StoreUnavailable

CHUNK_BYTES: Final = 256 * 2**10
_BITS: Final = 63  #: of the number after #, by which lists know what is half written
_NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_KEY: Final = re.compile(r"[0-9A-Za-z_-]+(/[0-9A-Za-z_-]+)*")


Result = TypeVar("Result")


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
        return True

    async def replace(self, key: str, data: bytes) -> None:
        """See `Objects.replace`."""
        await self._put(key, data, mode="overwrite")

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


class LocalObjects(StoredObjects):
    """Objects in a folder of this machine, which it makes; sealed, but private to its user all the same.

    What a stamp costs here is thread changes and flushes, so a write is one task of one thread, and what is
    small and in the kernel's memory is read at once.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._durable: set[Path] = set()  #: folders whose names are on the disk, all the way up
        with _reaching(""):
            if not self._folder.is_dir():
                self._folder.mkdir(mode=0o700, parents=True)
                _flush(self._folder.parent)
            super().__init__(LocalStore(self._folder))

    async def create(self, key: str, data: bytes) -> bool:
        """See `Objects.create`."""
        with _reaching(key):
            return await _in_thread(partial(self._create, self._path(key), data))

    async def replace(self, key: str, data: bytes) -> None:
        """See `Objects.replace`."""
        with _reaching(key):
            await _in_thread(partial(self._replace, self._path(key), data))

    async def read(self, key: str) -> bytes:
        """See `Objects.read`."""
        with _reaching(key):
            path = self._path(key)
            data = _read_at_once(path)
            return await _in_thread(path.read_bytes) if data is None else data

    async def open(self, key: str) -> AsyncIterator[bytes]:
        """See `Objects.open`."""
        with _reaching(key):
            data = _read_at_once(self._path(key))
        return await super().open(key) if data is None else _one(data)

    def _path(self, key: str) -> Path:
        assert _KEY.fullmatch(key), f"{key} is not a key"
        return self._folder / key

    def _create(self, path: Path, data: bytes) -> bool:
        with _written_beside(path, data) as (beside, descriptor):
            try:
                os.link(beside, path)
            except FileExistsError:
                if path.read_bytes() != data:
                    return False
                _flush(path)  # who made it may have died before its flush
            else:
                os.unlink(beside)  # noqa: PTH108 - a Path is made for nothing
                os.fsync(descriptor)
        self._flush_way_to(path)
        return True

    def _replace(self, path: Path, data: bytes) -> None:
        with _written_beside(path, data) as (beside, descriptor):
            os.rename(beside, path)  # noqa: PTH104
            os.fsync(descriptor)
        self._flush_way_to(path)

    def _flush_way_to(self, path: Path) -> None:
        """The file's name in its folder, and that folder's in its own, up to what is on the disk."""
        _flush(path.parent)
        new, folder = list[Path](), path.parent
        while folder != self._folder and folder not in self._durable:
            new.append(folder)
            folder = folder.parent
            _flush(folder)
        self._durable.update(new)


@contextmanager
def _written_beside(path: Path, data: bytes) -> Iterator[tuple[str, int]]:
    """`data` in the folder of `path`, under a name that no list shows and that is taken away at the end.

    It is flushed once it has its own name: a journalling file system then writes its journal once for both.
    """
    beside = f"{path}#{secrets.randbits(_BITS)}"
    try:
        try:
            descriptor = os.open(beside, _NEW_FILE, 0o600)
        except FileNotFoundError:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(beside, _NEW_FILE, 0o600)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            yield beside, descriptor
        finally:
            os.close(descriptor)
    finally:
        with suppress(FileNotFoundError):  # it is gone already, or was never made
            os.unlink(beside)  # noqa: PTH108


def _read_at_once(path: Path) -> bytes | None:
    """What is small and in memory; None: it may have to be waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size_bytes = os.fstat(descriptor).st_size
        if size_bytes > CHUNK_BYTES:
            return None
        found = bytearray(size_bytes)
        try:
            read_bytes = os.preadv(descriptor, [found], 0, os.RWF_NOWAIT)
        except OSError as error:
            if error.errno in {errno.EAGAIN, errno.EOPNOTSUPP, errno.EISDIR}:
                return None
            raise
        return bytes(found) if read_bytes == size_bytes else None
    finally:
        os.close(descriptor)


async def _in_thread(act: Callable[[], Result]) -> Result:
    return await asyncio.get_running_loop().run_in_executor(None, act)


async def _one(piece: bytes) -> AsyncIterator[bytes]:
    yield piece


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
