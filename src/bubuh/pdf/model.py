"""What the PDF engine takes and gives: frozen objects, no behaviour beyond their own shape."""

from __future__ import annotations

import re
from binascii import hexlify
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal

from bubuh.pdf.intake.flags import Flag
from bubuh.pdf.refusals import PageOutOfRange, SerialMalformed

Algorithm = Literal["p256", "rsa2048", "rsa3072"]


class Tier(StrEnum):
    """Which of the engine's ways served a document."""

    T1 = "t1"  #: the lean engine
    T2 = "t2"  #: the library
    T3 = "t3"  #: one of them, upon a document that was repaired first


FIELD_PREFIX: Final = "Stamp_"
UNSEEN: Final = ", isi tidak dilihat"  #: ends what a stamp says that was planned without its document
SERIAL: Final = re.compile(r"[0-9A-Z]{22}", re.ASCII)

LEAST_SIDE_PT: Final = 40.0
MOST_SIDE_PT: Final = 120.0


class Level(StrEnum):
    """How much of its own proof a signature carries. Source: ETSI EN 319 142-1, clause 6."""

    B_B = "B-B"  #: basic
    B_T = "B-T"  #: with a time-stamp over the seal
    B_LT = "B-LT"  #: and with a DSS: what a later validation needs


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle by its lower left and upper right corners; the space is the caller's."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        """Along x."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """Along y."""
        return self.y1 - self.y0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a face goes: top left corner and side, in points of the page as its reader sees it."""

    page: int  #: from 1
    x_pt: float
    y_pt: float  #: downwards
    side_pt: float  #: 40 to 120


@dataclass(frozen=True, slots=True, kw_only=True)
class PageBox:
    """What decides how a page is seen: crop box in the page's own space, turn, and size of its unit."""

    crop: Rect
    rotate: int = 0  #: clockwise: 0, 90, 180 or 270
    user_unit: float = 1.0  #: points in one unit of the page's space


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What inspection found out about a document that may be stamped."""

    size_bytes: int
    sha256: bytes
    version: str  #: as the file says, for example "1.7"
    pages: int
    boxes: tuple[PageBox, ...]
    signatures: int = 0  #: filled signature fields, stamps included
    earlier_stamps: tuple[str, ...] = ()  #: serial numbers in the names of signed fields; not yet judged
    encrypted: bool = False  #: with the empty user password, so that anyone may open it
    revisions: int = 1
    flags: tuple[Flag, ...] = ()  #: what owner and readers should know, in the order of `Flag`

    def box(self, page: int) -> PageBox:
        """The box of `page`, counted from 1; raises `PageOutOfRange`."""
        if not 1 <= page <= self.pages:
            raise PageOutOfRange(page=page, pages=self.pages)
        return self.boxes[page - 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalised:
    """A damaged document written anew, and what inspection says of it."""

    document: bytes = field(repr=False)
    facts: Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """All that decides a stamp's bytes besides the document and the chain."""

    serial_no: str
    place: Place
    signed_at: datetime  #: aware; whole seconds count
    file_id: bytes  #: 16 bytes, the second half of /ID
    qr_payload: str
    key_id: str
    time_stamp_room: int = 0  #: bytes for a time-stamp in the seal, before hex; 0: there will be none
    content_unseen: bool = False  #: the document stayed at home: nobody here has looked at it

    def __post_init__(self) -> None:
        """Refuse a serial number that could not be drawn or would need escaping."""
        if SERIAL.fullmatch(self.serial_no) is None:
            raise SerialMalformed(serial_no=self.serial_no)
        assert len(self.file_id) == 16, "a file id is 16 bytes"
        assert self.signed_at.tzinfo is not None, "times are aware"

    @property
    def field_name(self) -> str:
        """The signature field's name, also what ties drawing, QR and field together."""
        return FIELD_PREFIX + self.serial_no

    @property
    def reason(self) -> str:
        """What a list of signatures says of the stamp: serial number, page, and whether it was blind."""
        unseen = UNSEEN if self.content_unseen else ""
        return f"[{self.serial_no}] Meterai SPESIMEN, halaman {self.place.page}{unseen}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A seal certificate and the one that issued it, both DER; the root is known to the checker."""

    key_id: str
    seal_certificate: bytes
    issuing_certificate: bytes
    algorithm: Algorithm = "p256"

    def __hash__(self) -> int:
        """By the seal certificate alone, whose hash is remembered: templates are looked up by chain."""
        return hash(self.seal_certificate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Increment:
    """What a stamp appends to its document, but for the signature.

    The appended bytes are `pre`, `<`, the signature in hex padded with zeros to `room_bytes`, `>`, `post`.
    `digest` is the SHA-256 over the document, `pre` and `post`: the ByteRange.
    """

    pre: bytes
    room_bytes: int
    post: bytes
    digest: bytes
    tier: Tier = Tier.T1

    def sealed(self, cms: bytes) -> bytes:
        """The bytes to append, with the signature `cms` (DER) in its room."""
        assert len(cms) <= self.room_bytes, "the signature outgrew its room"
        return b"".join((self.pre, b"<", hexlify(cms).ljust(2 * self.room_bytes, b"0"), b">", self.post))


@dataclass(frozen=True, slots=True)
class Retired:
    """A seal key that was retired: what it sealed before stays genuine."""

    certificate_sha256: bytes
    at: datetime  #: aware


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a later validation needs, for a DSS; all DER."""

    certificates: tuple[bytes, ...]
    crls: tuple[bytes, ...] = ()  #: revocation lists
    tokens: tuple[bytes, ...] = ()  #: time-stamps, whose certificates are wanted too

    def with_token(self, token: bytes) -> Evidence:
        """The same, and what came with the time-stamp `token`."""
        return replace(self, tokens=(*self.tokens, token))


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whom a judge believes, and when it judges. Nothing else is ever asked: no network, no system store."""

    roots: tuple[bytes, ...]  #: certificates, DER
    now: datetime  #: aware
    timestamp_roots: tuple[bytes, ...] = ()  #: of time-stamping authorities, DER
    retired: tuple[Retired, ...] = ()  #: keys that seal no longer

    def has_retired(self, certificate_sha256: bytes, signed_at: datetime | None) -> bool:
        """Whether a seal that says it was made then comes from a key that was retired by then."""
        return any(
            found.certificate_sha256 == certificate_sha256 and (signed_at is None or signed_at >= found.at)
            for found in self.retired
        )


class Added(StrEnum):
    """What kind of thing came after a signature."""

    STAMP = "stamp"
    SIGNATURE = "signature"  #: somebody's
    TIME_STAMP = "time_stamp"
    VALIDATION_DATA = "validation_data"  #: a DSS
    FORM_FILLING = "form_filling"
    FORM_FIELD = "form_field"
    ANNOTATION = "annotation"
    PAGE_CONTENT = "page_content"
    PAGES = "pages"
    METADATA = "metadata"
    ACTIONS = "actions"  #: what happens when the document is opened
    BYTES = "bytes"  #: after the last revision
    OTHER = "other"


class Indication(StrEnum):
    """The three answers of EN 319 102-1, clause 5.1.3."""

    PASSED = "TOTAL-PASSED"
    INDETERMINATE = "INDETERMINATE"
    FAILED = "TOTAL-FAILED"


RANK: Final[Mapping[Indication, int]] = MappingProxyType(
    {Indication.FAILED: 0, Indication.INDETERMINATE: 1, Indication.PASSED: 2}
)


@dataclass(frozen=True, slots=True)
class Sealed:
    """Where a seal lies in its document, and how far it reaches: its ByteRange."""

    start: int  #: of the gap, where its `<` is
    end: int  #: of the gap, after its `>`
    stop: int  #: of the revision that the seal covers


@dataclass(frozen=True, slots=True, kw_only=True)
class StampFinding:
    """What a judge says about one stamp."""

    serial_no: str
    digest: bytes | None  #: SHA-256 over the stamp's own ByteRange: the registered digest
    signed_at: datetime | None  #: as the document claims
    indication: Indication
    sub_indication: str | None = None
    reasons: tuple[str, ...] = ()
    page: int | None = None
    certificate_sha256: bytes | None = None
    sealed: Sealed | None = None  #: None when the ByteRange is not as it must be
    added: tuple[str, ...] = ()  #: what kinds of things came after it: `Added`


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The verdict on a document: the least over all its signatures and our own rules."""

    indication: Indication
    sub_indication: str | None = None
    reasons: tuple[str, ...] = ()
    stamps: tuple[StampFinding, ...] = field(default=())
    findings: tuple[str, ...] = ()  #: facts that do not change the verdict
    unsealed: tuple[str, ...] = ()  #: serial numbers on what looks like a stamp and has no seal

    @property
    def is_genuine(self) -> bool:
        """Whether every stamp is proven and nothing was added but what may be."""
        return self.indication is Indication.PASSED
