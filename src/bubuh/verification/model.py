"""What a checker says, in codes; the words for people stand in `edge`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from bubuh.pdf.model import Indication

LEDGER_NOT_ASKED: Final = "ledger_not_asked"  #: a finding: only the document itself was judged


class Trace(StrEnum):
    """What the ledger knows of a serial number on something that has no seal: a finding."""

    OF_A_STAMP = "face_of_a_stamp"
    OF_NO_STAMP = "face_of_no_stamp"
    OF_UNSEALED_STAMP = "face_of_unsealed_stamp"


class Word(StrEnum):
    """The verdict in one word: asli, tidak asli, tidak dapat dibuktikan."""

    GENUINE = "genuine"
    NOT_GENUINE = "not_genuine"
    NOT_PROVABLE = "not_provable"


WORDS: Final[Mapping[Indication, Word]] = MappingProxyType(
    {
        Indication.PASSED: Word.GENUINE,
        Indication.FAILED: Word.NOT_GENUINE,
        Indication.INDETERMINATE: Word.NOT_PROVABLE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialFacts:
    """What anyone may know of a serial number: that it was affixed, when, and over which digest."""

    serial_no: str
    affixed_at: datetime
    digest: bytes  #: SHA-256 over the stamp's own ByteRange
    content_unseen: bool = False  #: it was affixed without sight of its document

    @property
    def state(self) -> str:
        """The only state in which a serial number is known to the world."""
        return "affixed"


@dataclass(frozen=True, slots=True)
class Unsealed:
    """A serial number that was issued and whose stamp is still in work: it has no seal that counts."""

    serial_no: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StampVerdict:
    """One stamp of a document: what the document shows, held against the ledger."""

    serial_no: str
    indication: Indication
    sub_indication: str | None
    reasons: tuple[str, ...]
    page: int | None
    signed_at: datetime | None  #: as the document claims
    affixed_at: datetime | None  #: as the ledger knows; None: not asked, or not this stamp
    digest: bytes | None  #: SHA-256 over the stamp's own ByteRange: the registered digest
    added: tuple[str, ...]  #: kinds of what came after it

    @property
    def verdict(self) -> Word:
        """The same in one word."""
        return WORDS[self.indication]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The least over all stamps, all other signatures and all rules."""

    indication: Indication
    sub_indication: str | None
    reasons: tuple[str, ...]  #: codes, each once; empty when genuine
    findings: tuple[str, ...]  #: codes of what does not change the verdict
    stamps: tuple[StampVerdict, ...]  #: in the order of the document

    @property
    def verdict(self) -> Word:
        """The verdict in one word."""
        return WORDS[self.indication]

    @property
    def is_genuine(self) -> bool:
        """Whether there is a stamp, and everything is as it was affixed."""
        return self.verdict is Word.GENUINE

    @property
    def serial_no(self) -> str | None:
        """The serial number of the newest stamp, for who wants one."""
        return self.stamps[-1].serial_no if self.stamps else None
