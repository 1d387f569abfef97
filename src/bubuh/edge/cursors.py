"""Opaque cursors: where a list goes on. Newest first, ordered by (time, id), never by offset."""

from __future__ import annotations

import base64
import binascii
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self
from uuid import UUID

from bubuh.edge.refusals import UnreadableRequest

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SHAPE: Final = struct.Struct(">q16s")
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """The last row a reader has seen."""

    at: datetime  #: aware
    id: UUID
    kind: str = ""  #: where one id may stand in a list more than once

    def show(self) -> str:
        """Its text: URL-safe, without meaning to its reader."""
        micros = (self.at - _EPOCH) // _MICROSECOND
        raw = _SHAPE.pack(micros, self.id.bytes) + self.kind.encode()
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    @classmethod
    def read(cls, text: str) -> Self:
        """The cursor that `text` shows; raises `UnreadableRequest` for any other text."""
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            micros, raw_id = _SHAPE.unpack(raw[: _SHAPE.size])
            at = _EPOCH + timedelta(microseconds=micros)
            return cls(at=at, id=UUID(bytes=raw_id), kind=raw[_SHAPE.size :].decode("ascii"))
        except (ValueError, binascii.Error, struct.error, OverflowError) as error:
            raise UnreadableRequest(expected="a cursor that a list has given", parameter="after") from error
