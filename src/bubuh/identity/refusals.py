"""How identity says no."""

from __future__ import annotations

from uuid import UUID

from bubuh.core.errors import Refusal
from bubuh.core.ids import AccountId, show_account, show_id
from bubuh.identity.model import Role, Scope


class KeyRefused(Refusal):
    """No living key of this environment has this secret: unknown, revoked and foreign look equal."""

    code = "key_refused"


class ScopeMissing(Refusal):
    """The key is good, and does not open this."""

    code = "scope_missing"

    def __init__(self, *, scope: Scope) -> None:
        """`scope` is what the key would have to open."""
        super().__init__(scope=str(scope))


class NotAnOperator(Refusal):
    """The key's user does not have the role that this act needs."""

    code = "not_an_operator"

    def __init__(self, *, role: Role = Role.OPERATOR) -> None:
        """`role` is what the user would have to be."""
        super().__init__(role=str(role))


class AccountUnknown(Refusal):
    """There is no such account, or this user is not in it: the two look equal."""

    code = "not_found"

    def __init__(self, *, account_id: AccountId) -> None:
        super().__init__(account=show_account(account_id))


class KeyUnknown(Refusal):
    """The account has no such key."""

    code = "not_found"

    def __init__(self, *, key_id: UUID) -> None:
        super().__init__(key=show_id("key", key_id))


class ScopesEmpty(Refusal):
    """A key that opens nothing is not made."""

    code = "scopes_empty"


class IdempotencyConflict(Refusal):
    """The same Idempotency-Key (so the same id) stands for another request. Shared by every slice above."""

    code = "idempotency_conflict"
