"""How often one key or address may ask: the generic cell rate algorithm, in this process's memory.

Each cell keeps one number, the moment at which its owner's allowance is whole again. The figures are per web
process and generous: they keep one client from hurting the others, and are no accounting.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """`quota` requests at once, refilled evenly within `window_s` seconds."""

    name: str
    quota: int
    window_s: float

    @property
    def interval_s(self) -> float:
        """Time after which one more request is allowed."""
        return self.window_s / self.quota


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a request was told about its owner's rate."""

    rate: Rate
    allowed: bool
    remaining: int  #: requests that would pass right now
    reset_s: float  #: until the quota is whole again
    retry_after_s: float  #: until one request passes; 0 when one would

    def headers(self) -> dict[str, str]:
        """`RateLimit-Policy` and `RateLimit`. Source: draft-ietf-httpapi-ratelimit-headers-11."""
        rate = self.rate
        return {
            "ratelimit-policy": f'"{rate.name}";q={rate.quota};w={math.ceil(rate.window_s)}',
            "ratelimit": f'"{rate.name}";r={self.remaining};t={math.ceil(self.reset_s)}',
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """The limits of one web process."""

    account: Rate = Rate(name="account", quota=2_000, window_s=10)  #: calls with a key, by account
    refused_keys: Rate = Rate(name="refused-keys", quota=60, window_s=60)  #: failed keys, by address
    refused_sessions: Rate = Rate(  #: sessions that are none or over, by address: each is looked up
        name="refused-sessions", quota=6_000, window_s=60
    )
    serials: Rate = Rate(name="serials", quota=300, window_s=60)  #: look-ups of serial numbers, by address
    verifications: Rate = Rate(name="verifications", quota=60, window_s=60)  #: documents judged, by address
    notices: Rate = Rate(name="notices", quota=180_000, window_s=60)  #: words of gateways, by address
    forgeries: Rate = Rate(name="forgeries", quota=600, window_s=60)  #: forged ones, by address
    doors: Rate = Rate(
        name="doors", quota=600, window_s=600
    )  #: sign-ins and codes, by address: many phones share one
    sign_ins: Rate = Rate(name="sign-ins", quota=10, window_s=600)  #: tries, by contact
    codes: Rate = Rate(name="codes", quota=6, window_s=900)  #: codes to be sent, by contact
    pages: Rate = Rate(name="pages", quota=600, window_s=60)  #: other pages, by person or else by address
    health: Rate = Rate(name="health", quota=1_200, window_s=60)  #: probes, by address
    development: Rate = Rate(name="development", quota=600, window_s=60)  #: development accounts


_SWEEP_FROM: Final = 10_000  # cells below which forgetting is not worth a look
_MOST_GROUPS: Final = 4_096  # addresses whose group is at hand


class Limiter:
    """Counts for all owners of all rates. Memory is bounded by who asked within a window."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._whole_at: dict[tuple[str, str], float] = {}
        self._sweep_at = _SWEEP_FROM

    def take(self, rate: Rate, owner: str) -> Allowance:
        """Count one request of `owner`, unless it is over its limit."""
        now = self._clock_s()
        seen = self._look(rate, owner, now)
        if not seen.allowed:
            return seen
        whole_at = max(self._whole_at.get((rate.name, owner), now), now) + rate.interval_s
        self._whole_at[rate.name, owner] = whole_at
        self._forget_the_whole(now)
        return _allowance(rate, whole_at - now, allowed=True)

    def look(self, rate: Rate, owner: str) -> Allowance:
        """What `take` would say, without counting."""
        return self._look(rate, owner, self._clock_s())

    def _look(self, rate: Rate, owner: str, now: float) -> Allowance:
        debt_s = max(self._whole_at.get((rate.name, owner), now) - now, 0.0)
        return _allowance(rate, debt_s, allowed=_whole_cells(rate, debt_s) >= 1)

    def _forget_the_whole(self, now: float) -> None:
        """Drop cells that are whole again; each sweep is paid for by as many new cells."""
        if len(self._whole_at) < self._sweep_at:
            return
        self._whole_at = {cell: at for cell, at in self._whole_at.items() if at > now}
        self._sweep_at = max(_SWEEP_FROM, 2 * len(self._whole_at))


@lru_cache(maxsize=_MOST_GROUPS)  # reading an address costs as much as all of a limit
def address_group(ip: str) -> str:
    """Who an address stands for: itself, or for IPv6 its /64, which one customer has whole."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ip
    if address.version == 4:
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))


def _whole_cells(rate: Rate, debt_s: float) -> int:
    """How many requests fit into what is left of the window; a billionth is what rounding may cost."""
    return max(int((rate.window_s - debt_s + 1e-9) / rate.interval_s), 0)


def _allowance(rate: Rate, debt_s: float, *, allowed: bool) -> Allowance:
    return Allowance(
        rate=rate,
        allowed=allowed,
        remaining=_whole_cells(rate, debt_s),
        reset_s=debt_s,
        retry_after_s=max(rate.interval_s - (rate.window_s - debt_s), 0.0),
    )
