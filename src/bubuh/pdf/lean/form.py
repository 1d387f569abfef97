"""Tell a page and the form of a new widget: the array that lists it is written again, and nothing else."""

from __future__ import annotations

from typing import Final

from bubuh.pdf.lean.declined import Declined, Why
from bubuh.pdf.lean.pages import Page
from bubuh.pdf.lean.reader import Objects
from bubuh.pdf.lean.splice import Changes
from bubuh.pdf.lean.tokens import Dictionary, Ref, Span, dictionary, integer, reference, references, text

SIGNATURES_EXIST_APPEND_ONLY: Final = 3  #: /SigFlags. Source: ISO 32000-2, table 225
MOST_FIELDS: Final = 2000


def add_annotation(document: Objects, changes: Changes, page: Page, widget: bytes) -> None:
    """Append `widget`, a reference, to the page's annotations."""
    _append(document, changes, page.ref, page.dictionary, b"/Annots", widget, why=Why.ANNOTATIONS)


def add_field(
    document: Objects, changes: Changes, root: tuple[Ref, Dictionary], widget: bytes, name: str
) -> None:
    """Append `widget` to the form's fields, none of which may be called `name` already."""
    root_ref, catalog = root
    written = catalog.values.get(b"/AcroForm")
    if written is None:
        fresh = b"<< /Fields [%s] /SigFlags %d >>" % (widget, SIGNATURES_EXIST_APPEND_ONLY)
        changes.put(root_ref, catalog, b"/AcroForm", fresh)
        return
    ref = reference(written)
    if ref is None:
        holder, form, whole = root_ref, _inline(catalog, b"/AcroForm"), catalog.span
    else:
        holder, form = ref, document.dictionary(ref)
        whole = form.span
    if b"/XFA" in form.values:
        raise Declined(Why.XFA)
    _refuse_name(document, document.resolved(form.values.get(b"/Fields")), name)
    _append(document, changes, holder, form, b"/Fields", widget, why=Why.FORM, whole=whole)
    flags = form.values.get(b"/SigFlags")
    now = 0 if flags is None else integer(flags)
    if now | SIGNATURES_EXIST_APPEND_ONLY != now:
        merged = b"%d" % (now | SIGNATURES_EXIST_APPEND_ONLY)
        changes.put(holder, form, b"/SigFlags", merged, whole=whole)


def _inline(holder: Dictionary, key: bytes) -> Dictionary:
    """A dictionary that is written within another, where it lies in the same buffer."""
    return dictionary(holder.data, holder.place(key)[0])


def _append(
    document: Objects,
    changes: Changes,
    ref: Ref,
    holder: Dictionary,
    key: bytes,
    item: bytes,
    *,
    why: Why,
    whole: Span | None = None,
) -> None:
    written = holder.values.get(key)
    if written is None:
        changes.put(ref, holder, key, b"[%s]" % item, whole=whole)
    elif (target := reference(written)) is not None:
        changes.append(target, *document.array(target), item)
    elif written.startswith(b"["):
        changes.append(ref, holder.data, holder.place(key), item, whole=whole or holder.span)
    else:
        raise Declined(why, "not an array")


def _refuse_name(document: Objects, fields: bytes | None, name: str) -> None:
    """Decline when a field is called `name`; the names of kids have a dot in them and cannot be it.

    But for the kids of a field without a name, which are called what they say themselves.
    """
    kids = [] if fields is None else references(fields)
    if len(kids) > MOST_FIELDS or len(set(kids)) != len(kids):
        raise Declined(Why.FORM, "too many fields, or one twice")
    ahead, seen = list(kids), set(kids)
    while ahead:
        field_ref = ahead.pop()
        field = document.dictionary(field_ref)
        own = text(document.string(field.values.get(b"/T"), field_ref))
        if own == name:
            raise Declined(Why.SERIAL_PRESENT)
        if not own and b"/Kids" in field.values:
            under = references(document.resolved(field.values[b"/Kids"]) or b"[]")
            ahead += [kid for kid in dict.fromkeys(under) if kid not in seen]
            seen.update(under)
            if len(seen) > MOST_FIELDS:
                raise Declined(Why.FORM, "too many fields")
