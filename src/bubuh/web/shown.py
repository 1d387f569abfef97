"""How figures are written on pages: moments in western Indonesian time, rupiah, sizes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from bubuh.core.ids import show_account, show_id
from bubuh.edge.figures import moment, rupiah


def size(count_bytes: int) -> str:
    """A file's size: 812 KB, 1,2 MB."""
    if count_bytes < 1_000_000:
        return f"{max(1, round(count_bytes / 1000))} KB"
    return f"{count_bytes / 1_000_000:.1f} MB".replace(".", ",")


SHOWN: Final[Mapping[str, Callable[..., str]]] = MappingProxyType(
    {"moment": moment, "rupiah": rupiah, "size": size, "show_id": show_id, "show_account": show_account}
)
