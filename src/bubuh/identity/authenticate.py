"""Say who a key's bearer is, and whether they may."""

from __future__ import annotations

from bubuh.db.pool import Database
from bubuh.identity import store
from bubuh.identity.model import Environment, Principal, Role, Scope
from bubuh.identity.refusals import KeyRefused, NotAnOperator, ScopeMissing
from bubuh.identity.secret import hash_secret, opens


async def authenticate(db: Database, secret: str, environment: Environment) -> Principal:
    """Who bears `secret`. Asked anew each time, so that a revoked key is refused at once.

    Raises:
        KeyRefused: no living key of this environment.
    """
    if not opens(secret, environment):
        raise KeyRefused
    return await principal_of_hash(db, hash_secret(secret))


async def principal_of_hash(db: Database, secret_sha256: bytes) -> Principal:
    """Who bears the key with this hash; raises `KeyRefused` where none lives."""
    principal = await store.find_principal(db, secret_sha256)
    if principal is None:
        raise KeyRefused
    return principal


async def authenticate_operator(db: Database, secret: str, environment: Environment) -> Principal:
    """Which operator bears `secret`. Power over others' accounts needs a key that opens all of one's own.

    Raises:
        KeyRefused: no living key of this environment.
        NotAnOperator: its user has not the role.
        ScopeMissing: it is a narrow key.
    """
    return require_operator(await authenticate(db, secret, environment))


def require_operator(principal: Principal) -> Principal:
    """Pass an operator with a key that opens all; raises `NotAnOperator`, `ScopeMissing`."""
    require_role(principal, Role.OPERATOR)
    require_scope(principal, Scope.ALL)
    return principal


def require_scope(principal: Principal, *scopes: Scope) -> None:
    """Pass when the key opens one of `scopes`; raises `ScopeMissing`, which names the first."""
    if not any(principal.may(scope) for scope in scopes):
        raise ScopeMissing(scope=scopes[0])


def require_role(principal: Principal, role: Role) -> None:
    """Pass when the user has `role`; raises `NotAnOperator`."""
    if role not in principal.roles:
        raise NotAnOperator(role=role)
