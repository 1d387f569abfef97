"""Who is in an organisation, and who is asked to be."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from bubuh.core.ids import AccountId

MOST_NAME: Final = 100
MOST_ACCOUNTS: Final = 50  #: that one person is in
MOST_MEMBERS: Final = 1_000  #: of one organisation, open invitations counted
MOST_INVITATIONS: Final = 50  #: open at a time
INVITATION_VALID_S: Final = 7 * 86_400.0
INVITATION_TRIES: Final = 5
CLOSED: Final = "(ditutup)"  #: what an organisation is called after it was closed


class MemberRole(StrEnum):
    """What somebody may do in an organisation. Both buy, stamp and see its history."""

    OWNER = "owner"  #: an administrator: says who is in it, too
    MEMBER = "member"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody who acts for an organisation."""

    user_id: UUID
    name: str
    role: MemberRole
    since: datetime
    address_sealed: bytes | None = field(repr=False)  #: the address they gave first


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """An open invitation; its code is known to whom it was given alone."""

    id: UUID
    role: MemberRole
    address_sealed: bytes | None = field(repr=False)  #: where it was sent; None: it was handed over
    tries_left: int
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """What a code leads to."""

    account_id: AccountId
    name: str
    role: MemberRole
