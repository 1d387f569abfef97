"""Authenticators: six digits that change every 30 seconds. Source: RFC 6238."""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import Final
from uuid import UUID

import pyotp

from bubuh.db.pool import Database
from bubuh.identity.people import store
from bubuh.identity.people.keys import PersonKey
from bubuh.identity.people.refusals import CodeRefused

STEP_S: Final = 30
_DRIFT_STEPS: Final = 1  # a phone's clock may be half a minute off
_SEALED_AS: Final = "totp"


def fresh_totp_secret() -> str:
    """A new secret, 160 bits in base 32."""
    return pyotp.random_base32()


def totp_uri(secret: str, *, name: str) -> str:
    """What an authenticator reads out of a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="Bubuh")


async def set_totp(
    db: Database, user_id: UUID, secret: str, code: str, *, key: PersonKey, now: datetime
) -> None:
    """Ask for the authenticator from now on, once it has shown a right code; raises `CodeRefused`."""
    step = _step_of(secret, code, now)
    if step is None:
        raise CodeRefused(tries_left=1)
    await store.set_totp(db, user_id, totp_sealed=key.seal(secret, _SEALED_AS), totp_step=step)


async def drop_totp(db: Database, user_id: UUID) -> None:
    """Ask for it no longer."""
    await store.set_totp(db, user_id, totp_sealed=None, totp_step=0)


async def check_totp(db: Database, user_id: UUID, code: str, *, key: PersonKey, now: datetime) -> bool:
    """Whether it is the authenticator's code of now, and was not used before."""
    known = await store.find_credentials(db, user_id)
    if known is None or known.totp_sealed is None:
        return False
    step = _step_of(key.open(known.totp_sealed, _SEALED_AS), code, now)
    return step is not None and await store.pass_totp(db, user_id, totp_step=step)


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    """The step whose code it is, of those that a clock may show by now."""
    totp, present = pyotp.TOTP(secret), int(now.timestamp()) // STEP_S
    for step in range(present - _DRIFT_STEPS, present + _DRIFT_STEPS + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode()):
            return step
    return None
