"""Documents that are encrypted and open for anyone: stamped lean, and as the library would."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Literal

import pikepdf
import pytest

from bubuh.pdf.cipher import Cipher, Entries, WrongPassword
from bubuh.pdf.lean.declined import Declined, Why
from bubuh.pdf.lean.engine import plan_lean
from bubuh.pdf.lean.reader import Document
from bubuh.pdf.lean.tokens import dictionary
from bubuh.pdf.lean.unlock import unlocked
from bubuh.pdf.model import Tier, Trust
from bubuh.pdf.plan import plan, plan_with_library
from tests.pdf.conftest import OTHER_SERIAL, SERIAL, Desk
from tests.pdf.lean.test_lean_engine import affixed, why
from tests.pdf.locked import locked_with_strings_in_streams

Sheet = Callable[..., bytes]
Revision = Literal[2, 3, 4, 6]
FIRST, SECOND = f"Stamp_{SERIAL}", f"Stamp_{OTHER_SERIAL}"
STREAMS = pikepdf.ObjectStreamMode.generate


def locked(
    sheet: Sheet, revision: Revision = 6, *, user: str = "", aes: bool | None = None, **more: object
) -> bytes:
    """A document under the owner's password alone, unless `user` is given."""
    uses_aes = revision >= 4 if aes is None else aes
    chosen = pikepdf.Encryption(
        owner="pemilik", user=user, R=revision, aes=uses_aes, metadata=revision >= 4 and uses_aes
    )
    return sheet(encryption=chosen, **more)


@pytest.mark.oracle
@pytest.mark.parametrize("mode", [pikepdf.ObjectStreamMode.disable, STREAMS])
@pytest.mark.parametrize(("revision", "aes"), [(2, False), (3, False), (4, False), (4, True), (6, True)])
def test_every_judge_calls_two_stamps_on_it_genuine(
    revision: Revision,
    aes: bool,  # noqa: FBT001 - a parameter of the test
    mode: pikepdf.ObjectStreamMode,
    desk: Desk,
    sheet: Sheet,
    qpdf_complaints: Callable[[bytes], str],
    pdfsig_words: Callable[[bytes], list[str]],
    pyhanko_words: Callable[[bytes, Trust], dict[str, bool]],
) -> None:
    document = locked(sheet, revision, aes=aes, object_stream_mode=mode)

    once = affixed(document, desk)
    twice = affixed(once, desk, OTHER_SERIAL, x_pt=200)

    assert twice.startswith(document)
    assert qpdf_complaints(twice) == ""
    assert pdfsig_words(twice) == ["Signature is Valid."] * 2
    assert pyhanko_words(twice, desk.trust) == {FIRST: True, SECOND: True}
    assert desk.judge(twice).is_genuine
    assert SERIAL.encode() not in once[len(document) :], "it is encrypted"
    assert why(once, desk) is Why.SERIAL_PRESENT


@pytest.mark.parametrize("revision", [3, 4, 6])
def test_it_says_what_the_librarys_stamp_says(revision: Revision, desk: Desk, sheet: Sheet) -> None:
    document = locked(sheet, revision)
    lean, general = (engine(document, desk.intent(), desk.chain) for engine in (plan_lean, plan_with_library))
    assert (lean.tier, general.tier) == (Tier.T1, Tier.T2)

    def told(increment: object) -> list[object]:
        with pikepdf.open(io.BytesIO(document + increment.sealed(b""))) as pdf:  # type: ignore[attr-defined]
            (field,) = pdf.Root.AcroForm.Fields
            face = field.AP.N
            return [
                *(str(written) for written in (field.T, field.V.M, field.V.Reason, field.F)),
                [float(corner) for corner in field.Rect],
                face.read_bytes(),
                str(face.Matrix),
                pdf.trailer.ID[0] == pikepdf.open(io.BytesIO(document)).trailer.ID[0],
            ]

    assert told(lean) == told(general)


def test_the_same_intent_gives_the_same_bytes(desk: Desk, sheet: Sheet) -> None:
    document = locked(sheet)
    assert plan(document, desk.intent(), desk.chain) == plan(document, desk.intent(), desk.chain)


def test_fields_that_were_there_stay_and_their_names_are_read(desk: Desk, sheet: Sheet) -> None:
    def with_form(pdf: pikepdf.Pdf) -> None:
        field = pikepdf.Dictionary(FT=pikepdf.Name.Tx, T=pikepdf.String("nama"), V=pikepdf.String("Contoh"))
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=[pdf.make_indirect(field)])
        pdf.Root.Lang = pikepdf.String("id-ID")

    document = locked(sheet, edit=with_form, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    stamped = affixed(document, desk)

    with pikepdf.open(io.BytesIO(stamped)) as pdf:
        assert [str(field.T) for field in pdf.Root.AcroForm.Fields] == ["nama", FIRST]
        assert str(pdf.Root.AcroForm.Fields[0].V) == "Contoh"
        assert str(pdf.Root.Lang) == "id-ID", "copied as it was encrypted, under the same number"


def test_strings_in_a_stream_would_have_to_be_encrypted_and_are_left_to_the_library(desk: Desk) -> None:
    document = locked_with_strings_in_streams()
    assert Document(document).cipher is not None
    assert why(document, desk) is Why.ENCRYPTED

    stamped = desk.affix(document)
    assert plan(document, desk.intent(), desk.chain).tier is Tier.T2
    with pikepdf.open(io.BytesIO(stamped)) as pdf:
        assert str(pdf.pages[0].obj.LastModified) == "D:20261122"


@pytest.mark.parametrize("revision", [2, 3, 4, 6])
def test_a_password_locks(revision: Revision, desk: Desk, sheet: Sheet) -> None:
    assert why(locked(sheet, revision, user="rahasia"), desk) is Why.ENCRYPTED


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"/R 6", b"/R 7"),
        (b"/V 5", b"/V 6"),
        (b"/Filter /Standard", b"/Filter /Stranger"),
        (b"/StrF /StdCF", b"/StrF /Other"),
        (b"/AESV3", b"/AESV9"),
        (b"/AuthEvent", b"/OtherEvnt"),
        (b"/P -", b"/P -1"),
        (b"/EncryptMetadata true", b"/EncryptMetadata 1234"),
        (b"/Perms <", b"/Perms <00"),
    ],
)
def test_what_is_not_known_to_the_letter_is_left_alone(
    old: bytes, new: bytes, desk: Desk, sheet: Sheet
) -> None:
    document = locked(sheet, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    if old == b"/EncryptMetadata true":
        document = document.replace(b"/CF <<", old + b" /CF <<")
    assert document.count(old) == 1
    changed = document.replace(old, new)
    written = dictionary(changed, changed.rindex(b"<<", 0, changed.index(b"/Filter /S")))
    with pytest.raises(Declined) as declined:
        unlocked(written, None)
    assert declined.value.why is Why.ENCRYPTED


def test_entries_that_do_not_agree_open_nothing() -> None:
    for revision in (2, 3, 4, 6):
        entries = Entries(
            revision=revision,
            key_bytes=32 if revision == 6 else 16,
            uses_aes=revision >= 4,
            encrypts_metadata=True,
            permissions=-4,
            owner=bytes(48),
            user=bytes(48),
            user_key=bytes(32),
            sealed_permissions=bytes(16),
        )
        with pytest.raises(WrongPassword):
            Cipher.of(entries)
