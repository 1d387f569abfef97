"""What the operator has decided, in one file that gate and web look at: is the room open, and its rules."""

from __future__ import annotations

from typing import Final, Self

import msgspec

from bubuh.waitingroom.lanes import DEFAULT_RULES, RoomRules

ROOM_FILE: Final = "room.json"


class RoomFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An open room lets in by turn; while it is not open everyone goes in as they come."""

    is_open: bool = False
    rules: RoomRules = DEFAULT_RULES
    why: str = ""  #: what people are told when it is slow: one word of the page's list

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """What `show` showed; raises msgspec.DecodeError."""
        return msgspec.json.decode(raw, type=cls)

    def show(self) -> str:
        """For the file."""
        return msgspec.json.format(msgspec.json.encode(self)).decode() + "\n"
