from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings, strategies as st

from bubuh.core.errors import Refusal
from bubuh.documents.model import LIMIT_BYTES
from bubuh.documents.refusals import DocumentEmpty, DocumentTooLarge, DocumentTruncated, NotAPdf
from bubuh.documents.take_in import SNIFFED_BYTES, take_in
from tests.documents.make import Body

PIECE = 65_536


def pdf_like(size_bytes: int) -> bytes:
    return b"%PDF-1.7\n".ljust(size_bytes, b"x")


async def refused(body: Body, *, announced_bytes: int | None = None) -> type[Refusal]:
    with pytest.raises(Refusal) as caught:
        await take_in(aiter(body), announced_bytes=announced_bytes)
    return type(caught.value)


async def test_ten_mebibytes_pass_whole() -> None:
    data = pdf_like(LIMIT_BYTES)
    upload = await take_in(aiter(Body(data)), announced_bytes=LIMIT_BYTES)
    assert upload.data == data
    assert upload.sha256 == hashlib.sha256(data).digest()


async def test_one_byte_more_is_refused() -> None:
    assert await refused(Body(pdf_like(LIMIT_BYTES + 1))) is DocumentTooLarge


async def test_what_comes_after_the_limit_is_not_read() -> None:
    body = Body(pdf_like(4 * LIMIT_BYTES), piece_bytes=PIECE)
    assert await refused(body) is DocumentTooLarge
    assert body.read_bytes == LIMIT_BYTES + PIECE


async def test_what_is_announced_too_large_is_not_read_at_all() -> None:
    body = Body(pdf_like(PIECE))
    assert await refused(body, announced_bytes=LIMIT_BYTES + 1) is DocumentTooLarge
    assert body.read_bytes == 0


async def test_what_is_no_pdf_is_not_read_on() -> None:
    body = Body(b"\xff\xd8\xff\xe0 a photo".ljust(LIMIT_BYTES, b"\0"), piece_bytes=PIECE)
    assert await refused(body) is NotAPdf
    assert body.read_bytes == PIECE


@pytest.mark.parametrize(
    "data", [b"x", b"%PDF", b"<html>", b"PK\x03\x04", b"x" * SNIFFED_BYTES + b"%PDF-1.7"]
)
async def test_what_does_not_call_itself_a_pdf_is_refused(data: bytes) -> None:
    assert await refused(Body(data)) is NotAPdf
    assert await refused(Body(data, piece_bytes=1)) is NotAPdf


@pytest.mark.parametrize("pieces", [[], [b""], [b"", b""]])
async def test_nothing_is_refused_as_empty(pieces: list[bytes]) -> None:
    assert await refused(Body(pieces)) is DocumentEmpty


async def test_less_than_was_announced_is_refused_as_truncated() -> None:
    assert await refused(Body(pdf_like(999)), announced_bytes=1000) is DocumentTruncated


@settings(deadline=None)
@given(size_bytes=st.integers(9, 5_000), piece_bytes=st.integers(1, 1_500))
async def test_the_pieces_in_which_a_body_arrives_do_not_matter(size_bytes: int, piece_bytes: int) -> None:
    data = pdf_like(size_bytes)
    upload = await take_in(aiter(Body(data, piece_bytes=piece_bytes)))
    assert (upload.data, upload.sha256) == (data, hashlib.sha256(data).digest())
