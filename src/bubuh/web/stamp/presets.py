"""Places on a page that have a name: corners and middle, with room to the edge where the page has it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from bubuh.pdf.geometry import seen_size
from bubuh.pdf.model import PageBox, Place

MARGIN_PT: Final = 36.0
USUAL_SIDE_PT: Final = 80.0


class Preset(StrEnum):
    """Where the face goes; `NUMBERS`: where its owner's figures say."""

    BOTTOM_RIGHT = "kanan-bawah"
    BOTTOM_LEFT = "kiri-bawah"
    TOP_RIGHT = "kanan-atas"
    TOP_LEFT = "kiri-atas"
    MIDDLE = "tengah"
    NUMBERS = "angka"


#: Those that a place can be asked of, in the order in which they are proposed.
NAMED: Final = tuple(preset for preset in Preset if preset is not Preset.NUMBERS)

#: How much of the room to the left, and above, is left free.
_SHARES: Final[Mapping[Preset, tuple[float, float]]] = MappingProxyType(
    {
        Preset.BOTTOM_RIGHT: (1.0, 1.0),
        Preset.BOTTOM_LEFT: (0.0, 1.0),
        Preset.TOP_RIGHT: (1.0, 0.0),
        Preset.TOP_LEFT: (0.0, 0.0),
        Preset.MIDDLE: (0.5, 0.5),
    }
)


def place_of(preset: Preset, page: int, box: PageBox, *, side_pt: float) -> Place:
    """The face at `preset` of a page, to a tenth of a point; on a page too small for the margin, without."""
    across, down = _SHARES[preset]
    wide, high = seen_size(box)
    return Place(
        page=page, x_pt=_along(wide, side_pt, across), y_pt=_along(high, side_pt, down), side_pt=side_pt
    )


def _along(length_pt: float, side_pt: float, share: float) -> float:
    free_pt = length_pt - side_pt
    margin_pt = max(0.0, min(MARGIN_PT, free_pt / 2))
    return round(margin_pt + share * (free_pt - 2 * margin_pt), 1)
