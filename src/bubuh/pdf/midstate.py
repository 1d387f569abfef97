"""Plan a stamp for a document that stays at home.

Its owner sends where the SHA-256 of the document stands and the few objects that an increment writes again;
the lean engine plans on these, and the hash goes on over the increment. What comes out is, to the byte, what
the whole document would have given. What the objects do not show (encryption, forms, earlier signatures) is
not seen here: such a stamp says `content_unseen`, and the checker looks at all of it later.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bubuh.pdf.lean.declined import Declined, Why
from bubuh.pdf.lean.engine import PROVOKED, marked, plan_on
from bubuh.pdf.lean.increment import Before, before
from bubuh.pdf.lean.pieces import Pieces, Remembering
from bubuh.pdf.lean.reader import Document
from bubuh.pdf.lean.tokens import Ref, reference, value
from bubuh.pdf.lean.xref import MOST_OBJECTS
from bubuh.pdf.model import Chain, Increment, Intent, PageBox
from bubuh.pdf.refusals import MidstateUnsupported
from bubuh.pdf.seal.sha256 import HashState, digest_after, state_of

MOST_BYTES: Final = 10 * 2**20  #: of the document, as of one that is uploaded
_MOST_ID_BYTES: Final = 256
#: What no field can be called. Source: ISO 32000-2, 12.7.4.2
NO_FIELD: Final = "."
_REF: Final = re.compile(r"(\d{1,7}) (\d{1,5})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Midstate:
    """What a document that stays at home sends instead of itself."""

    hashed: HashState
    objects: Mapping[Ref, bytes]  #: catalog, page, and what it takes to find and change them, as written
    xref: Before


def plan_midstate(midstate: Midstate, intent: Intent, chain: Chain) -> Increment:
    """What `intent` appends to the document behind `midstate`: what `plan_lean` gives for the whole.

    Raises:
        MidstateUnsupported: the pieces are not whole, not well formed, or not of a document that the lean
            engine stamps.
        FaceSize, OutsidePage: the place is not on the page.
        MidstateUnavailable: this machine cannot go on from a midstate.
    """
    try:
        _check(midstate)
        pieces = Pieces(midstate.objects, highest=midstate.xref.highest)
        return plan_on(
            pieces, midstate.xref, midstate.hashed.length, _Resumed(midstate.hashed), intent, chain
        )
    except Declined as declined:
        raise MidstateUnsupported(reason=str(declined.why)) from declined
    except PROVOKED as error:
        raise MidstateUnsupported(reason=type(error).__name__) from error


def page_box_of(midstate: Midstate, page: int) -> PageBox:
    """How the page of that number, from 1, is seen; `plan_midstate` then refuses nothing but a place on it.

    Raises:
        MidstateUnsupported: as `plan_midstate` does.
    """
    try:
        _check(midstate)
        pieces = Pieces(midstate.objects, highest=midstate.xref.highest)
        found, changes = marked(pieces, midstate.xref, page, name=NO_FIELD)
        changes.written()
    except Declined as declined:
        raise MidstateUnsupported(reason=str(declined.why)) from declined
    except PROVOKED as error:
        raise MidstateUnsupported(reason=type(error).__name__) from error
    return found.box


def midstate_of(document: bytes, page: int) -> Midstate:
    """What `document` sends for a stamp on its page of that number, from 1.

    Raises:
        MidstateUnsupported: the lean engine does not stamp it, or it would have to send too much.
        MidstateUnavailable: this machine cannot tell a midstate.
    """
    try:
        reader = _plain(document)
        remembering, xref = Remembering(reader), before(reader.chain)
        marked(remembering, xref, page, name=NO_FIELD)
        midstate = Midstate(hashed=state_of(document), objects=remembering.asked, xref=xref)
        _check(midstate)
        Pieces(midstate.objects, highest=xref.highest)
    except Declined as declined:
        raise MidstateUnsupported(reason=str(declined.why)) from declined
    except PROVOKED as error:
        raise MidstateUnsupported(reason=type(error).__name__) from error
    return midstate


def _plain(document: bytes) -> Document:
    """The document's reader; an encrypted one must be seen whole: its key is none of the pieces."""
    reader = Document(document)
    if reader.cipher is not None:
        raise Declined(Why.ENCRYPTED)
    return reader


def as_json(midstate: Midstate) -> dict[str, object]:
    """The same for JSON: `state` in hexadecimal, other bytes in base64, objects by "number generation"."""
    hashed, xref = midstate.hashed, midstate.xref
    return {
        "state": hashed.state.hex(),
        "length": hashed.length,
        "tail": _coded(hashed.tail),
        "objects": {f"{ref[0]} {ref[1]}": _coded(written) for ref, written in midstate.objects.items()},
        "xref": {
            "start": xref.start,
            "kind": "stream" if xref.is_stream else "table",
            "highest": xref.highest,
            "root": _coded(xref.root),
            "info": None if xref.info is None else _coded(xref.info),
            "first_id": None if xref.first_id is None else _coded(xref.first_id),
        },
    }


def from_json(told: Any) -> Midstate:
    """What `as_json` told; raises `MidstateUnsupported` where the shape is another."""
    try:
        xref = told["xref"]
        return Midstate(
            hashed=HashState(
                state=bytes.fromhex(told["state"]), length=_whole(told["length"]), tail=_octets(told["tail"])
            ),
            objects={_ref(ref): _octets(written) for ref, written in told["objects"].items()},
            xref=Before(
                start=_whole(xref["start"]),
                is_stream={"stream": True, "table": False}[xref["kind"]],
                highest=_whole(xref["highest"]),
                root=_octets(xref["root"]),
                info=None if xref["info"] is None else _octets(xref["info"]),
                first_id=None if xref["first_id"] is None else _octets(xref["first_id"]),
            ),
        )
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise MidstateUnsupported(reason="shape") from error


def encoded(midstate: Midstate) -> bytes:
    """The same as bytes, always the same ones."""
    return json.dumps(as_json(midstate), sort_keys=True, separators=(",", ":")).encode("ascii")


def decoded(written: bytes) -> Midstate:
    """What was `encoded`; raises `MidstateUnsupported` where it was not."""
    try:
        return from_json(json.loads(written))
    except (ValueError, RecursionError) as error:
        raise MidstateUnsupported(reason="shape") from error


def _coded(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")


def _octets(coded: str) -> bytes:
    return base64.b64decode(coded, validate=True)


def _whole(number: object) -> int:
    if type(number) is not int:
        raise ValueError("not a whole number")
    return number


def _ref(written: str) -> Ref:
    match = _REF.fullmatch(written)
    if match is None:
        raise ValueError("not a number and a generation")
    return int(match[1]), int(match[2])


def _check(midstate: Midstate) -> None:
    """The facts that are copied into an increment are what they should be; raises ValueError."""
    xref = midstate.xref
    if not (0 < xref.start < midstate.hashed.length <= MOST_BYTES and 0 < xref.highest <= MOST_OBJECTS):
        raise ValueError("a section beyond the document, or a document beyond the limit")
    if reference(xref.root) is None or (xref.info is not None and reference(xref.info) is None):
        raise ValueError("not references")
    first = xref.first_id
    if first is not None and not (
        len(first) <= _MOST_ID_BYTES
        and first.startswith((b"(", b"<"))
        and not first.startswith(b"<<")
        and value(first, 0) == (0, len(first))
    ):
        raise ValueError("not a string")


class _Resumed:
    """A hash that goes on from a midstate."""

    def __init__(self, begun: HashState, parts: tuple[bytes, ...] = ()) -> None:
        self._begun, self._parts = begun, parts

    def copy(self) -> _Resumed:
        return _Resumed(self._begun, self._parts)

    def update(self, data: bytes, /) -> None:
        self._parts = (*self._parts, data)

    def digest(self) -> bytes:
        return digest_after(self._begun, *self._parts)
