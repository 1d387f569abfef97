"""Something laid over the page or over the face after stamping, by annotation, by form or by signature."""
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from pyhanko.pdf_utils import generic

from bubuh.pdf.general.objects import array, dictionary, name, numbers, plain, text
from tests.attacks.conftest import Victim
from tests.attacks.forge import BLACK, Forge, Seen, revised, stream
from tests.pdf.conftest import Desk
from tests.pdf.strangers import signed_by_stranger, with_document_time_stamp, with_dss

THIRD_SERIAL = "2JDK9M4P1SZ6BVT3Y0V7CJ"
PAGE, FACE = b"[50 300 500 700]", b"[40 731 120 811]"
LOOKS = b"/AP << /N %d 0 R >> /F 4"


def listed(seen: Seen) -> bytes:
    """The form's fields."""
    return plain(seen.reader.root["/AcroForm"]["/Fields"]).strip(b"[] ")


def annotated(entries: bytes, rect: bytes = PAGE, *, in_form: bool = False) -> Forge:
    """One annotation more on the first page, with an appearance that covers its rectangle."""

    def forge(document: bytes) -> bytes:
        seen = Seen(document)
        new, looks = seen.free, seen.free + 1
        appearance = stream(BLACK, b"/Type /XObject /Subtype /Form /BBox [0 0 600 900]")
        note = b"<< /Type /Annot /Rect %s %s %s >>" % (rect, entries, LOOKS % looks)
        annots = b"[%s %d 0 R]" % (seen.items(seen.page, "/Annots"), new)
        objects = [(seen.page, seen.text(seen.page, Annots=annots)), (new, note), (looks, appearance)]
        if in_form:
            form = b"<< /Fields [%s %d 0 R] /SigFlags 3 >>" % (listed(seen), new)
            objects.append((seen.root, seen.text(seen.root, AcroForm=form)))
        return revised(document, objects)

    return forge


SUBTYPES = (
    "FreeText", "Stamp", "Square", "Highlight", "Ink", "Popup", "Redact", "Link", "Watermark", "Screen",
    "FileAttachment", "RichMedia", "Text", "Widget",
)  # fmt: skip

OVERLAYS: dict[str, Forge] = {
    f"{kind} over the {where}": annotated(b"/Subtype /%s" % kind.encode(), rect)
    for kind in SUBTYPES
    for where, rect in {"page": PAGE, "face": FACE}.items()
} | {
    f"{name} over the {where}": annotated(b"/Subtype /Widget " + entries, rect, in_form=True)
    for name, entries in {
        "a text field": b"/FT /Tx /T (a) /V (Rp9)",
        "a button": b"/FT /Btn /T (a) /MK << /BG [1 1 1] >>",
        "an empty signature field": b"/FT /Sig /T (a)",
        "an empty stamp field": b"/FT /Sig /T (Stamp_9ZZZZZZZZZZZZZZZZZZZZZ)",
        "a field with an action": b"/FT /Btn /T (a) /AA << /PV << /S /JavaScript /JS (1) >> >>",
    }.items()
    for where, rect in {"page": PAGE, "face": FACE}.items()
}  # fmt: skip


@pytest.mark.parametrize("name", OVERLAYS)
def test_an_overlay_is_not_let_pass(name: str, victim: Victim) -> None:
    assert not victim.falls_to(OVERLAYS[name](victim.document))


def other_face(document: bytes) -> bytes:
    """The face's own stream written again."""
    seen = Seen(document)
    face = seen.get(seen.field)["/AP"].raw_get("/N").idnum
    return revised(document, [(face, stream(BLACK, b"/Type /XObject /Subtype /Form /BBox [0 0 100 100]"))])


def face_of_the_first_stamp(document: bytes) -> bytes:
    """The newest stamp shows another object's appearance."""
    seen = Seen(document)
    looks = stream(BLACK, b"/Type /XObject /Subtype /Form /BBox [0 0 100 100]")
    field = seen.text(seen.field, AP=b"<< /N %d 0 R >>" % seen.free)
    return revised(document, [(seen.field, field), (seen.free, looks)])


def regenerated_appearances(document: bytes) -> bytes:
    """Readers shall draw all fields anew: /NeedAppearances."""
    seen = Seen(document)
    form = b"<< /Fields [%s] /SigFlags 3 /NeedAppearances true >>" % listed(seen)
    return revised(document, [(seen.root, seen.text(seen.root, AcroForm=form))])


@pytest.mark.parametrize("forge", [other_face, face_of_the_first_stamp, regenerated_appearances])
def test_another_appearance_is_not_let_pass(forge: Forge, victim: Victim) -> None:
    assert not victim.falls_to(forge(victim.document))


def test_a_form_filled_or_drawn_anew_is_not_let_pass(stamped: Mapping[str, bytes], desk: Desk) -> None:
    """Fields that were there before stamping: their value, and what is drawn for it."""
    victim, seen = Victim("twice", stamped["twice"], desk), Seen(stamped["twice"])
    first = seen.reader.root["/AcroForm"]["/Fields"].raw_get(0).idnum
    for put in (b"(Orang Lain)", b"(Rp999.000.000)"):
        assert not victim.falls_to(revised(victim.document, [(first, seen.text(first, V=put))]))
    appearance = seen.get(first)["/AP"].raw_get("/N").idnum
    blank = stream(b"", b"/Type /XObject /Subtype /Form /BBox [0 0 9 9]")
    assert not victim.falls_to(revised(victim.document, [(appearance, blank)]))


def test_a_strangers_signature_over_ours_is_not_let_pass(victim: Victim) -> None:
    assert not victim.falls_to(signed_by_stranger(victim.document))


def test_nor_after_validation_material_nor_under_a_second_stamp(victim: Victim) -> None:
    with_material = with_dss(victim.document, victim.desk.pki.root_certificate)
    assert victim.desk.judge(with_material).is_genuine
    forged = signed_by_stranger(with_material)
    assert not victim.falls_to(forged)
    assert victim.desk.judge(victim.desk.affix(with_material, THIRD_SERIAL, x_pt=300)).is_genuine
    assert not victim.falls_to(victim.desk.affix(forged, THIRD_SERIAL, x_pt=300))


def script() -> generic.DictionaryObject:
    return dictionary({"/S": name("/JavaScript"), "/JS": text("app.alert(1)")})


MARKS: dict[str, tuple[str, generic.PdfObject]] = {
    "an action": ("/A", script()),
    "actions": ("/AA", dictionary({"/PV": script()})),
    "kids": ("/Kids", array()),
    "a parent": ("/Parent", dictionary()),
    "looks of its own": ("/MK", dictionary({"/CA": text("Rp9")})),
    "room on the page": ("/Rect", numbers((50, 300, 500, 700))),
}


def test_a_time_stamp_whose_field_does_nothing_is_let_pass(victim: Victim) -> None:
    bare, authority = with_document_time_stamp(victim.document)
    assert victim.falls_to(bare, timestamp_roots=(authority,))


@pytest.mark.parametrize("what", MARKS)
def test_a_time_stamp_whose_field_does_more_is_not_let_pass(what: str, victim: Victim) -> None:
    """Its authority stamps the time on anything, so the forger decides what its revision says."""
    key, value = MARKS[what]

    def edit(field: Any) -> None:
        field[name(key)] = value

    more, authority = with_document_time_stamp(victim.document, edit=edit)
    assert not victim.falls_to(more, timestamp_roots=(authority,))


def test_a_second_real_stamp_is_let_pass(victim: Victim) -> None:
    """The sibling: what the office adds itself."""
    assert victim.falls_to(victim.desk.affix(victim.document, THIRD_SERIAL, x_pt=300))
