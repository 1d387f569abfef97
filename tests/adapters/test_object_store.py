from __future__ import annotations

import errno
import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from obstore.store import MemoryStore

from bubuh.adapters.object_store import LocalObjects, StoredObjects
from bubuh.documents.ports import ObjectMissing, Objects, StoreUnavailable
from tests.adapters.objects_contract import BIG, KEY, ObjectsContract

Flushed = list[Path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "objects"


@pytest.fixture
def local(folder: Path) -> LocalObjects:
    return LocalObjects(folder)


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch) -> Flushed:
    """What was handed to fsync, and really flushed: files under the name they get, not the passing one."""
    paths: Flushed = []
    fsync = os.fsync

    def recording(descriptor: int) -> None:
        fsync(descriptor)
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        paths.append(path.with_name(path.name.partition("#")[0]))

    monkeypatch.setattr(os, "fsync", recording)
    return paths


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(folder)], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("NEEDS ROOT AND MOUNTS: a full disk is not tried")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


class TestLocalObjects(ObjectsContract):
    @pytest.fixture
    def objects(self, local: LocalObjects) -> Objects:
        return local


class TestStoredObjects(ObjectsContract):
    @pytest.fixture
    def objects(self) -> Objects:
        return StoredObjects(MemoryStore())


async def test_the_file_and_every_new_folder_are_flushed_before_the_answer(
    local: LocalObjects, folder: Path, flushed: Flushed
) -> None:
    await local.create("ab/cd/first", b"x")
    assert flushed == [folder / "ab/cd/first", folder / "ab/cd", folder / "ab", folder]


async def test_a_known_folder_is_flushed_for_its_new_name_only(
    local: LocalObjects, folder: Path, flushed: Flushed
) -> None:
    await local.create("ab/cd/first", b"x")
    flushed.clear()
    await local.create("ab/cd/second", b"y")
    assert flushed == [folder / "ab/cd/second", folder / "ab/cd"]


async def test_an_object_that_stood_there_already_is_flushed_too(folder: Path, flushed: Flushed) -> None:
    (folder / "ab/cd").mkdir(parents=True)
    (folder / "ab/cd/first").write_bytes(b"x")  # who wrote it died before its flush
    assert await LocalObjects(folder).create("ab/cd/first", b"x")
    assert {folder / "ab/cd/first", folder / "ab/cd", folder / "ab", folder} <= set(flushed)


async def test_a_replaced_object_is_flushed(local: LocalObjects, folder: Path, flushed: Flushed) -> None:
    await local.replace(KEY, b"x")
    assert flushed[:2] == [folder / KEY, (folder / KEY).parent]


async def test_what_cannot_be_flushed_is_not_acknowledged(
    local: LocalObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", failing)
        with pytest.raises(StoreUnavailable):
            await local.create(KEY, b"x")
    assert await local.create(KEY, b"x")


async def test_what_a_crash_left_half_written_is_no_object_and_in_nobodys_way(
    local: LocalObjects, folder: Path
) -> None:
    (folder / KEY).parent.mkdir(parents=True)
    (folder / f"{KEY}#1").write_bytes(b"hal")
    assert [kept async for kept in local.list()] == []
    with pytest.raises(ObjectMissing):
        await local.read(KEY)
    assert await local.create(KEY, b"whole")
    assert await local.read(KEY) == b"whole"


async def test_objects_outlive_the_process(local: LocalObjects, folder: Path) -> None:
    await local.create(KEY, BIG)
    assert await LocalObjects(folder).read(KEY) == BIG


def test_the_folder_is_private(local: LocalObjects, folder: Path) -> None:
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.root
async def test_a_full_disk_keeps_nothing_and_takes_again_when_there_is_room(small_disk: Path) -> None:
    objects = LocalObjects(small_disk / "objects")
    (ballast := small_disk / "ballast").write_bytes(bytes(128 * 2**10))
    with pytest.raises(StoreUnavailable):
        await objects.create(KEY, bytes(200 * 2**10))
    with pytest.raises(ObjectMissing):
        await objects.read(KEY)
    ballast.unlink()
    assert await objects.create(KEY, bytes(200 * 2**10))


async def test_a_write_that_is_cut_short_keeps_nothing(local: LocalObjects) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, hard))
    try:
        with pytest.raises(StoreUnavailable):
            await local.create(KEY, BIG)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    with pytest.raises(ObjectMissing):
        await local.read(KEY)
    assert await local.create(KEY, BIG)


def lose(folder: Path) -> None:
    """Put a file where the store's folder was."""
    folder.rename(folder.with_name("lost"))
    folder.write_bytes(b"no folder")


async def test_a_store_that_is_lost_is_unavailable(local: LocalObjects, folder: Path) -> None:
    lose(folder)
    with pytest.raises(StoreUnavailable):
        await local.create(KEY, b"x")
    with pytest.raises(StoreUnavailable):
        await local.read(KEY)
    with pytest.raises(StoreUnavailable):
        LocalObjects(folder)
