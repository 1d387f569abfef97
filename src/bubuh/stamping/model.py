"""A stamp as its owner sees it, and as a worker finds it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

import msgspec

from bubuh.core.ids import AccountId
from bubuh.core.shards import Shard, shard_of_account
from bubuh.pdf.model import Intent, Level, Place, Tier
from bubuh.stamping.moves import StampState


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedStamp:
    """One stamp to affix: on which document, where, for what kind of deed."""

    document_id: UUID
    place: Place
    document_type: str  #: free text, up to 64 characters
    document_no: str
    document_date: date

    def sha256(self) -> bytes:
        """What the request said, so that its repetition can be told from another one."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The stamp entered a state."""

    state: StampState
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A stamp and how far it is."""

    id: UUID
    account_id: AccountId
    document_id: UUID
    state: StampState
    place: Place
    document_type: str
    document_no: str
    document_date: date
    accepted_at: datetime
    ended_at: datetime | None
    serial_no: str | None  #: shown once affixed
    tier: Tier | None  #: of the engine, that planned it; shown once affixed
    level: Level | None  #: that its seal has reached for good; shown once affixed
    content_unseen: bool  #: its document stayed at home
    reason: str | None  #: code, when returned
    timeline: tuple[Event, ...]

    @property
    def has_ended(self) -> bool:
        """Whether it will not move again."""
        return self.state in {StampState.AFFIXED, StampState.RETURNED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """One job in this worker's hands, as long as its fence holds."""

    account_id: AccountId
    stamp_id: UUID
    fence: int
    is_suspect: bool = field(default=False, compare=False)  #: a worker died over it

    @property
    def shard(self) -> Shard:
        """Where the job's rows live."""
        return shard_of_account(self.account_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The revision a stamp is put upon."""

    revision: int  #: 0 is the original
    sha256: bytes
    content_unseen: bool  #: then the hash is of its midstate


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenIntent:
    """An intent as the stamp's row holds it: from here on the increment is a pure function."""

    serial: int
    serial_no: str
    base_revision: int
    base_sha256: bytes
    signed_at: datetime
    file_id: bytes
    key_id: str
    level: Level = Level.B_B  #: that the signature is to reach
    time_stamp_room: int = 0  #: bytes reserved in the seal

    def intent(self, place: Place, *, public_url: str, content_unseen: bool = False) -> Intent:
        """All that decides the increment's bytes, besides the document and the certificates."""
        return Intent(
            serial_no=self.serial_no,
            place=place,
            signed_at=self.signed_at,
            file_id=self.file_id,
            qr_payload=f"{public_url}/s/{self.serial_no}",
            key_id=self.key_id,
            time_stamp_room=self.time_stamp_room,
            content_unseen=content_unseen,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingLevel:
    """What is still to be added to a stamp's revision."""

    account_id: AccountId
    stamp_id: UUID
    document_id: UUID
    no: int
    gap_at: int  #: in the increment: where the seal's room begins
    increment_bytes: int
    wanted: Level
    signature: bytes = field(repr=False)  #: the seal's value: what the time-stamp is of
    key_id: str
    token: bytes | None = field(repr=False)  #: when the time-stamp has come, and the DSS has not
    reason: str | None  #: why the last attempt failed
    is_late: bool  #: it waited as long as it may

    @property
    def key(self) -> tuple[Shard, UUID, AccountId]:
        """What names its row in a call."""
        return shard_of_account(self.account_id), self.stamp_id, self.account_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """An increment in its stamp's row, sealed under the document's key, and the tier that made it."""

    sealed: bytes = field(repr=False)
    tier: Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What the stamp's row tells its worker."""

    lease: Lease
    document_id: UUID
    place: Place
    deaths: int  #: how many workers died over it
    sealed: bool
    base: Base  #: as it is now; what counts is the intent's, once one is written
    written: WrittenIntent | None
    planned: Planned | None
