"""Who bore which key a moment ago: a burst of calls with one key is one question to the database."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from bubuh.db.pool import Database
from bubuh.identity.authenticate import authenticate
from bubuh.identity.model import Environment, Principal
from bubuh.identity.secret import hash_secret

KNOWN_S: Final = 2.0  #: a key that was revoked opens nothing after so long, in whatever process it was
MOST_KNOWN: Final = 10_000  #: some 600 bytes each


class KnownKeys:
    """Remembers bearers of good keys, by the keys' hashes, and believes it for KNOWN_S."""

    def __init__(self, *, clock_s: Callable[[], float] = time.monotonic) -> None:
        """Nobody is known yet."""
        self._clock_s = clock_s
        self._known: dict[bytes, tuple[float, Principal]] = {}  #: oldest first

    async def authenticate(self, db: Database, secret: str, environment: Environment) -> Principal:
        """Who bears `secret`, as of KNOWN_S ago at the earliest; raises `KeyRefused`."""
        named = hash_secret(secret)
        now = self._clock_s()
        asked_at, principal = self._known.get(named, (-KNOWN_S, None))
        if principal is not None and now - asked_at < KNOWN_S:
            return principal
        try:
            principal = await authenticate(db, secret, environment)
        finally:
            self._known.pop(named, None)  # who is refused is remembered no more
        self._known[named] = (now, principal)  # as of before it was asked
        self._forget()
        return principal

    def last_bearer(self, secret: str) -> Principal | None:
        """Whose key `secret` was when it was last asked about; None when nobody remembers.

        It opens nothing: it says in whose line a call waits until it is asked about again.
        """
        _, principal = self._known.get(hash_secret(secret), (0.0, None))
        return principal

    def _forget(self) -> None:
        """Forget who was asked about longest ago."""
        if len(self._known) > MOST_KNOWN:
            del self._known[next(iter(self._known))]
