"""Pictures of pages that were drawn lately, which are personal data: in memory alone, bounded, not for long.

Whoever asks for one has looked first whether it is the asker's, and whether the document still has its key.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.pdf.picture import Picture

LASTS_S: Final = 600.0  #: since it was drawn: a citizen needs a few minutes from the upload to the stamp
_BESIDE_BYTES: Final = 1_000  # what an entry takes beside its picture, about


class PictureOf(NamedTuple):
    """What a picture shows. All are of one width."""

    account_id: AccountId
    document_id: UUID
    revision: int  #: 0: the original, or what it was normalised to
    page: int  #: from 1


class Pictures:
    """At most `most_bytes` of them, those longest not asked for going first. One for each process."""

    def __init__(self, most_bytes: int, *, clock_s: Callable[[], float] = time.monotonic) -> None:
        """Empty. With 0 bytes it stays so."""
        self._most_bytes = most_bytes
        self._clock_s = clock_s
        self._kept: OrderedDict[PictureOf, tuple[float, Picture]] = OrderedDict()
        self.size_bytes = 0

    def find(self, of: PictureOf) -> Picture | None:
        """It, when it was drawn lately and is still here."""
        found = self._kept.get(of)
        if found is None:
            return None
        drawn_at_s, picture = found
        if self._clock_s() - drawn_at_s > LASTS_S:
            self._drop(of)
            return None
        self._kept.move_to_end(of)
        return picture

    def keep(self, of: PictureOf, picture: Picture) -> None:
        """Have it at hand, at the cost of others."""
        self._drop(of)
        self._kept[of] = self._clock_s(), picture
        self.size_bytes += _size_bytes(picture)
        while self.size_bytes > self._most_bytes:
            self._drop(next(iter(self._kept)))

    def _drop(self, of: PictureOf) -> None:
        found = self._kept.pop(of, None)
        if found is not None:
            self.size_bytes -= _size_bytes(found[1])


def _size_bytes(picture: Picture) -> int:
    return len(picture.webp) + _BESIDE_BYTES
