"""How figures are written on pages: moments in western Indonesian time, rupiah, sizes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Final

from markupsafe import Markup, escape

from bubuh.core.ids import show_account, show_id
from bubuh.edge import figures
from bubuh.edge.figures import rupiah

_AT: Final = Markup('<span class="at">')
_END: Final = Markup("</span>")


def moment(at: datetime) -> Markup:
    """22-11-2026 14.05.09 WIB, which no line breaks."""
    return _AT + figures.moment(at) + _END


def day(of: date | str) -> Markup:
    """A date, or its ISO 8601 text, as moments are written: 22-11-2026. Another text is shown as it is."""
    try:
        read = of if isinstance(of, date) else date.fromisoformat(of)
    except ValueError:
        return escape(of)
    return _AT + f"{read:%d-%m-%Y}" + _END


def size(count_bytes: int) -> str:
    """A file's size: 812 KB, 1,2 MB."""
    if count_bytes < 1_000_000:
        return f"{max(1, round(count_bytes / 1000))} KB"
    return f"{count_bytes / 1_000_000:.1f} MB".replace(".", ",")


SHOWN: Final[Mapping[str, Callable[..., str]]] = MappingProxyType(
    {
        "moment": moment,
        "day": day,
        "rupiah": rupiah,
        "size": size,
        "show_id": show_id,
        "show_account": show_account,
    }
)
