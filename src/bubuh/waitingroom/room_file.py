"""What the operator has decided, in one file that gate and web look at: is the room open, and its rules."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Final, Self

import msgspec
import structlog

from bubuh.db.rights import write_whole
from bubuh.waitingroom.draw import DrawPlan, Order
from bubuh.waitingroom.lanes import DEFAULT_RULES, RoomRules
from bubuh.waitingroom.turn import read_bytes

log: Final = structlog.get_logger("bubuh.waitingroom")

ROOM_FILE: Final = "room.json"
NOW_FILE: Final = "public/now.json"  #: the gate's word, for everybody


class Why(StrEnum):
    """Words of the waiting page for what makes it slow."""

    PAYMENT = "bayar"
    BUSY = "server"
    MAINTENANCE = "rawat"
    AWAY = "henti"


class LaneNow(msgspec.Struct, frozen=True, array_like=True):
    """Where a lane stands; the last three for one with a deadline."""

    id: int
    serving: int
    issued: int
    pace: float  #: numbers called a second
    show: float  #: the part of them that comes
    deadline_at: int = 0
    verdict: str = ""  #: on whoever joins now
    cut: int = 0  #: the last number that can be called before it


class Now(msgspec.Struct, frozen=True, kw_only=True):
    """What `now.json` says."""

    t: int  #: seconds since 1970
    open: bool
    lanes: dict[str, LaneNow]
    draw: tuple[str, dict[int, int | tuple[int, int]]] | None = None  #: see `gate.now.compose`

    def is_drawn(self, lane_id: int) -> bool:
        """Whether every number of the lane has a place: no draw is to come in it."""
        return self.draw is None or not isinstance(self.draw[1].get(lane_id), int)

    def place(self, lane_id: int, number: int) -> int | None:
        """Where a number of the lane stands; None: it waits for a draw. The page computes the same."""
        drawn = None if self.draw is None else self.draw[1].get(lane_id)
        if drawn is None or self.draw is None:
            return number
        if isinstance(drawn, int):
            return None if number > drawn else number
        base, last = drawn
        if not base < number <= last:
            return number
        order = Order(read_bytes(self.draw[0]), lane=lane_id, size=last - base)
        return base + 1 + order.place(number - base - 1)


class _Told(msgspec.Struct, frozen=True):
    now: Now


class RoomFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An open room lets in by turn; while it is not open everyone goes in as they come."""

    is_open: bool = False
    rules: RoomRules = DEFAULT_RULES
    why: Why | None = None  #: what people are told when it is slow
    draw: DrawPlan | None = None  #: who joins before the opening is called in a drawn order

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """What `show` showed; raises msgspec.DecodeError."""
        return msgspec.json.decode(raw, type=cls)

    def show(self) -> str:
        """For the file."""
        return msgspec.json.format(msgspec.json.encode(self)).decode() + "\n"


class Watched:
    """The file in `folder` as a process that runs sees it; `first` until it was looked at."""

    def __init__(self, folder: Path, first: RoomFile) -> None:
        self.file = first
        self._folder = folder
        self._seen = 0

    def look(self) -> bool:
        """Whether anything was decided since the last look. A file that cannot be used changes nothing."""
        path = self._folder / ROOM_FILE
        changed = path.stat().st_mtime_ns if path.exists() else 0
        if changed == self._seen:
            return False
        self._seen = changed
        try:
            self.file = read_room_file(self._folder)
        except ValueError:
            log.exception("room_file_unusable", path=str(path), meaning="the rules of before go on")
            return False
        return True

    def now(self) -> Now | None:
        """Where the lanes stand, as the gate said last; None where it said nothing yet."""
        path = self._folder / NOW_FILE
        return read_now(path.read_bytes()) if path.exists() else None


def read_now(raw: bytes) -> Now:
    """What `now.json` says; raises msgspec.DecodeError. Its signature is for those who fetch it elsewhere."""
    return msgspec.json.decode(raw, type=_Told).now


def read_room_file(folder: Path) -> RoomFile:
    """What the operator decided; nothing yet: the room is not open. Raises ValueError."""
    path = folder / ROOM_FILE
    return RoomFile.parse(path.read_bytes()) if path.exists() else RoomFile()


def write_room_file(folder: Path, file: RoomFile, *, uid: int | None) -> None:
    """Decide; whole or not at all."""
    write_whole(folder / ROOM_FILE, file.show(), mode=0o644, uid=uid)
