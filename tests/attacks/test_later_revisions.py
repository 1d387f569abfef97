"""Revisions after the stamp, correct to one reader and something else to another, or to a person."""
# mypy: allow-untyped-calls

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from tests.attacks.conftest import Victim
from tests.attacks.forge import BLACK, FIRST_ROW, NOTE, Forge, Seen, revised, stream
from tests.pdf.conftest import Desk

CERTIFICATE = stream(b"0\x82\x01\x00")


def material(document: bytes, *more: tuple[int, bytes], **how: Any) -> bytes:
    """Validation material, which anyone may add, and whatever else `how` says."""
    seen = Seen(document)
    store = b"<< /Certs [%d 0 R] >>" % seen.free
    return revised(
        document, [(seen.root, seen.text(seen.root, DSS=store)), (seen.free, CERTIFICATE), *more], **how
    )


def catalog(**put: bytes | None) -> Forge:
    """The catalog written again with entries put otherwise."""

    def forge(document: bytes) -> bytes:
        seen = Seen(document)
        return revised(document, [(seen.root, seen.text(seen.root, **put))])

    return forge


def page(**put: bytes | None) -> Forge:
    """The first page written again with entries put otherwise."""

    def forge(document: bytes) -> bytes:
        seen = Seen(document)
        return revised(document, [(seen.page, seen.text(seen.page, **put))])

    return forge


def page_beside_material(**put: bytes | None) -> Forge:
    """The same under cover of validation material."""

    def forge(document: bytes) -> bytes:
        seen = Seen(document)
        return material(document, (seen.page, seen.text(seen.page, **put)))

    return forge


def annotations_lent_to_the_store(document: bytes) -> bytes:
    """The page's annotations move into an array that the DSS lists too: a DSS may be written again."""
    seen = Seen(document)
    store, items = seen.free, seen.items(seen.page, "/Annots")
    moved = revised(
        document,
        [
            (seen.root, seen.text(seen.root, DSS=b"<< /Certs %d 0 R >>" % store)),
            (seen.page, seen.text(seen.page, Annots=b"%d 0 R" % store)),
            (store, b"[%s]" % items),
        ],
    )
    note = Seen(moved).free
    return revised(moved, [(store, b"[%s %d 0 R]" % (items, note)), (note, NOTE)])


def contents_lent_to_the_store(document: bytes) -> bytes:
    """A content stream that the DSS claims for itself, then written again."""
    seen = Seen(document)
    content = int(re.findall(rb"(\d+) 0 R", seen.raw(seen.page, "/Contents"))[0])
    lent = catalog(DSS=b"<< /Certs [%d 0 R] /CRLs %d 0 R >>" % (content, content))(document)
    return revised(lent, [(content, stream(BLACK))])


def form_lent_to_the_store(document: bytes) -> bytes:
    """The form moves to where the DSS may be written again, and back with another field."""
    seen = Seen(document)
    fields = b"<< /Fields [%s] /SigFlags 3 >>" % seen.items(seen.root, "/AcroForm")
    places = b"%d 0 R" % seen.free
    moved = revised(
        document, [(seen.root, seen.text(seen.root, AcroForm=places, DSS=places)), (seen.free, fields)]
    )
    return revised(moved, [(seen.free, fields.replace(b"3", b"3 /NeedAppearances true"))])


def unlisted_page(document: bytes) -> bytes:
    """A second definition of the page that no table lists: who rebuilds the table takes it."""
    seen = Seen(document)
    page_again = seen.text(seen.page, Contents=b"%d 0 R" % (seen.free + 9))
    return material(document, between=b"%d 0 obj\n%s\nendobj\n" % (seen.page, page_again))


def unlisted_page_under_the_table(document: bytes) -> bytes:
    seen = Seen(document)
    return material(document, before_foot=b"%d 0\tobj\n<< /Type /Page >>\nendobj\n" % seen.page)


def unlisted_page_within_a_stream(document: bytes) -> bytes:
    """Who rebuilds the table looks into streams as well."""
    seen = Seen(document)
    inside = b"\nendstream endobj\n%d 0 obj\n%s\nendobj" % (seen.page, seen.text(seen.page, Contents=None))
    return material(document, (seen.free + 1, stream(inside)))


def trailer_within_a_stream(document: bytes) -> bytes:
    seen = Seen(document)
    return material(document, (seen.free + 1, stream(b"\ntrailer << /Root %d 0 R >>\n" % seen.page)))


def trailer_twice(document: bytes) -> bytes:
    return material(document, before_foot=b"trailer << /Root %d 0 R >>\n" % Seen(document).page)


def words_between_objects(document: bytes) -> bytes:
    return material(document, between=b"BT (Rp9) Tj ET\n")


def other_number_than_listed(document: bytes) -> bytes:
    """Listed as new, but its head says that it is the page."""
    seen = Seen(document)
    made = material(document, (seen.free + 1, seen.text(seen.page, Contents=None)))
    at, head = (
        made.rindex(b"%d 0 obj" % (seen.free + 1), 0, made.rindex(b"/Type /Page")),
        b"%d" % (seen.free + 1),
    )
    return made[:at] + (b"%d" % seen.page).rjust(len(head)) + made[at + len(head) :]


def listed_at_an_older_place(document: bytes) -> bytes:
    """Shadow replace: no new content, only another object of the signed part under the page's number."""
    seen = Seen(document)
    place = document.index(b"%d 0 obj" % seen.field)
    return material(document, places={seen.page: place})


def later_number_of_a_page(document: bytes) -> bytes:
    seen = Seen(document)
    return material(document).replace(
        b"%d 0 obj\n%s" % (seen.free, CERTIFICATE), b"%d 1 obj\n<<>>" % seen.page
    )


def certificate_in_a_catalog_of_two_minds(document: bytes) -> bytes:
    seen = Seen(document)
    again = seen.text(seen.root, DSS=b"<<>>")[:-2] + b"/Pages %d 0 R >>" % (seen.free + 5)
    return revised(document, [(seen.root, again)])


def the_same_with_an_escape(document: bytes) -> bytes:
    seen = Seen(document)
    again = seen.text(seen.root, DSS=b"<<>>")[:-2] + b"/P#61ges %d 0 R >>" % (seen.free + 5)
    return revised(document, [(seen.root, again)])


def smaller_size(document: bytes) -> bytes:
    """Objects past /Size are missing, to those who go by the book."""
    return material(document, size=Seen(document).page)


def without_information(document: bytes) -> bytes:
    return material(document, trailer=b"/Info null ")


def page_tree(document: bytes) -> bytes:
    """The page tree's own object again, with one page."""
    seen = Seen(document)
    tree = int(seen.raw(seen.root, "/Pages").split()[0])
    other = b"<< /Type /Pages /Count 1 /Kids [%d 0 R] >>" % seen.free
    only = b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 595 842] >>" % tree
    return revised(document, [(tree, other), (seen.free, only)])


def field(**put: bytes | None) -> Forge:
    """The stamp's own field written again."""

    def forge(document: bytes) -> bytes:
        seen = Seen(document)
        return revised(document, [(seen.field, seen.text(seen.field, **put))])

    return forge


def action_on_the_page(document: bytes) -> bytes:
    return page(AA=b"<< /O << /S /JavaScript /JS (app.alert(1)) >> >>")(document)


FORGERIES: dict[str, Forge] = {
    made.__name__: made
    for made in (
        annotations_lent_to_the_store, contents_lent_to_the_store, form_lent_to_the_store, unlisted_page,
        unlisted_page_under_the_table, unlisted_page_within_a_stream, trailer_within_a_stream, trailer_twice,
        words_between_objects, other_number_than_listed, listed_at_an_older_place, later_number_of_a_page,
        certificate_in_a_catalog_of_two_minds, the_same_with_an_escape,
        smaller_size, without_information, page_tree, action_on_the_page,
    )
} | {
    f"catalog {name}": catalog(**{name: value})
    for name, value in {
        "Pages": b"<< /Type /Pages /Count 0 /Kids [] >>",
        "OCProperties": b"<< /OCGs [] /D << /BaseState /OFF >> >>",
        "OpenAction": b"<< /S /JavaScript /JS (app.alert(1)) >>",
        "Names": b"<< /JavaScript << /Names [] >> >>",
        "AA": b"<< >>",
        "Version": b"/1.1",
        "Lang": b"(en)",
        "Perms": b"<< >>",
        "ViewerPreferences": b"<< /HideToolbar true >>",
        "PageLabels": b"<< /Nums [0 << /S /r >>] >>",
        "Metadata": b"null",
        "AcroForm": b"<< /Fields [] >>",
        "Foo": b"1",
    }.items()
} | {
    f"page {name}": page(**{name: value})
    for name, value in {
        "MediaBox": b"[0 0 100 100]",
        "CropBox": b"[0 0 100 100]",
        "Rotate": b"180",
        "UserUnit": b"2",
        "Contents": b"[]",
        "Resources": b"<< >>",
        "Group": b"<< /S /Transparency >>",
        "Annots": b"[]",
        "Tabs": b"/S",
        "Trans": b"<< >>",
    }.items()
} | {
    "page Contents beside material": page_beside_material(Contents=b"[]"),
    "page the same beside material": page_beside_material(Annots=b"[]"),
} | {
    f"field {name}": field(**{name: value})
    for name, value in {
        "Rect": b"[0 0 0 0]",
        "AP": b"<< >>",
        "AS": b"/Off",
        "MK": b"<< /R 90 >>",
        "F": b"2",
        "V": None,
        "T": b"(Stamp_9ZZZZZZZZZZZZZZZZZZZZZ)",
        "AA": b"<< >>",
        "OC": b"<< /Type /OCG /Name (x) >>",
    }.items()
} | {
    f"trailer {name}": (lambda document, said=said: material(document, trailer=said))
    for name, said in {
        "other ID": b"/ID [<00> <11>] ",
        "other catalog": b"/Root 1 0 R ",
        "encryption": b"/Encrypt << /Filter /Standard /V 1 /R 2 /O (x) /U (x) /P -4 >> ",
        "no Prev": b"/Prev null ",
        "Prev to itself": b"/Prev 0 ",
        "Prev a reference": b"/Prev 1 0 R ",
        "hybrid": b"/XRefStm 20 ",
        "something new": b"/Foo 1 ",
        "twice Root": b"/Root 1 0 R /Root 2 0 R ",
    }.items()
} | {
    "no ID": lambda document: material(document, without=("/ID",)),
    "no Prev at all": lambda document: material(document, without=("/Prev",)),
    "no Root": lambda document: material(document, without=("/Root",)),
}  # fmt: skip


def test_validation_material_is_let_pass(victim: Victim) -> None:
    """The sibling of all below: the pen itself writes nothing that is refused."""
    assert victim.falls_to(material(victim.document))
    assert victim.falls_to(material(material(victim.document)))


@pytest.mark.parametrize("name", FORGERIES)
def test_a_revision_that_brings_anything_else_is_not(name: str, victim: Victim) -> None:
    assert not victim.falls_to(FORGERIES[name](victim.document))


def listed_twice(document: bytes) -> bytes:
    """Two rows for the catalog; one points into the head of an object whose number ends like its."""
    seen = Seen(document)
    other = int(f"9{seen.root}")
    return revised(
        document,
        [(other, seen.text(seen.root, Lang=b"(xx)")), (seen.root, seen.text(seen.root, DSS=b"<<>>"))],
        rows=[(seen.root, f"{len(document) + 1:010d} 00000 n ")],
    )


def freed(document: bytes) -> bytes:
    return material(document, rows=[(0, FIRST_ROW), (Seen(document).page, "0000000000 00001 f ")])


def numbered_from_one(document: bytes) -> bytes:
    """A table that begins at 1 with the free row: some readers move all numbers down by one."""
    return material(document, rows=[(1, FIRST_ROW)])


def words_in_the_table(document: bytes) -> bytes:
    return material(document, rows=[(0, FIRST_ROW + "\n% 4 0 obj")])


def table_found_through_blanks(document: bytes) -> bytes:
    """startxref points at blanks before the table."""
    made = material(document, between=b"     ")
    start = int(made[made.rindex(b"startxref") :].split()[1])
    return made[: made.rindex(b"startxref")] + b"startxref\n%d\n%%%%EOF\n" % (start - 5)


OF_TABLES: dict[str, Forge] = {
    made.__name__: made
    for made in (listed_twice, freed, numbered_from_one, words_in_the_table, table_found_through_blanks)
}


@pytest.mark.parametrize("name", OF_TABLES)
def test_a_table_that_can_be_read_in_two_ways_is_not(name: str, classic: Victim) -> None:
    assert classic.falls_to(material(classic.document))
    assert not classic.falls_to(OF_TABLES[name](classic.document))


def hidden_in_an_object_stream(document: bytes) -> bytes:
    """An object stream holds the page as well; no table lists it there."""
    seen = Seen(document)
    good, evil = seen.text(seen.root, DSS=b"<<>>"), seen.text(seen.page, Contents=None)
    return _in_a_stream(document, [(seen.root, good), (seen.page, evil)], places={seen.root: 0})


def two_of_a_number_in_an_object_stream(document: bytes) -> bytes:
    """Two catalogs in an object stream: readers take the first, the last or the indexed one."""
    seen = Seen(document)
    evil, good = seen.text(seen.root, Lang=b"(xx)"), seen.text(seen.root, DSS=b"<<>>")
    return _in_a_stream(document, [(seen.root, evil), (seen.root, good)], places={seen.root: 1})


def _in_a_stream(document: bytes, objects: list[tuple[int, bytes]], places: dict[int, int]) -> bytes:
    number, head, body = Seen(document).free, b"", b""
    for at, text in objects:
        head += b"%d %d " % (at, len(body))
        body += text + b" "
    entries = b"/Type /ObjStm /N %d /First %d" % (len(objects), len(head))
    where = {key: (number, index) for key, index in places.items()}
    return revised(document, [(number, stream(head + body, entries))], places=where)


@pytest.mark.parametrize("forge", [hidden_in_an_object_stream, two_of_a_number_in_an_object_stream])
def test_objects_within_a_stream_are_not(forge: Forge, stamped: Mapping[str, bytes], desk: Desk) -> None:
    victim = Victim("streams", stamped["streams"], desk)
    assert victim.falls_to(material(victim.document))
    assert not victim.falls_to(forge(victim.document))
