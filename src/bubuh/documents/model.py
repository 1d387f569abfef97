"""A document as its account sees it, and what passes through the hands of this slice."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Self
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.core.shards import Shard, shard_of_account
from bubuh.documents.moves import DocumentState
from bubuh.pdf.intake.flags import Flag
from bubuh.pdf.model import Facts, PageBox

#: Added to a revision's number in name and label of the object that comes after its increment: the DSS.
AFTER: Final = 1 << 31
KEPT_S: Final = 72 * 3600.0  #: for which bytes stay after they came, and after each stamp
LIMIT_BYTES: Final = 10 * 2**20  #: of an original
ORIGINAL: Final = 0  #: the number of the revision that was uploaded; n is an increment upon n - 1
NORMALISED: Final = 2**32 - 1  #: the number of the object that is stamped in place of a damaged original


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What a damaged original was normalised to: the document that is stamped in its place."""

    object_key: str = field(repr=False)
    sha256: bytes
    size_bytes: int
    normalised_for: str  #: code of what was the matter with the original


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document and how far it is. What is sealed can be opened with the store key alone."""

    id: UUID
    account_id: AccountId
    state: DocumentState
    sha256: bytes  #: of the original
    size_bytes: int  #: of the original
    pages: int | None  #: once ready
    boxes: tuple[PageBox, ...]  #: one a page, once ready
    reason: str | None  #: code, when refused
    flags: tuple[Flag, ...]  #: once ready
    received_at: datetime
    name_sealed: bytes | None = field(repr=False)
    key_sealed: bytes | None = field(repr=False)  #: None: destroyed, or never kept
    object_key: str | None = field(repr=False)  #: of the original
    base: Base | None = None  #: what is stamped, when it is not the original
    content_unseen: bool = False  #: it stayed at home: its midstate is kept, and has that hash and size

    @property
    def shard(self) -> Shard:
        """Where the document's rows live."""
        return shard_of_account(self.account_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """How long the bytes of a document stay with us."""

    is_here: bool
    is_kept: bool  #: its owner wants them past their time
    ends_at: datetime  #: else: after which they are destroyed

    @classmethod
    def of_new(cls, document: Document) -> Self:
        """That of a document that has just become ready."""
        ends_at = document.received_at + timedelta(seconds=KEPT_S)
        return cls(is_here=document.state is DocumentState.READY, is_kept=False, ends_at=ends_at)

    @property
    def until(self) -> datetime | None:
        """After which the bytes are destroyed; None: they are gone, or kept."""
        return self.ends_at if self.is_here and not self.is_kept else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A document whose time is over."""

    account_id: AccountId
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """A document that is destroyed, and where its first bytes lay."""

    account_id: AccountId
    id: UUID
    object_key: str
    base_object_key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A document that is ready, and whether an earlier request had made it so."""

    document: Document
    replayed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A body that arrived whole, within the limit, and calls itself a PDF."""

    data: bytes = field(repr=False)
    sha256: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialUpload:
    """A document on its way in parts: what has come lies sealed in objects, unopened."""

    id: UUID
    account_id: AccountId
    size_bytes: int  #: that were announced
    received_bytes: int
    parts: tuple[int, ...]  #: the numbers of its objects, in their order
    expires_at: datetime
    name_sealed: bytes = field(repr=False)
    key_sealed: bytes = field(repr=False)

    @property
    def is_whole(self) -> bool:
        """Whether all of it has come."""
        return self.received_bytes == self.size_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """An increment's row: what it appends lies under `object_key`; the figures are of the whole document."""

    no: int  #: from 1
    object_key: str
    increment_bytes: int
    sha256: bytes
    size_bytes: int
    gap_at: int | None = None  #: in the increment: where the seal's room begins, when a time-stamp was wanted
    token: bytes | None = field(default=None, repr=False)  #: the time-stamp that goes into it
    dss_object_key: str | None = None  #: of what comes after the increment


def is_sound(facts: Facts) -> bool:
    """Whether `facts` may be believed: a page at least, a box each, finite figures.

    The process that found them had a stranger's bytes in its hands, and may be the stranger's by now.
    """
    return 0 < facts.pages == len(facts.boxes) and all(
        math.isfinite(figure)
        for box in facts.boxes
        for figure in (box.crop.x0, box.crop.y0, box.crop.x1, box.crop.y1, box.user_unit)
    )
