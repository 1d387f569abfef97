"""The doorbell's channels for stamps: hints that save waiting, on which nothing rests."""

from __future__ import annotations

from typing import Final

WAITING: Final = "stamp_waiting"  #: payload: the shard in which a stamp waits for a worker
LEVEL_WANTED: Final = "level_wanted"  #: payload: the shard in which a level beyond B-B is to be settled
SETTLED: Final = "level_settled"  #: payload: the stamp's id
ENDED: Final = "stamp_ended"  #: payload: the stamp's id
