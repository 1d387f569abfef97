"""What in a document can act. What acts by itself is refused; what waits for a reader's hand is flagged.

A stamp vouches for what its reader sees: a document must not start programs, or show or send something else,
because it was opened. To refuse all that could ever act would refuse one harmless document in ten: forms
check dates with scripts, letters have links.

Source: ISO 32000-2, 12.6 (actions), 12.7.6 (forms), 13 (media), 7.11 (files).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import pikepdf

from bubuh.pdf.intake.attachments import refuse_program
from bubuh.pdf.intake.flags import Flag
from bubuh.pdf.intake.survey import Item, dictionaries, name_of
from bubuh.pdf.refusals import DocumentRefused, Reason

#: Only objects with one of these names are opened.
_INTERESTING: Final = re.compile(
    rb"/(?:AA|JS|JavaScript|Launch|SubmitForm|ImportData|URI|GoTo[ER]|Movie|Sound|Rendition|RichMedia\w*|Screen"
    rb"|3D|Hide|SetOCGState|FileAttachment|EF|EmbeddedFile|Ref) |/F (?:[(<]|\d+ \d+ R)"
)
_MOST_CHAINED: Final = 64

#: Actions that may follow the opening of a document: they move within it.
_MOVES: Final = frozenset({"/GoTo", "/Named", "/Thread", "/Trans", "/GoTo3DView", "/GoToDp"})
_REFUSED: Final[Mapping[str, Reason]] = MappingProxyType(
    {"/JavaScript": Reason.JAVASCRIPT, "/Launch": Reason.LAUNCH}
)
#: What an action is when it waits for a click.
_FLAGGED: Final[Mapping[str, Flag]] = MappingProxyType(
    {
        "/JavaScript": Flag.SCRIPT,
        "/SubmitForm": Flag.FORM_SENDS,
        "/ImportData": Flag.FORM_SENDS,
        "/URI": Flag.LINK,
        "/GoToR": Flag.LINK,
        "/GoToE": Flag.LINK,
        "/Movie": Flag.MEDIA,
        "/Sound": Flag.MEDIA,
        "/Rendition": Flag.MEDIA,
        "/RichMediaExecute": Flag.MEDIA,
        "/Hide": Flag.LAYERS,
        "/SetOCGState": Flag.LAYERS,
    }
)
_ANNOTATIONS: Final[Mapping[str, Flag]] = MappingProxyType(
    {
        "/FileAttachment": Flag.ATTACHMENT,
        "/Movie": Flag.MEDIA,
        "/Sound": Flag.MEDIA,
        "/Screen": Flag.MEDIA,
        "/RichMedia": Flag.MEDIA,
        "/3D": Flag.MEDIA,
    }
)
#: Triggers that no hand pulls, by what they belong to; a field's /C is another. Source: ISO 32000-2, 12.6.3
_OF_PAGES: Final = ("/O", "/C")
_OF_THE_CATALOG: Final = ("/WC", "/WS", "/DS", "/WP", "/DP")
_OF_ANNOTATIONS: Final = ("/PO", "/PC", "/PV", "/PI")


def check_active(pdf: pikepdf.Pdf, items: Iterable[Item]) -> frozenset[Flag]:
    """What of `pdf`, whose objects are `items`, waits for a hand; raises `DocumentRefused` for what does not.

    Launching a program is refused even behind a click: no reader expects it of a letter.
    """
    interesting = [item for item in items if _INTERESTING.search(item.text)]
    found = [holder for item in interesting for holder in dictionaries(item.holder)]
    for action in _unasked(pdf, found):
        _refuse_unasked(action)
    flags = {flag for holder in found for flag in _flags(holder)}
    for item in interesting:
        _refuse_external(item)
    return frozenset(flags | _layers(pdf))


def _unasked(pdf: pikepdf.Pdf, holders: Iterable[Any]) -> Iterator[Any]:
    """The actions that follow the opening, turning, printing, saving or closing of something."""
    scripts = _under(pdf.Root, "/Names", "/JavaScript")
    if any(len(scripts.get(key, ())) for key in ("/Names", "/Kids")):
        raise DocumentRefused(reason=Reason.JAVASCRIPT, where="document")
    yield from _chain(pdf.Root.get("/OpenAction"))
    for holder in holders:
        triggers = _under(holder, "/AA")
        of_field = "/FT" in holder or "/T" in holder or name_of(holder, "/Subtype") == "/Widget"
        for key in (*(() if of_field else _OF_PAGES), *_OF_THE_CATALOG, *_OF_ANNOTATIONS):
            yield from _chain(triggers.get(key))


def _chain(action: Any) -> Iterator[Any]:
    """An action and those that follow it; a destination is none."""
    ahead = [action]
    for _ in range(_MOST_CHAINED):
        if not ahead:
            return
        found = ahead.pop()
        if isinstance(found, pikepdf.Array):
            ahead.extend(item for item in found if isinstance(item, pikepdf.Dictionary))
        elif isinstance(found, pikepdf.Dictionary):
            yield found
            ahead.append(found.get("/Next"))
    raise DocumentRefused(reason=Reason.TOO_DEEP)


def _refuse_unasked(action: Any) -> None:
    kind = name_of(action, "/S")
    if kind and kind not in _MOVES:
        raise DocumentRefused(reason=_REFUSED.get(kind, Reason.ACTS_ALONE), action=kind[1:][:40])


def _flags(holder: Any) -> Iterator[Flag]:
    kind = name_of(holder, "/S")
    if kind == "/Launch":
        raise DocumentRefused(reason=Reason.LAUNCH)
    if kind in _FLAGGED:
        yield _FLAGGED[kind]
    if "/JS" in holder:
        yield Flag.SCRIPT
    annotation = name_of(holder, "/Subtype")
    if annotation in _ANNOTATIONS:
        yield _ANNOTATIONS[annotation]
    if isinstance(holder.get("/EF"), pikepdf.Dictionary) or name_of(holder, "/Type") == "/EmbeddedFile":
        refuse_program(holder)
        yield Flag.ATTACHMENT


def _refuse_external(item: Item) -> None:
    """Refuse what shows a page of another file, or takes a stream's bytes from one."""
    if not item.is_stream:
        return
    if (
        isinstance(item.holder.get("/Ref"), pikepdf.Dictionary)
        and name_of(item.holder, "/Subtype") == "/Form"
    ):
        raise DocumentRefused(reason=Reason.EXTERNAL_CONTENT)
    if isinstance(item.holder.get("/F"), (pikepdf.String, pikepdf.Dictionary)):
        raise DocumentRefused(reason=Reason.EXTERNAL_CONTENT)


def _layers(pdf: pikepdf.Pdf) -> frozenset[Flag]:
    """Whether something is hidden at first, or shown by circumstance: printed, zoomed, by language."""
    shown = _under(pdf.Root, "/OCProperties", "/D")
    is_switched = name_of(shown, "/BaseState") == "/OFF" or any(
        len(shown.get(key, ())) for key in ("/OFF", "/AS")
    )
    return frozenset({Flag.LAYERS}) if is_switched else frozenset()


def _under(holder: Any, *keys: str) -> Any:
    """The dictionary under these keys, one within the other; an empty one when any is missing."""
    for key in keys:
        holder = holder.get(key)
        if not isinstance(holder, pikepdf.Dictionary):
            return {}
    return holder
