"""A damaged upload is normalised once: the original stays as it came, the base is what is stamped."""

from __future__ import annotations

import hashlib

import pytest

from bubuh.core.ids import fresh_account_id, fresh_id
from bubuh.documents.find import find_document, key_of
from bubuh.documents.model import NORMALISED, ORIGINAL, Document
from bubuh.documents.moves import DocumentState
from bubuh.documents.normalise import base_key, normalise
from bubuh.documents.sealing import ObjectOf, unseal
from bubuh.pdf.model import Normalised
from bubuh.pdf.refusals import DocumentRefused, Reason
from bubuh.sandbox import Sandbox, SandboxUnavailable
from tests.documents.make import House, letter
from tests.pdf.conftest import DATA
from tests.pdf.damage import bytes_before, wrong_startxref

DAMAGED = wrong_startxref(letter())
SIGNED = DATA / "surat-pernyataan-sudah-ditandatangani.pdf"


class Retired(Sandbox):
    """The sandbox of a release that repairs no more: what is kept already need not be made again."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.line = sandbox.line

    async def repair(self, document: bytes) -> Normalised:
        raise SandboxUnavailable(f"{len(document)} bytes were to be repaired again")


def kept(house: House, document: Document, revision: int, object_key: str | None) -> bytes:
    of = ObjectOf(document_id=document.id, revision=revision)
    return unseal(house.file(object_key).read_bytes(), key_of(document, house.store_key), of)


async def test_a_sound_upload_is_its_own_base(house: House) -> None:
    document = await house.document()

    assert document.base is None
    assert len(await house.read(document)) == document.size_bytes


async def test_a_damaged_upload_is_kept_as_it_came_and_its_base_beside_it(house: House) -> None:
    document = await house.document(data=DAMAGED)

    assert document.state is DocumentState.READY
    assert document.sha256 == hashlib.sha256(DAMAGED).digest()
    assert kept(house, document, ORIGINAL, document.object_key) == DAMAGED
    assert document.base is not None
    base = kept(house, document, NORMALISED, document.base.object_key)
    assert (document.base.sha256, document.base.size_bytes) == (hashlib.sha256(base).digest(), len(base))
    assert document.base.normalised_for == Reason.DAMAGED
    assert await house.read(document) == base
    assert (await house.sandbox.inspect(base)).boxes == document.boxes


async def test_increments_are_put_upon_the_base(house: House) -> None:
    document = await house.document(data=DAMAGED)
    base = await house.read(document)
    await house.append(document, 1, b"one")

    assert await house.read(document, 1) == base + b"one"


async def test_the_same_upload_again_shows_the_same_base(house: House) -> None:
    account_id = fresh_account_id()
    document_id = fresh_id(account_id)
    first = await house.receive(DAMAGED, account_id=account_id, document_id=document_id)
    again = await house.receive(DAMAGED, account_id=account_id, document_id=document_id)

    assert again.replayed
    assert again.document == first.document


async def test_a_base_that_is_kept_is_never_made_again(house: House) -> None:
    """As when the power failed between base and row, and another release is at work now."""
    account_id = fresh_account_id()
    document_id = fresh_id(account_id)
    document = (await house.receive(DAMAGED, account_id=account_id, document_id=document_id)).document

    facts, base = await normalise(
        document,
        DAMAGED,
        Reason.DAMAGED,
        sandbox=Retired(house.sandbox),
        objects=house.objects,
        store_key=house.store_key,
    )

    assert base == document.base
    assert facts.boxes == document.boxes


async def test_a_base_that_was_torn_is_made_again(house: House) -> None:
    document = await house.document(data=DAMAGED)
    file = house.file(base_key(document, house.store_key))
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])

    await normalise(
        document,
        DAMAGED,
        Reason.DAMAGED,
        sandbox=house.sandbox,
        objects=house.objects,
        store_key=house.store_key,
    )

    assert file.read_bytes() == whole


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (bytes_before(SIGNED.read_bytes()), Reason.REPAIR_BREAKS_SIGNATURES),
        (b"\n%PDF-1.7 nothing\nstartxref\n0\n%%EOF\n", Reason.LEADING_BYTES),
    ],
)
async def test_what_cannot_be_repaired_is_refused_and_nothing_is_kept(
    house: House, data: bytes, reason: Reason
) -> None:
    account_id = fresh_account_id()
    document_id, before = fresh_id(account_id), house.files()

    with pytest.raises(DocumentRefused) as refused:
        await house.receive(data, account_id=account_id, document_id=document_id)

    assert refused.value.reason is reason
    document = await find_document(house.db, account_id, document_id)
    assert (document.state, document.base) == (DocumentState.REFUSED, None)
    assert house.files() == before
