"""What every object store must hold to. A test class inherits it and brings a fixture `objects`, empty."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime, timedelta

import pytest

from bubuh.documents.ports import ObjectMissing, Objects

KEY = "ab/cd/abcdef0123"
BIG = os.urandom(3 * 2**20 + 17)


async def whole(objects: Objects, key: str) -> bytes:
    return b"".join([piece async for piece in await objects.open(key)])


class ObjectsContract:
    @pytest.mark.parametrize("data", [b"", b"x", BIG], ids=["empty", "small", "big"])
    async def test_what_was_kept_is_given_back(self, objects: Objects, data: bytes) -> None:
        assert await objects.create(KEY, data)
        assert await objects.read(KEY) == data
        assert await whole(objects, KEY) == data

    async def test_keeping_the_same_again_is_harmless(self, objects: Objects) -> None:
        assert await objects.create(KEY, b"one")
        assert await objects.create(KEY, b"one")
        assert await objects.read(KEY) == b"one"

    @pytest.mark.parametrize("other", [b"", b"on", b"onf", b"one more"])
    async def test_other_bytes_do_not_take_the_place(self, objects: Objects, other: bytes) -> None:
        assert await objects.create(KEY, b"one")
        assert not await objects.create(KEY, other)
        assert await objects.read(KEY) == b"one"

    async def test_what_stands_there_can_be_replaced_on_purpose(self, objects: Objects) -> None:
        await objects.create(KEY, b"torn")
        await objects.replace(KEY, b"whole again")
        assert await objects.read(KEY) == b"whole again"
        await objects.replace("ab/cd/new", b"nothing stood there")
        assert await objects.read("ab/cd/new") == b"nothing stood there"

    async def test_who_began_to_read_the_old_never_sees_a_mixture(self, objects: Objects) -> None:
        await objects.create(KEY, BIG)
        pieces = await objects.open(KEY)
        begun = await anext(pieces)
        await objects.replace(KEY, bytes(len(BIG)))
        assert begun + b"".join([piece async for piece in pieces]) == BIG
        assert await objects.read(KEY) == bytes(len(BIG))

    async def test_what_is_not_there_is_missing_before_the_first_byte(self, objects: Objects) -> None:
        with pytest.raises(ObjectMissing):
            await objects.read(KEY)
        with pytest.raises(ObjectMissing):
            await objects.open(KEY)

    async def test_what_was_deleted_is_gone_and_its_place_free(self, objects: Objects) -> None:
        await objects.create(KEY, b"one")
        await objects.delete(KEY)
        await objects.delete(KEY)
        with pytest.raises(ObjectMissing):
            await objects.read(KEY)
        assert await objects.create(KEY, b"two")

    async def test_of_many_who_keep_different_bytes_one_wins(self, objects: Objects) -> None:
        datas = [bytes([number]) * 100_000 for number in range(16)]
        kept = await asyncio.gather(*(objects.create(KEY, data) for data in datas))
        assert kept.count(True) == 1
        assert await objects.read(KEY) == datas[kept.index(True)]

    async def test_many_who_keep_the_same_bytes_all_succeed(self, objects: Objects) -> None:
        assert all(await asyncio.gather(*(objects.create(KEY, BIG) for _ in range(8))))

    async def test_the_list_names_every_key_once(self, objects: Objects) -> None:
        keys = {f"{number:02x}/00/{number}" for number in range(40)}
        for key in keys:
            await objects.create(key, b"x")
        before = datetime.now(UTC) - timedelta(seconds=5)
        listed = [kept async for kept in objects.list()]
        assert sorted(kept.key for kept in listed) == sorted(keys)
        assert all(before < kept.kept_at < before + timedelta(seconds=60) for kept in listed)
        assert [kept.key async for kept in objects.list("07")] == ["07/00/7"]
        assert [kept.key async for kept in objects.list("zz")] == []

    @pytest.mark.parametrize("key", ["", "/etc/passwd", "../up", "a//b", "a/../b", "a b", "ä", "a/b#1", "a/"])
    async def test_what_is_no_key_reaches_no_store(self, objects: Objects, key: str) -> None:
        with pytest.raises(AssertionError):
            await objects.create(key, b"x")
