"""What a page looks like, as a picture that crosses from the sandbox to its owner."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

MOST_PIXELS: Final = 1_500_000
MOST_SIDE_PX: Final = 4_096
MOST_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A page as its reader sees it; the picture's edges are the page's."""

    width_px: int
    height_px: int
    webp: bytes = field(repr=False)

    def is_sound(self) -> bool:
        """Whether it can be what `draw_page` makes: in its bounds, and called WebP by its first bytes.

        Source: RFC 9649, 2.4.
        """
        return (
            1 <= self.width_px <= MOST_SIDE_PX
            and 1 <= self.height_px <= MOST_SIDE_PX
            and self.width_px * self.height_px <= MOST_PIXELS
            and len(self.webp) <= MOST_BYTES
            and self.webp[:4] == b"RIFF"
            and self.webp[8:12] == b"WEBP"
        )
