"""The doorbell's channels for stamps: hints that save waiting, on which nothing rests."""

from __future__ import annotations

from typing import Final

WAITING: Final = "stamp_waiting"  #: payload: the shard in which a stamp waits for a worker
ENDED: Final = "stamp_ended"  #: payload: the stamp's id
