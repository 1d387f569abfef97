"""Who bore which key a moment ago: a burst of calls with one key is one question to the database."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import islice
from typing import Final

from bubuh.db.pool import Database
from bubuh.identity.authenticate import authenticate
from bubuh.identity.model import Environment, Principal
from bubuh.identity.secret import hash_secret

KNOWN_S: Final = 2.0  #: a key that was revoked opens nothing after so long, in whatever process it was
MOST_KNOWN: Final = 10_000


class KnownKeys:
    """Remembers the bearers of good keys for KNOWN_S, by the keys' hashes; keys that are refused never."""

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
        principal = await authenticate(db, secret, environment)
        self._known.pop(named, None)
        self._known[named] = (now, principal)  # as of before it was asked
        self._forget(now)
        return principal

    def _forget(self, now: float) -> None:
        """Forget two at most, of those asked about longest ago: as many come as go, and none is counted."""
        for named, (asked_at, _) in list(islice(self._known.items(), 2)):
            if now - asked_at >= KNOWN_S or len(self._known) > MOST_KNOWN:
                del self._known[named]
