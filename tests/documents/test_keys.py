from __future__ import annotations

import re
from itertools import product
from uuid import uuid4

import pytest

from bubuh.documents.keys import DocumentKey, StoreKey, fresh_document_key
from bubuh.documents.ports import ObjectDamaged

DOCUMENT = uuid4()


@pytest.fixture
def store_key() -> StoreKey:
    return StoreKey.fresh()


@pytest.fixture
def key() -> DocumentKey:
    return fresh_document_key()


def test_a_wrapped_key_opens_for_its_document(store_key: StoreKey, key: DocumentKey) -> None:
    wrapped = store_key.wrap(key, DOCUMENT)
    assert store_key.unwrap(wrapped, DOCUMENT) == key
    assert wrapped.find(key) == -1


def test_a_wrapped_key_opens_for_no_other_document(store_key: StoreKey, key: DocumentKey) -> None:
    with pytest.raises(ObjectDamaged):
        store_key.unwrap(store_key.wrap(key, DOCUMENT), uuid4())


def test_a_wrapped_key_opens_under_no_other_store_key(store_key: StoreKey, key: DocumentKey) -> None:
    with pytest.raises(ObjectDamaged):
        StoreKey.fresh().unwrap(store_key.wrap(key, DOCUMENT), DOCUMENT)


def test_a_changed_or_cut_wrapped_key_is_found(store_key: StoreKey, key: DocumentKey) -> None:
    wrapped = store_key.wrap(key, DOCUMENT)
    for at in range(len(wrapped)):
        changed = bytearray(wrapped)
        changed[at] ^= 0x40
        with pytest.raises(ObjectDamaged):
            store_key.unwrap(bytes(changed), DOCUMENT)
        with pytest.raises(ObjectDamaged):
            store_key.unwrap(wrapped[:at], DOCUMENT)


def test_after_a_rotation_old_keys_open_and_new_ones_need_the_new_secret(key: DocumentKey) -> None:
    old, new = StoreKey.fresh(), StoreKey.fresh()
    rotated = StoreKey((*new.ring, *old.ring))
    assert rotated.unwrap(old.wrap(key, DOCUMENT), DOCUMENT) == key
    assert new.unwrap(rotated.wrap(key, DOCUMENT), DOCUMENT) == key
    with pytest.raises(ObjectDamaged):
        old.unwrap(rotated.wrap(key, DOCUMENT), DOCUMENT)


def test_the_store_key_is_written_and_read_again() -> None:
    store_key = StoreKey((*StoreKey.fresh().ring, *StoreKey.fresh().ring))
    assert StoreKey.read(store_key.show()) == store_key


@pytest.mark.parametrize("text", ["not hex\n", "zz" * 32])
def test_a_text_that_is_no_store_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="fromhex"):
        StoreKey.read(text)


def test_a_store_key_without_a_whole_secret_is_our_mistake() -> None:
    for text in ("", "abcd\n"):
        with pytest.raises(AssertionError):
            StoreKey.read(text)


def test_the_store_key_does_not_show_itself(store_key: StoreKey) -> None:
    assert repr(store_key) == "StoreKey()"


def test_no_two_revisions_share_a_place_not_even_of_two_accounts(store_key: StoreKey) -> None:
    documents = (uuid4(), uuid4())
    wanted = list(product((1, 2, 1 << 61), documents, (0, 1, 2)))
    places = {
        store_key.object_key(account_id=account, document_id=document, revision=revision)
        for account, document, revision in wanted
    }
    assert len(places) == len(wanted)


def test_a_place_has_two_levels_of_folders_and_tells_nothing_without_the_key(store_key: StoreKey) -> None:
    place = store_key.object_key(account_id=7, document_id=DOCUMENT, revision=0)
    assert re.fullmatch(r"([0-9a-f]{2})/([0-9a-f]{2})/\1\2[0-9a-f]{60}", place)
    assert place == store_key.object_key(account_id=7, document_id=DOCUMENT, revision=0)
    assert place != StoreKey.fresh().object_key(account_id=7, document_id=DOCUMENT, revision=0)
