"""What a client sends of a document that stays at home."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from bubuh.pdf.midstate import MOST_BYTES, Midstate, from_json

#: Of a request: 256 KiB of objects in base64 (`pdf.lean.pieces`), and what stands around them.
LIMIT_BYTES: Final = 384 * 2**10

Base64 = Annotated[str, msgspec.Meta(max_length=LIMIT_BYTES, extra_json_schema={"contentEncoding": "base64"})]


class XrefBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the newest cross-reference section says; values as they are written, in base64."""

    start: Annotated[int, msgspec.Meta(description="Where it lies: the number after startxref.")]
    kind: Annotated[Literal["table", "stream"], msgspec.Meta(description="Of which kind it is.")]
    highest: Annotated[int, msgspec.Meta(description="The highest object number used or promised.")]
    root: Annotated[Base64, msgspec.Meta(description="/Root, a reference.")]
    info: Annotated[Base64 | None, msgspec.Meta(description="/Info, a reference.")] = None
    first_id: Annotated[Base64 | None, msgspec.Meta(description="The first half of /ID, a string.")] = None


class MidstateBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the document's SHA-256 stands, and the objects that a stamp must find and change."""

    state: Annotated[
        str,
        msgspec.Meta(
            pattern="^[0-9a-f]{64}$",
            description="Chaining value after the last whole 64-byte block, hex.",
        ),
    ]
    length: Annotated[
        int, msgspec.Meta(description="Of the document, in bytes.", extra_json_schema={"maximum": MOST_BYTES})
    ]
    tail: Annotated[Base64, msgspec.Meta(description="The last `length % 64` bytes, base64.")]
    objects: Annotated[
        dict[str, Base64],
        msgspec.Meta(
            description="By `number generation`: one value each, as it is written, base64. The catalog, the "
            "page and the nodes of the tree above it, what these refer to for /Annots, boxes and /Rotate, "
            "the form and its fields."
        ),
    ]
    xref: XrefBody

    def read(self) -> Midstate:
        """The same, decoded; raises `MidstateUnsupported`."""
        return from_json(msgspec.to_builtins(self))


EXAMPLE: Final = {
    "state": "eafb3c707e04798f1bddd6360aaafbeaa399b2f5ff570202ee97ea96ae3e4c95",
    "length": 30410,
    "tail": "OTU2CiUlRU9GCg==",
    "objects": {
        "8 0": "PDwgL1BhZ2VzIDEwIDAgUiAvVHlwZSAvQ2F0YWxvZyA+Pg==",
        "10 0": "PDwgL0NvdW50IDEgL0tpZHMgWyAzIDAgUiBdIC9UeXBlIC9QYWdlcyA+Pg==",
        "3 0": "PDwgL1R5cGUgL1BhZ2UgL1BhcmVudCAxMCAwIFIgL01lZGlhQm94IFswIDAgNTk1IDg0Ml0gPj4=",
    },
    "xref": {"start": 29956, "kind": "table", "highest": 11, "root": "OCAwIFI="},
}
