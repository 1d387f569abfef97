"""B: the disks are full: the database's, the store's, and the store's list of files."""

from __future__ import annotations

import asyncio
import errno
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest

from bubuh.core.ids import read_id
from tests.faults.kit import (
    accepted,
    assert_whole,
    fault,
    fresh_key,
    insist,
    mounted,
    program,
    quota,
    state_of,
    until_row,
    upload,
)
from tests.service.conftest import Citizen, Running, fresh_folder, open_citizen, running_service
from tests.service.test_kills import SEAL, held_at, someone_waits

pytestmark = [pytest.mark.service, pytest.mark.root]

SEALED = "SELECT count(*) = 1 FROM seals WHERE stamp_id = $1"


def fill_bytes(where: Path) -> Path:
    """Leave not one byte free."""
    filler = where / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (2**20, 2**12, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError as error:
                assert error.errno == errno.ENOSPC  # noqa: PT017
    return filler


def fill_names(where: Path) -> Path:
    """Leave not one inode free."""
    filler = where / "filler"
    filler.mkdir()
    try:
        for no in range(100_000):
            (filler / str(no)).touch()
    except OSError as error:
        assert error.errno == errno.ENOSPC  # noqa: PT017
    return filler


def empty(filler: Path) -> None:
    shutil.rmtree(filler) if filler.is_dir() else filler.unlink()


@pytest.fixture(scope="module")
def small_store() -> Iterator[Running]:
    """A service whose documents lie on a file system of 8 MB and 600 names."""
    folder = fresh_folder()
    objects = folder / "data" / "objects"
    objects.mkdir(parents=True)
    with (
        mounted("-t", "tmpfs", "-o", "size=8m,nr_inodes=600,mode=0755", what="none", where=objects),
        running_service(folder / "data") as running,
    ):
        yield running
    shutil.rmtree(folder)


FULL = {"bytes": fill_bytes, "names": fill_names}


@pytest.mark.long
@pytest.mark.parametrize(
    "full",
    [
        pytest.param("bytes", marks=fault("B5")),
        pytest.param("names", marks=fault("B6")),
    ],
)
async def test_a_full_store_refuses_before_any_quota_and_ends_what_is_sealed_once_there_is_room(
    small_store: Running, full: str, rng: random.Random
) -> None:
    fill: Callable[[Path], Path] = FULL[full]
    with open_citizen(small_store, stamps=2) as citizen:
        document_id, key = citizen.upload(), fresh_key()
        owner = await small_store.owner()
        async with held_at(small_store, SEAL) as gate:
            stamp_id = (await asyncio.to_thread(citizen.ask_for_stamp, document_id)).json()["id"]
            await someone_waits(gate)
            filler = fill(small_store.data / "objects")
        await until_row(owner, SEALED, read_id("stm", stamp_id))
        refused = await asyncio.to_thread(upload, citizen, key)
        assert (refused.status_code, refused.json()["code"]) == (503, "store_unavailable")
        assert await quota(citizen) == (1, 1, 0)
        assert (await state_of(owner, stamp_id))["state"] == "processing"
        verified = await asyncio.to_thread(citizen.http.get, "/health/live")
        assert verified.is_success
        empty(filler)
        await owner.close()
        assert (await asyncio.to_thread(citizen.await_end, stamp_id))["state"] == "affixed"
        assert (await asyncio.to_thread(insist, partial(upload, citizen, key))).status_code == 201
        assert await quota(citizen) == (1, 0, 1)
        await assert_whole(small_store, told=[accepted(citizen, stamp_id)])


@contextmanager
def small_disk(size: str) -> Iterator[Path]:
    """An ext4 file system of its own."""
    make = program("mkfs.ext4")
    folder = fresh_folder()
    image, where = folder / "image", folder / "disk"
    where.mkdir()
    with image.open("wb") as file:
        file.truncate(int(size.removesuffix("m")) * 2**20)
    subprocess.run([make, "-q", "-m", "0", image], check=True)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        stack.enter_context(mounted("-o", "loop", what=str(image), where=where))
        yield where


@pytest.mark.long
@fault("B4")
async def test_a_full_data_disk_refuses_new_work_and_recovers_when_there_is_room(rng: random.Random) -> None:
    with (
        small_disk("512m") as disk,
        running_service(disk / "data") as service,
        open_citizen(service, stamps=200) as citizen,
    ):
        before = citizen.ask_for_stamp(citizen.upload()).json()["id"]
        citizen.await_end(before)
        filler = fill_bytes(disk)
        statuses = await asyncio.to_thread(_use_until_refused, citizen)
        assert set(statuses) <= {200, 201, 202, 503, 0}
        assert statuses[-1] in {503, 0}, "with no room left it says so"
        empty(filler)
        key, stamp_key = fresh_key(), fresh_key()
        document = await asyncio.to_thread(insist, partial(upload, citizen, key))
        stamp = await asyncio.to_thread(
            insist, partial(citizen.ask_for_stamp, document.json()["id"], key=stamp_key)
        )
        assert (await asyncio.to_thread(citizen.await_end, stamp.json()["id"]))["state"] == "affixed"
        listed = citizen.http.get("/v1/stamps", params={"limit": 100}).json()["data"]
        for one in listed:
            await asyncio.to_thread(citizen.await_end, one["id"])
        await assert_whole(service, told=[accepted(citizen, before), accepted(citizen, stamp.json()["id"])])


def _use_until_refused(citizen: Citizen) -> list[int]:
    """Upload and stamp until the service says no; its words, 0 for silence."""
    statuses: list[int] = []
    while len(statuses) < 200 and (not statuses or statuses[-1] in {200, 201, 202}):
        try:
            answer = upload(citizen, fresh_key())
            statuses.append(answer.status_code)
            if answer.is_success:
                statuses.append(citizen.ask_for_stamp(answer.json()["id"]).status_code)
        except httpx.TransportError:
            statuses.append(0)
    return statuses
