"""Who acts, for which account, and what a key opens."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from uuid import UUID

from bubuh.core.ids import AccountId, show_id
from bubuh.core.shards import Shard, shard_of_account

LOCAL_OPERATOR: Final = "local"  #: the actor of a development data folder's own commands


class AccountKind(StrEnum):
    """What holds quota."""

    PERSON = "person"
    ORGANISATION = "organisation"
    CHANNEL = "channel"
    AUTHORITY = "authority"


class Role(StrEnum):
    """A power over other people's accounts. What needs two persons needs two different users."""

    OPERATOR = "operator"
    APPROVER = "approver"
    AUDITOR = "auditor"


class Scope(StrEnum):
    """What a key opens on its own account."""

    QUOTA_READ = "quota:read"
    QUOTA_WRITE = "quota:write"  #: give it away
    ORDERS_WRITE = "orders:write"
    DOCUMENTS_WRITE = "documents:write"
    STAMPS_WRITE = "stamps:write"
    COMPLAINTS_WRITE = "complaints:write"
    WEBHOOKS_WRITE = "webhooks:write"  #: and read the events that they tell of
    ALL = "all"


class Environment(StrEnum):
    """Which kind of data folder a key is for; one kind's keys never open the other's."""

    TEST = "test"
    LIVE = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A holder of quota."""

    id: AccountId
    kind: AccountKind
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedAccount:
    """A new account and its first user, the owner."""

    user_id: UUID
    account_id: AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A new API key. This is the only time its secret is seen."""

    id: UUID
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A user acting for an account with a key of some scopes."""

    user_id: UUID
    account_id: AccountId
    scopes: frozenset[Scope]
    roles: frozenset[Role]
    slot: int | None = None  #: of a partner of whom the status page tells; see `ShownPartner`

    @property
    def actor(self) -> str:
        """Who did it, as ledgers and audit name them: `usr_` and 26 letters."""
        return show_actor(self.user_id)

    @property
    def shard(self) -> Shard:
        """The shard of the account's rows."""
        return shard_of_account(self.account_id)

    def may(self, scope: Scope) -> bool:
        """Whether the key opens `scope`."""
        return scope in self.scopes or Scope.ALL in self.scopes


def show_actor(user_id: UUID) -> str:
    """How ledgers and audit name a user."""
    return show_id("usr", user_id)
