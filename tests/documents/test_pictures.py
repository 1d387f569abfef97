"""Pictures at hand: within a bound, the least wanted going first, none for long."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from bubuh.core.ids import AccountId, fresh_account_id
from bubuh.documents.pictures import LASTS_S, PictureOf, Pictures
from bubuh.documents.preview import preview
from bubuh.documents.refusals import DocumentNotReady, DocumentUnknown
from bubuh.pdf.picture import Picture
from tests.documents.make import House

ENTRY_BYTES = 2_000  # of a picture of 1,000, and what is beside it


def of(page: int) -> PictureOf:
    return PictureOf(AccountId(1), UUID(int=1), 0, page)


def picture(size_bytes: int = 1_000) -> Picture:
    return Picture(width_px=1, height_px=1, webp=b"x" * size_bytes)


@given(
    asked=st.lists(st.tuples(st.integers(1, 9), st.integers(0, 5_000)), max_size=60),
    most=st.integers(0, 20_000),
)
def test_they_never_take_more_than_their_bound(asked: list[tuple[int, int]], most: int) -> None:
    pictures = Pictures(most)
    for page, size_bytes in asked:
        pictures.keep(of(page), picture(size_bytes))
        assert pictures.size_bytes <= most
    at_hand = [found for page in range(1, 10) if (found := pictures.find(of(page))) is not None]
    assert pictures.size_bytes == sum(len(one.webp) + ENTRY_BYTES - 1_000 for one in at_hand)


def test_what_was_not_asked_for_goes_first() -> None:
    pictures = Pictures(2 * ENTRY_BYTES)
    pictures.keep(of(1), picture())
    pictures.keep(of(2), picture())
    assert pictures.find(of(1)) is not None
    pictures.keep(of(3), picture())
    assert [pictures.find(of(page)) is not None for page in (1, 2, 3)] == [True, False, True]


def test_none_is_at_hand_for_long() -> None:
    now_s = [0.0]
    pictures = Pictures(10 * ENTRY_BYTES, clock_s=lambda: now_s[0])
    pictures.keep(of(1), picture())
    now_s[0] = LASTS_S
    assert pictures.find(of(1)) is not None
    now_s[0] = LASTS_S + 1
    assert pictures.find(of(1)) is None
    assert pictures.size_bytes == 0


async def drawn(house: House, account_id: AccountId, document_id: UUID, pictures: Pictures) -> Picture:
    return await preview(
        account_id,
        document_id,
        1,
        db=house.db,
        sandbox=house.sandbox,
        objects=house.objects,
        store_key=house.store_key,
        pictures=pictures,
    )


async def test_one_at_hand_is_its_owners_alone_and_dies_with_the_key(house: House) -> None:
    pictures, document = Pictures(1 << 20), await house.document()
    owner = document.account_id
    first = await drawn(house, owner, document.id, pictures)
    assert await drawn(house, owner, document.id, pictures) is first
    for stranger in (fresh_account_id(), AccountId(owner + 64)):
        with pytest.raises(DocumentUnknown):
            await drawn(house, stranger, document.id, pictures)
    await house.destroy(document)
    with pytest.raises(DocumentNotReady):
        await drawn(house, owner, document.id, pictures)
