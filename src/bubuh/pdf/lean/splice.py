"""Change an object by putting bytes into it: whatever it holds besides stays as it was written."""

from __future__ import annotations

from bubuh.pdf.lean.declined import Declined, Why
from bubuh.pdf.lean.tokens import Dictionary, Ref, Span

Edit = tuple[int, int, bytes]  #: from where to where, and what stands there instead


class Changes:
    """The objects of a document that are written again."""

    def __init__(self) -> None:
        #: by object: the buffer it lies in, where, and what takes the place of which spans of it
        self._patched: dict[Ref, tuple[bytes, Span, list[Edit]]] = {}

    def put(self, ref: Ref, holder: Dictionary, key: bytes, new: bytes, *, whole: Span | None = None) -> None:
        """Write `new` under `key` of `holder`, which is in the object `ref`, or is it.

        `whole` is the object's own span, where `holder` is a part of it.
        """
        if key in holder.values:
            edit = (*holder.place(key), b" " + new)
        else:
            at = holder.span[1] - len(b">>")
            edit = (at, at, b" %s %s " % (key, new))
        self._edit(ref, holder.data, whole or holder.span, edit)

    def append(self, ref: Ref, data: bytes, array: Span, item: bytes, *, whole: Span | None = None) -> None:
        """Put `item` at the end of an array, which is in the object `ref`, or is it."""
        at = array[1] - len(b"]")
        self._edit(ref, data, whole or array, (at, at, b" %s " % item))

    def written(self) -> list[tuple[Ref, bytes]]:
        """Every changed object, from its value's first byte to its last, in the order of their numbers."""
        return [(ref, _spliced(*patched)) for ref, patched in sorted(self._patched.items())]

    def _edit(self, ref: Ref, data: bytes, span: Span, edit: Edit) -> None:
        known = self._patched.get(ref)
        if known is None:
            self._patched[ref] = data, span, [edit]
        elif known[0] is data and known[1] == span:
            known[2].append(edit)
        else:
            raise Declined(Why.OBJECT, "one object in two parts")


def _spliced(data: bytes, span: Span, edits: list[Edit]) -> bytes:
    """The object with its edits."""
    if len(edits) == 1:
        ((start, stop, new),) = edits
        return b"%s%s%s" % (data[span[0] : start], new, data[stop : span[1]])
    parts: list[bytes] = []
    at, end = span
    for start, stop, new in sorted(edits):
        if start < at:
            raise Declined(Why.OBJECT, "two edits of one place")
        parts += (data[at:start], new)
        at = stop
    parts.append(data[at:end])
    return b"".join(parts)
