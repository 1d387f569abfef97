"""Shadow attacks: what the forger will show was in the file when we stamped it; only the switch comes later.

What is prepared stays what the stamp signed: either intake refuses to stamp it, or the stamp is genuine until
the switch is thrown.
"""
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pikepdf
import pytest

from bubuh.core.errors import Refusal
from bubuh.pdf.intake.inspection import inspect
from tests.attacks.forge import BLACK, Seen, revised, stream
from tests.pdf.conftest import OTHER_SERIAL, Desk

Sheet = Callable[..., bytes]
Prepare = Callable[[pikepdf.Pdf], None]
Switch = Callable[[bytes], bytes]
MODES = {"table": pikepdf.ObjectStreamMode.disable, "streams": pikepdf.ObjectStreamMode.generate}


def picture(pdf: pikepdf.Pdf, content: bytes) -> pikepdf.Object:
    form = pdf.make_stream(content)
    form.Type, form.Subtype, form.BBox = pikepdf.Name.XObject, pikepdf.Name.Form, [0, 0, 600, 900]
    return form


def cover(pdf: pikepdf.Pdf) -> None:
    """Hide: the page's last drawing covers what it says."""
    page = pdf.pages[0].obj
    page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Cover=picture(pdf, BLACK)))
    page.Contents = pikepdf.Array([page.Contents, pdf.make_stream(b"/Cover Do")])


def fonts(pdf: pikepdf.Pdf) -> None:
    """Replace: a font of the forger's whose digits may become others."""
    glyphs = pikepdf.Dictionary(one=pdf.make_stream(b"9 0 d0 0 0 1 9 re f"), nine=pdf.make_stream(BLACK))
    font = pikepdf.Dictionary(
        Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type3, FontBBox=[0, 0, 9, 9],
        FontMatrix=[0.1, 0, 0, 0.1, 0, 0],
        CharProcs=glyphs, FirstChar=49, LastChar=49, Widths=[9], Resources=pikepdf.Dictionary(),
        Encoding=pikepdf.Dictionary(Type=pikepdf.Name.Encoding, Differences=[49, pikepdf.Name.one]),
    )  # fmt: skip
    page = pdf.pages[0].obj
    page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=pdf.make_indirect(font)))
    page.Contents = pikepdf.Array([page.Contents, pdf.make_stream(b"BT /F 30 Tf 50 50 Td (1) Tj ET")])


def second_tree(pdf: pikepdf.Pdf) -> None:
    """Hide and replace: a whole second page tree that nothing shows."""
    leaf = pikepdf.Dictionary(
        Type=pikepdf.Name.Page, MediaBox=[0, 0, 595, 842], Contents=pdf.make_stream(BLACK)
    )
    tree = pdf.make_indirect(
        pikepdf.Dictionary(Type=pikepdf.Name.Pages, Count=1, Kids=[pdf.make_indirect(leaf)])
    )
    tree.Kids[0].Parent = tree
    pdf.Root.PieceInfo = pikepdf.Dictionary(Hidden=tree)


def layers(pdf: pikepdf.Pdf) -> None:
    """An optional content group over the page, now off."""
    group = pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.OCG, Name=pikepdf.String("x")))
    pdf.Root.OCProperties = pikepdf.Dictionary(
        OCGs=[group], D=pdf.make_indirect(pikepdf.Dictionary(OFF=[group], Order=[group]))
    )
    page = pdf.pages[0].obj
    page.Resources = pikepdf.Dictionary(Properties=pikepdf.Dictionary(Layer=group))
    page.Contents = pikepdf.Array([page.Contents, pdf.make_stream(b"/OC /Layer BDC " + BLACK + b" EMC")])


def own(seen: Seen, *path: str) -> int:
    """The number of the object at the end of `path`, from the first page."""
    holder = seen.get(seen.page)
    for key in path[:-1]:
        holder = holder[key]
    return int(holder.raw_get(path[-1]).idnum)


def uncover(document: bytes) -> bytes:
    seen = Seen(document)
    blank = stream(b"", b"/Type /XObject /Subtype /Form /BBox [0 0 1 1]")
    return revised(document, [(own(seen, "/Resources", "/XObject", "/Cover"), blank)])


def uncover_by_the_catalog(document: bytes) -> bytes:
    """The cover's number now names the catalog, under cover of validation material."""
    seen = Seen(document)
    catalog = seen.text(
        seen.root, DSS=b"<< /Certs [%d 0 R] >>" % own(seen, "/Resources", "/XObject", "/Cover")
    )
    return revised(
        document, [(seen.root, catalog), (own(seen, "/Resources", "/XObject", "/Cover"), stream(b""))]
    )


def other_digits(document: bytes) -> bytes:
    seen = Seen(document)
    font = own(seen, "/Resources", "/Font", "/F")
    encoding = b"<< /Type /Encoding /Differences [49 /nine] >>"
    return revised(document, [(font, seen.text(font, Encoding=encoding))])


def other_glyph(document: bytes) -> bytes:
    seen = Seen(document)
    glyphs = seen.get(own(seen, "/Resources", "/Font", "/F"))["/CharProcs"]
    return revised(document, [(int(glyphs.raw_get("/one").idnum), stream(BLACK))])


def other_tree(document: bytes) -> bytes:
    seen = Seen(document)
    hidden = seen.reader.root["/PieceInfo"].raw_get("/Hidden").idnum
    return revised(document, [(seen.root, seen.text(seen.root, Pages=b"%d 0 R" % hidden))])


def other_tree_by_its_number(document: bytes) -> bytes:
    """Only places change: the page tree's number now leads to the hidden tree."""
    seen = Seen(document)
    tree, hidden = (seen.reader.root.raw_get("/Pages"), seen.reader.root["/PieceInfo"].raw_get("/Hidden"))
    place = seen.reader.xrefs[hidden.reference]
    where = place if isinstance(place, int) else (place.obj_stream_id, place.ix_in_stream)
    return revised(document, [(seen.root, seen.text(seen.root, DSS=b"<<>>"))], places={tree.idnum: where})


def layers_on(document: bytes) -> bytes:
    seen = Seen(document)
    config = seen.reader.root["/OCProperties"].raw_get("/D").idnum
    return revised(document, [(config, seen.text(config, OFF=b"[]"))])


def other_root(document: bytes) -> bytes:
    """A second catalog beside the first one."""
    seen = Seen(document)
    hidden = seen.reader.root["/PieceInfo"].raw_get("/Hidden").idnum
    catalog = seen.text(seen.root, Pages=b"%d 0 R" % hidden)
    return revised(document, [(seen.free, catalog)], trailer=b"/Root %d 0 R " % seen.free)


SHADOWS: list[tuple[Prepare, Switch]] = [
    (cover, uncover),
    (cover, uncover_by_the_catalog),
    (fonts, other_digits),
    (fonts, other_glyph),
    (second_tree, other_tree),
    (second_tree, other_root),
    (layers, layers_on),
]
BROKEN = (second_tree, other_tree_by_its_number)  #: with a head that bears another number


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("prepare", "switch"), [*SHADOWS, BROKEN], ids=lambda made: made.__name__)
def test_a_prepared_shadow_is_not_let_out(
    prepare: Prepare, switch: Switch, mode: str, desk: Desk, sheet: Sheet
) -> None:
    stamped = desk.affix(sheet(edit=prepare, object_stream_mode=MODES[mode]))
    assert desk.judge(stamped).is_genuine, "what the stamp signed is what everyone sees"
    switched = switch(stamped)
    assert switched != stamped
    assert not desk.judge(switched).is_genuine
    with suppress(Refusal):  # the next stamp heals nothing, where it can be affixed at all
        assert not desk.judge(desk.affix(switched, OTHER_SERIAL, x_pt=300)).is_genuine


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("prepare", "switch"), SHADOWS, ids=lambda made: made.__name__)
def test_a_shadow_let_out_before_stamping_is_what_the_stamp_signs(
    prepare: Prepare, switch: Switch, mode: str, desk: Desk, sheet: Sheet
) -> None:
    """The same switch, thrown in time: the document that was stamped is the one that is shown."""
    switched = switch(sheet(edit=prepare, object_stream_mode=MODES[mode]))
    assert desk.judge(desk.affix(switched)).is_genuine


@pytest.mark.parametrize("ending", [b" 0 R", b" 00000 R", b"%c\n0 R", b"\t0\r\n%c\rR", b" 0\0R"])
def test_a_page_that_waits_for_an_object_is_not_stamped_or_not_shown(
    ending: bytes, desk: Desk, sheet: Sheet
) -> None:
    """The page names an object that is not there; validation material brings it."""
    plain = sheet(object_stream_mode=pikepdf.ObjectStreamMode.disable)
    seen = Seen(plain)
    contents = b"[%s 90%s]" % (seen.raw(seen.page, "/Contents"), ending)
    waiting = revised(plain, [(seen.page, seen.text(seen.page, Contents=contents))])
    try:
        inspect(waiting)
        stamped = desk.affix(waiting)
    except Refusal:
        return
    seen = Seen(stamped)
    store = b"<< /Certs [90 0 R] >>"
    brought = revised(stamped, [(seen.root, seen.text(seen.root, DSS=store)), (90, stream(BLACK))])
    assert not desk.judge(brought).is_genuine
