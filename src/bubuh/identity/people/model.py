"""A person who signs in, what proves who they are, and their sessions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.identity.model import AccountKind, Principal, Role, Scope

CODE_DIGITS: Final = 6
CODE_VALID_S: Final = 600.0
CODE_TRIES: Final = 5
PIN_TRIES: Final = 5
SESSION_VALID_S: Final = 30 * 86_400.0
LEAST_PASSWORD: Final = 8  #: characters; NIST SP 800-63B, 3.1.1.2 asks for length and a list, not for signs
MOST_PASSWORD: Final = 200
MOST_NAME: Final = 100


class ContactKind(StrEnum):
    """How somebody is reached."""

    PHONE = "phone"
    EMAIL = "email"


class Purpose(StrEnum):
    """What a challenge is for."""

    REGISTER = "register"
    RESET = "reset"
    PIN = "pin"
    TOTP = "totp"


class Letter(StrEnum):
    """What a message says."""

    REGISTER = "register"
    KNOWN = "known"  #: who would register has an account already
    RESET = "reset"
    UNKNOWN = "unknown"  #: who would set a new password has no account
    PIN = "pin"
    STAMPED = "stamped"  #: with a link to a stamped document
    CALLED = "called"  #: the turn that one asked to be told of
    INVITED = "invited"  #: into an organisation: with a code, and where it is typed
    REMOVED = "removed"  #: from an organisation


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """An address in its one form: `+6281…`, or an e-mail address in small letters."""

    kind: ContactKind
    address: str = field(repr=False)

    @property
    def masked(self) -> str:
        """Enough for its owner to know it again."""
        if self.kind is ContactKind.PHONE:
            return f"{self.address[:5]}••••{self.address[-3:]}"
        name, _, host = self.address.partition("@")
        return f"{name[:1]}•••@{host}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """An account that a person may act for."""

    account_id: AccountId
    kind: AccountKind
    name: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A browser in which a person is signed in, and the account they act for there."""

    id: UUID
    user_id: UUID
    account_id: AccountId
    user_name: str
    account_name: str
    account_kind: AccountKind
    roles: frozenset[Role]
    agent: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime

    @property
    def principal(self) -> Principal:
        """Who acts. Who is signed in may do all on the account; what costs a stamp asks for the PIN."""
        return Principal(
            user_id=self.user_id,
            account_id=self.account_id,
            scopes=frozenset({Scope.ALL}),
            roles=self.roles,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """Something to be proved, by a code that was sent or by an authenticator."""

    id: UUID
    purpose: Purpose
    user_id: UUID | None
    address_index: bytes | None
    address_sealed: bytes | None = field(repr=False)
    code_mac: bytes | None = field(repr=False)
    tries_left: int
    proved_at: datetime | None
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a person knows or has, as hashes and sealed."""

    user_id: UUID
    password_hash: str = field(repr=False)
    pin_hash: str | None = field(repr=False)
    pin_tries: int
    totp_sealed: bytes | None = field(repr=False)
    totp_step: int
    nik_sealed: bytes | None = field(repr=False)

    @property
    def has_pin(self) -> bool:
        """Whether a PIN was chosen."""
        return self.pin_hash is not None

    @property
    def pin_is_locked(self) -> bool:
        """Whether it was wrong too often."""
        return self.pin_tries >= PIN_TRIES

    @property
    def has_totp(self) -> bool:
        """Whether an authenticator is asked for at sign-in."""
        return self.totp_sealed is not None
