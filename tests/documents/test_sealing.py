from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from uuid import uuid4

import pytest
from hypothesis import given, settings, strategies as st

from bubuh.documents.keys import TAG_BYTES, DocumentKey, fresh_document_key
from bubuh.documents.ports import ObjectDamaged
from bubuh.documents.sealing import (
    FRAME_BYTES,
    HEAD_BYTES,
    ObjectOf,
    Opening,
    is_whole,
    seal,
    seal_name,
    unseal,
    unseal_name,
    unseal_stream,
)

KEY = DocumentKey(bytes(range(32)))
OF = ObjectOf(document_id=uuid4(), revision=0)
PATIENT = settings(deadline=None)  # a busy machine is no failure
STEP = FRAME_BYTES + TAG_BYTES
EDGES = [0, 1, 15, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 2 * FRAME_BYTES, 3 * FRAME_BYTES + 7]


def text(size_bytes: int) -> bytes:
    """Bytes of which no 64 KiB are like others."""
    return b"".join(number.to_bytes(8) for number in range(size_bytes // 8 + 1))[:size_bytes]


THREE = text(3 * FRAME_BYTES)
SEALED = seal(THREE, KEY, OF)


def frames(sealed: bytes) -> list[bytes]:
    body = sealed[HEAD_BYTES:]
    return [body[at : at + STEP] for at in range(0, len(body), STEP)]


def joined(*parts: bytes) -> bytes:
    return SEALED[:HEAD_BYTES] + b"".join(parts)


async def stream(pieces: Sequence[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


@pytest.mark.parametrize("size_bytes", EDGES)
def test_what_was_sealed_opens_again(size_bytes: int) -> None:
    data = text(size_bytes)
    sealed = seal(data, KEY, OF)
    assert unseal(sealed, KEY, OF) == data
    assert len(sealed) == HEAD_BYTES + size_bytes + TAG_BYTES * max(1, -(-size_bytes // FRAME_BYTES))


@settings(PATIENT)
@given(cuts=st.lists(st.integers(0, len(SEALED)), max_size=12))
def test_the_pieces_in_which_an_object_arrives_do_not_matter(cuts: list[int]) -> None:
    ends = [0, *sorted(cuts), len(SEALED)]
    opening = Opening(KEY, OF)
    opened = [opening.feed(SEALED[a:b]) for a, b in pairwise(ends)]
    assert b"".join(opened) + opening.finish() == THREE


@settings(PATIENT)
@given(data=st.binary(max_size=300), other=st.binary(max_size=300))
def test_the_same_bytes_seal_alike_and_others_share_nothing(data: bytes, other: bytes) -> None:
    one, two = seal(data, KEY, OF), seal(other, KEY, OF)
    assert (one == two) == (data == other)
    assert (one[:HEAD_BYTES] == two[:HEAD_BYTES]) == (data == other)  # another salt, so another key


def test_two_plaintexts_under_one_revision_do_not_betray_their_difference() -> None:
    one, two = text(4096), bytes(4096)
    cipher_one, cipher_two = (seal(data, KEY, OF)[HEAD_BYTES:-TAG_BYTES] for data in (one, two))
    assert (
        bytes(a ^ b for a, b in zip(cipher_one, cipher_two, strict=True)) != one
    )  # zeroes would lay it bare


@given(length=st.integers(0, len(SEALED) - 1))
@settings(PATIENT, max_examples=300)
def test_an_object_that_was_cut_is_found(length: int) -> None:
    assert not is_whole(SEALED[:length], KEY, OF)


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_an_object_that_was_cut_between_frames_is_found(kept: int) -> None:
    with pytest.raises(ObjectDamaged):
        unseal(joined(*frames(SEALED)[:kept]), KEY, OF)


@given(at=st.integers(0, len(SEALED) - 1), bit=st.integers(0, 7))
@settings(PATIENT, max_examples=300)
def test_a_flipped_bit_is_found(at: int, bit: int) -> None:
    flipped = bytearray(SEALED)
    flipped[at] ^= 1 << bit
    assert not is_whole(bytes(flipped), KEY, OF)


@pytest.mark.parametrize(
    "order", [(1, 0, 2), (0, 2, 1), (2, 1, 0), (0, 0, 1, 2), (0, 2), (1, 2), (0, 1, 2, 2)]
)
def test_frames_out_of_order_repeated_or_left_out_are_found(order: tuple[int, ...]) -> None:
    three = frames(SEALED)
    assert not is_whole(joined(*(three[number] for number in order)), KEY, OF)


def test_bytes_behind_the_last_frame_are_found() -> None:
    assert not is_whole(SEALED + b"\0", KEY, OF)
    assert not is_whole(SEALED + SEALED[HEAD_BYTES:], KEY, OF)


def test_zeroes_such_as_a_power_cut_leaves_are_found() -> None:
    assert not is_whole(bytes(len(SEALED)), KEY, OF)
    assert not is_whole(SEALED[:100_000] + bytes(len(SEALED) - 100_000), KEY, OF)


def test_a_frame_of_another_version_of_the_same_revision_is_found() -> None:
    other = seal(THREE[:-1] + b"x", KEY, OF)
    assert not is_whole(joined(*frames(SEALED)[:2], frames(other)[2]), KEY, OF)
    assert not is_whole(joined(frames(other)[0], *frames(SEALED)[1:]), KEY, OF)


@pytest.mark.parametrize(
    "of",
    [ObjectOf(document_id=OF.document_id, revision=1), ObjectOf(document_id=uuid4(), revision=0)],
    ids=["revision", "document"],
)
def test_no_object_passes_for_another(of: ObjectOf) -> None:
    with pytest.raises(ObjectDamaged):
        unseal(SEALED, KEY, of)


def test_another_key_opens_nothing() -> None:
    with pytest.raises(ObjectDamaged):
        unseal(SEALED, fresh_document_key(), OF)


async def given_on(*pieces: bytes) -> bytes:
    """What a stream of these pieces gives on before it fails, as each of them does."""
    opened = b""
    try:
        async for piece in unseal_stream(stream(pieces), KEY, OF):
            opened += piece
    except ObjectDamaged:
        return opened
    raise AssertionError("the stream did not fail")


async def test_a_stream_gives_only_what_is_authentic_and_then_fails() -> None:
    broken = bytearray(SEALED)
    broken[HEAD_BYTES + STEP + 5] ^= 1
    pieces = [bytes(broken[at : at + 1000]) for at in range(0, len(broken), 1000)]
    assert await given_on(*pieces) == THREE[:FRAME_BYTES]
    assert await given_on(SEALED[: HEAD_BYTES + STEP + 1]) == THREE[:FRAME_BYTES]
    assert await given_on(SEALED[: HEAD_BYTES + 2 * STEP]) == THREE[:FRAME_BYTES]
    assert await given_on() == b""


@settings(PATIENT)
@given(name=st.text(max_size=200))
def test_a_name_opens_for_its_document_alone(name: str) -> None:
    sealed = seal_name(name, KEY, OF.document_id)
    assert unseal_name(sealed, KEY, OF.document_id) == name
    for key, document_id in ((fresh_document_key(), OF.document_id), (KEY, uuid4())):
        with pytest.raises(ObjectDamaged):
            unseal_name(sealed, key, document_id)


def test_a_name_no_encoding_knows_is_sealed_all_the_same() -> None:
    assert unseal_name(seal_name("surat\udc80.pdf", KEY, OF.document_id), KEY, OF.document_id) == "surat?.pdf"
