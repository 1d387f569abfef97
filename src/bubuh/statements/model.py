"""A statement, before and after it is signed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec


class Kind(StrEnum):
    """What is stated."""

    OUTAGE = "outage"
    TURN = "turn"
    TURN_SHEET = "turn_sheet"  #: the same facts, for their page


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement. A later one of the same kind and subject has a higher number, from 1."""

    kind: Kind
    subject: UUID
    no: int
    facts: bytes  #: JSON, the very bytes that are signed


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedStatement:
    """A statement and who signed it."""

    statement: Statement
    key_id: str
    signature: bytes  #: CMS SignedData, detached, DER
    signed_at: datetime


class Facts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every kind's facts say first; each kind adds its own."""

    issuer: str  #: the service's public address
    subject: str  #: the id, as shown
    no: int


def to_bytes(facts: Facts) -> bytes:
    """`facts` as the bytes to sign: JSON, its members in the order of the struct."""
    return msgspec.json.encode(facts)
