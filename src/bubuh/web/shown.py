"""How figures are written on pages: moments in western Indonesian time, rupiah, sizes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import partial
from types import MappingProxyType
from typing import Final

from markupsafe import Markup, escape

from bubuh.core.ids import show_account, show_id
from bubuh.edge import figures
from bubuh.edge.figures import rupiah
from bubuh.edge.words import Language

_AT: Final = Markup('<span class="at">')
_END: Final = Markup("</span>")
_MOMENT: Final = re.compile(r"\d\d-\d\d-\d{4} \d\d\.\d\d\.\d\d\N{NO-BREAK SPACE}WIB", re.ASCII)


def moment(at: datetime) -> Markup:
    """22-11-2026 14.05.09 WIB, which no line breaks."""
    return _AT + figures.moment(at) + _END


def unbroken(text: str) -> Markup:
    """A sentence that `edge` says; no line breaks the moments in it."""
    return Markup(_MOMENT.sub(lambda found: _AT + found[0] + _END, escape(text)))  # noqa: S704 -- escaped


def day(of: date | str) -> Markup:
    """A date, or its ISO 8601 text, as moments are written: 22-11-2026. Another text is shown as it is."""
    try:
        read = of if isinstance(of, date) else date.fromisoformat(of)
    except ValueError:
        return escape(of)
    return _AT + f"{read:%d-%m-%Y}" + _END


def size(count_bytes: int, *, language: Language) -> str:
    """A file's size: 812 KB, 1,2 MB; 1.2 MB in English."""
    if count_bytes < 1_000_000:
        return f"{max(1, round(count_bytes / 1000))} KB"
    told = f"{count_bytes / 1_000_000:.1f} MB"
    return told if language is Language.EN else told.replace(".", ",")


def _shown_in(language: Language) -> Mapping[str, Callable[..., str]]:
    return MappingProxyType(
        {
            "moment": moment,
            "unbroken": unbroken,
            "day": day,
            "rupiah": rupiah,
            "size": partial(size, language=language),
            "show_id": show_id,
            "show_account": show_account,
        }
    )


#: what templates write figures with
SHOWN: Final[Mapping[Language, Mapping[str, Callable[..., str]]]] = MappingProxyType(
    {language: _shown_in(language) for language in Language}
)
