"""Change an object by putting bytes into it: whatever it holds besides stays as it was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bubuh.pdf.lean.declined import Declined, Why
from bubuh.pdf.lean.tokens import Dictionary, Ref, Span


@dataclass(slots=True)
class _Patched:
    """One object that is written again: where it lies, and what takes the place of which spans of it."""

    data: bytes
    span: Span
    edits: list[tuple[int, int, bytes]] = field(default_factory=list)

    def written(self) -> bytes:
        """The object with its edits."""
        parts: list[bytes] = []
        at, end = self.span
        for start, stop, new in sorted(self.edits):
            if start < at:
                raise Declined(Why.OBJECT, "two edits of one place")
            parts += (self.data[at:start], new)
            at = stop
        parts.append(self.data[at:end])
        return b"".join(parts)


class Changes:
    """The objects of a document that are written again."""

    def __init__(self) -> None:
        self._patched: dict[Ref, _Patched] = {}

    def put(self, ref: Ref, holder: Dictionary, key: bytes, new: bytes, *, whole: Span | None = None) -> None:
        """Write `new` under `key` of `holder`, which is in the object `ref`, or is it.

        `whole` is the object's own span, where `holder` is a part of it.
        """
        span = holder.values.get(key)
        if span is None:
            at = holder.span[1] - len(b">>")
            edit = (at, at, b" %s %s " % (key, new))
        else:
            edit = (*span, b" " + new)
        self._edit(ref, holder.data, whole or holder.span, edit)

    def append(self, ref: Ref, data: bytes, array: Span, item: bytes, *, whole: Span | None = None) -> None:
        """Put `item` at the end of an array, which is in the object `ref`, or is it."""
        at = array[1] - len(b"]")
        self._edit(ref, data, whole or array, (at, at, b" %s " % item))

    def written(self) -> Mapping[Ref, bytes]:
        """Every changed object, from its value's first byte to its last, in the order of their numbers."""
        return {ref: patched.written() for ref, patched in sorted(self._patched.items())}

    def _edit(self, ref: Ref, data: bytes, span: Span, edit: tuple[int, int, bytes]) -> None:
        patched = self._patched.setdefault(ref, _Patched(data, span))
        if patched.span != span or patched.data is not data:
            raise Declined(Why.OBJECT, "one object in two parts")
        patched.edits.append(edit)
