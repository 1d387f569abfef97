"""Opaque cursors: where a list goes on. Newest first, by time and id or by number, never by offset."""

from __future__ import annotations

import base64
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self
from uuid import UUID

from bubuh.edge.refusals import UnreadableRequest

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENT: Final = struct.Struct(">q16s")
_NUMBER: Final = struct.Struct(">q")
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """The last row a reader has seen."""

    at: datetime  #: aware
    id: UUID

    def show(self) -> str:
        """Its text: URL-safe, without meaning to its reader."""
        micros = (self.at - _EPOCH) // _MICROSECOND
        return _show(_MOMENT.pack(micros, self.id.bytes))

    @classmethod
    def read(cls, text: str) -> Self:
        """The cursor that `text` shows; raises `UnreadableRequest` for any other text."""
        micros, raw_id = _read(_MOMENT, text)
        try:
            return cls(at=_EPOCH + timedelta(microseconds=micros), id=UUID(bytes=raw_id))
        except OverflowError as error:
            raise _not_ours() from error


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberCursor:
    """The last row a reader has seen, in a list whose rows are numbered."""

    no: int  #: from 1

    def show(self) -> str:
        """Its text: URL-safe, without meaning to its reader."""
        return _show(_NUMBER.pack(self.no))

    @classmethod
    def read(cls, text: str) -> Self:
        """The cursor that `text` shows; raises `UnreadableRequest` for any other text."""
        (no,) = _read(_NUMBER, text)
        return cls(no=no)


def _show(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _read(shape: struct.Struct, text: str) -> tuple[Any, ...]:
    try:
        return shape.unpack(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (ValueError, struct.error) as error:
        raise _not_ours() from error


def _not_ours() -> UnreadableRequest:
    return UnreadableRequest(expected="a cursor that this list has given", parameter="after")
