"""A deadline, and how one shows to be eligible for it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.deadlines.refusals import ListUnreadable

FIRST_LANE: Final = 10
LAST_LANE: Final = 53  #: those before and after are the operator's own
SLUG: Final = re.compile(r"[a-z][a-z0-9-]{0,15}")
MOST_LETTERS: Final = 80

_SALT: Final = re.compile(r"[0-9A-Za-z_-]{16,64}")
_MARK: Final = re.compile(r"[0-9a-f]{64}")
_NOT_PLAIN: Final = re.compile(r"[^0-9A-Z]")


class Eligibility(StrEnum):
    """Who may stand in a deadline's lane."""

    LIST = "list"  #: who knows a number whose salted hash the agency gave
    DECLARED = "declared"  #: who says so, once a verified account


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDeadline:
    """What an agency registers."""

    slug: str  #: its lane's name, and the end of its page's address
    name: str
    agency: str
    at: datetime  #: aware
    eligibility: Eligibility
    salt: str | None  #: of the hashes in its list
    expected: int  #: people, in all; 0: nobody knows


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A registered one."""

    id: UUID
    slug: str
    lane_id: int
    name: str
    agency: str
    at: datetime
    eligibility: Eligibility
    salt: str | None
    expected: int
    registered_at: datetime
    closed_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether its lane still takes people."""
        return self.closed_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An account that may stand in a deadline's lane, and its turn there."""

    deadline_id: UUID
    account_id: AccountId
    entered_at: datetime
    turn: str | None  #: as links show it; None: none was taken yet
    code: str | None


def is_slug(text: str) -> bool:
    """Whether a lane can be called so."""
    return SLUG.fullmatch(text) is not None


def is_salt(text: str) -> bool:
    """Whether an agency may salt its list with it: 16 to 64 letters, digits, `_` and `-`."""
    return _SALT.fullmatch(text) is not None


def mark_of(salt: str, number: str) -> str:
    """What a list holds of a participant's number: SHA-256 of `salt:NUMBER`, hexadecimal.

    The number counts without space and signs, its letters as capitals: `317-5 a` is `3175A`.
    """
    plain = _NOT_PLAIN.sub("", number.upper())
    return hashlib.sha256(f"{salt}:{plain}".encode()).hexdigest()


def is_plain(number: str) -> bool:
    """Whether anything of a number is left to be hashed."""
    return _NOT_PLAIN.sub("", number.upper()) != ""


def read_list(text: str) -> list[str]:
    """The hashes of a list, one a line, each once; raises `ListUnreadable` at the first that is none."""
    found = dict.fromkeys(line.strip().lower() for line in text.splitlines() if line.strip())
    for no, mark in enumerate(found, start=1):
        if _MARK.fullmatch(mark) is None:
            raise ListUnreadable(line=no)
    return list(found)
