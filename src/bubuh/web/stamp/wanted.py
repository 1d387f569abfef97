"""What somebody filled in about a stamp: read from the form, shown again, and made into a request."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from bubuh.documents.model import Document
from bubuh.pdf.geometry import to_page_space
from bubuh.pdf.model import PageBox, Place
from bubuh.pdf.refusals import FaceSize, OutsidePage, PageOutOfRange
from bubuh.stamping.model import WantedStamp
from bubuh.web.forms import Form
from bubuh.web.stamp.places import kept, read_kept
from bubuh.web.stamp.presets import USUAL_SIDE_PT, Preset, place_of

LONGEST_TEXT: Final = 64  #: characters of a deed's kind and of its number

#: What a form carries on from page to page.
FIELDS: Final = ("page", "preset", "x", "y", "side", "type", "number", "date", "more")

_LONGEST_MORE: Final = 600
_DIGITS: Final = re.compile(r"[0-9]{1,6}", re.ASCII)
_FIGURE: Final = re.compile(r"[0-9]{1,6}([.,][0-9]{1,6})?", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")

Say = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """The fields as they were typed."""

    page: str = "1"
    preset: str = str(Preset.BOTTOM_RIGHT)
    x: str = ""
    y: str = ""
    side: str = f"{USUAL_SIDE_PT:g}"
    type: str = ""
    number: str = ""
    date: str = ""
    more: str = ""  #: the document's other places, as `places.kept` writes them

    @classmethod
    def of(cls, form: Form) -> Filled:
        """What `form` holds."""
        texts = {name: form.text(name, most=LONGEST_TEXT + 1) for name in FIELDS}
        return cls(**{**texts, "more": form.text("more", most=_LONGEST_MORE)})

    def at(self, place: Place, others: Sequence[Place]) -> Filled:
        """The same particulars, for `place` in figures and with `others` beside it."""
        return replace(
            self,
            page=f"{place.page}",
            preset=str(Preset.NUMBERS),
            x=figure(place.x_pt),
            y=figure(place.y_pt),
            side=figure(place.side_pt),
            more=kept(others),
        )

    def others(self, document: Document) -> tuple[Place, ...]:
        """The other places; raises `UnreadableRequest`, and as `place` does: no page of ours sends such."""
        found = read_kept(self.more)
        for place in found:
            to_page_space(place, _box(document, place.page))
        return found

    def page_no(self) -> int:
        """The page; 0 where none is named, which no document has."""
        return int(self.page) if _DIGITS.fullmatch(self.page) else 0

    def side_pt(self) -> float:
        """The face's side; not a number where none is written."""
        return _figure(self.side)

    def place(self, document: Document) -> Place:
        """Where the face goes; raises `PageOutOfRange`, `FaceSize`, `OutsidePage` as the API does."""
        page = self.page_no()
        box, side_pt = _box(document, page), self.side_pt()
        preset = Preset(self.preset) if self.preset in set(Preset) else Preset.NUMBERS
        if preset is Preset.NUMBERS:
            found = Place(page=page, x_pt=_figure(self.x), y_pt=_figure(self.y), side_pt=side_pt)
        else:
            found = place_of(preset, page, box, side_pt=0.0 if math.isnan(side_pt) else side_pt)
        to_page_space(found, box)
        return found

    def wanted(self, document: Document, place: Place) -> WantedStamp:
        """The stamp that is asked for, once `missing` finds nothing."""
        return WantedStamp(
            document_id=document.id,
            place=place,
            document_type=self.type,
            document_no=self.number,
            document_date=date.fromisoformat(self.date),
        )

    def missing(self, say: Say) -> dict[str, str]:
        """What is wrong with the particulars, in words, by field."""
        errors = {}
        if not _is_text(self.type):
            errors["type"] = say("Tulis jenis dokumen, paling banyak 64 huruf.")
        if not _is_text(self.number):
            errors["number"] = say(
                "Tulis nomor dokumen, paling banyak 64 huruf. Tidak bernomor? Tulis tanda -."
            )
        try:
            date.fromisoformat(self.date)
        except ValueError:
            errors["date"] = say("Tulis tanggal dokumen, misalnya 2026-11-22.")
        return errors


def figure(length_pt: float) -> str:
    """A length as a field shows it: hundredths of a point, no more digits than needed."""
    return f"{length_pt:.2f}".rstrip("0").rstrip(".")


def field_of(refusal: PageOutOfRange | FaceSize | OutsidePage) -> str:
    """The name of the field that a refused place is told beside."""
    match refusal:
        case PageOutOfRange():
            return "page"
        case FaceSize():
            return "side"
        case _:
            return (refusal.pointer or "/x").lstrip("/")


def _box(document: Document, page: int) -> PageBox:
    if not 1 <= page <= len(document.boxes):
        raise PageOutOfRange(page=page, pages=len(document.boxes))
    return document.boxes[page - 1]


def _figure(text: str) -> float:
    """A length in points; not a number where none is written, which fits on no page."""
    return float(text.replace(",", ".")) if _FIGURE.fullmatch(text) else math.nan


def _is_text(text: str) -> bool:
    return 0 < len(text) <= LONGEST_TEXT and _CONTROL.search(text) is None
