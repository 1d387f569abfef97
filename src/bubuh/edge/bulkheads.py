"""Which work is kept apart from which: the bulkheads of a web process, and what goes through each.

Each lane and channel has a limit of its own, so that one that drowns pulls down no other. Within a bulkhead
the urgent goes first. Figures are for one process and generous: they bind in a surge, not on a slow day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from bubuh.edge.gradient import Bounds


class Kind(StrEnum):
    """A bulkhead, by what it is for."""

    CLAIM = "claim"  #: entering with a turn
    ACCOUNT = "account"  #: signing in, registering, one's own settings
    STAMP = "stamp"
    PAY = "pay"
    INSPECT = "inspect"  #: what opens documents: uploads, pictures of pages
    VERIFY = "verify"
    PARTNER = "partner"  #: programs with an API key
    ORDER = "order"  #: of these, what buys: a gateway that comes back brings all its buyers at once
    HISTORY = "history"
    PAGES = "pages"  #: whatever else is shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The bounds of one bulkhead's limit, and how long one waits in front of it.

    `each`: bounds of the limit that every account has within it, where it is shared by those with one.
    """

    bounds: Bounds
    bound_s: float
    each: Bounds | None = None


_USUAL: Final = Bounds(floor=16, start=64, ceiling=256)
# what programs send is committed in batches of all that is under way at once; half of it is one partner's
_PROGRAMS: Final = Rule(
    bounds=Bounds(floor=64, start=256, ceiling=1_024),
    bound_s=2.0,
    each=Bounds(floor=32, start=128, ceiling=512),
)
RULES: Final[Mapping[Kind, Rule]] = {
    Kind.CLAIM: Rule(bounds=_USUAL, bound_s=1.0),
    Kind.ACCOUNT: Rule(bounds=_USUAL, bound_s=2.0),
    Kind.STAMP: Rule(bounds=_USUAL, bound_s=1.0),
    Kind.PAY: Rule(bounds=_USUAL, bound_s=1.0),
    Kind.INSPECT: Rule(bounds=Bounds(floor=8, start=24, ceiling=64), bound_s=5.0),
    Kind.VERIFY: Rule(bounds=_USUAL, bound_s=2.0),
    Kind.PARTNER: _PROGRAMS,
    Kind.ORDER: _PROGRAMS,
    Kind.HISTORY: Rule(bounds=_USUAL, bound_s=1.0),
    Kind.PAGES: Rule(bounds=_USUAL, bound_s=1.0),
}


@dataclass(frozen=True, slots=True)
class Way:
    """Through which bulkhead, and how urgent there: 0 goes first."""

    kind: Kind
    urgency: int
    buys: bool = False  #: it begins a purchase


#: What reads, and may be read again from memory under a brownout.
KEEPABLE: Final = frozenset({Kind.HISTORY, Kind.VERIFY})
#: Never asked to wait: files, probes, the words of gateways (money that came), development.
FREE: Final = ("/static/", "/health/", "/gateway/", "/dev/")
#: The first row that fits decides; a row without a method fits any.
_ROWS: Final[tuple[tuple[str | None, str, Way], ...]] = (
    (None, "/antre/", Way(Kind.CLAIM, 0)),
    ("POST", "/jalur/", Way(Kind.CLAIM, 1)),
    ("POST", "/bukti-antre", Way(Kind.CLAIM, 1)),
    (None, "/pesanan/", Way(Kind.PAY, 0)),
    (None, "/beli", Way(Kind.PAY, 1, buys=True)),
    ("POST", "/bubuhkan/{document_id}/pin", Way(Kind.STAMP, 0)),
    ("GET", "/bubuhkan/{document_id}/halaman/", Way(Kind.INSPECT, 1)),
    (None, "/bubuhkan/", Way(Kind.STAMP, 1)),
    ("POST", "/bubuhkan", Way(Kind.INSPECT, 0)),
    (None, "/bubuhkan", Way(Kind.STAMP, 1)),
    (None, "/unggahan", Way(Kind.STAMP, 1)),
    (None, "/meterai/", Way(Kind.STAMP, 0)),
    (None, "/masuk", Way(Kind.ACCOUNT, 0)),
    (None, "/kode/", Way(Kind.ACCOUNT, 0)),
    (None, "/akun", Way(Kind.ACCOUNT, 1)),
    (None, "/keluar", Way(Kind.ACCOUNT, 0)),
    (None, "/daftar", Way(Kind.ACCOUNT, 1)),
    (None, "/sandi", Way(Kind.ACCOUNT, 1)),
    (None, "/riwayat", Way(Kind.HISTORY, 0)),
    (None, "/bantuan/", Way(Kind.HISTORY, 1)),
    (None, "/pengaduan", Way(Kind.HISTORY, 1)),
    ("POST", "/periksa", Way(Kind.VERIFY, 1)),
    (None, "/periksa", Way(Kind.VERIFY, 0)),
    (None, "/s/", Way(Kind.VERIFY, 0)),
    (None, "/v1/serials/", Way(Kind.VERIFY, 0)),
    (None, "/v1/verifications", Way(Kind.VERIFY, 1)),
    (None, "/v1/ledger", Way(Kind.PAGES, 1)),
    (None, "/v1/turns", Way(Kind.PARTNER, 0)),
    (None, "/v1/passes", Way(Kind.PARTNER, 0)),
    ("POST", "/v1/stamps", Way(Kind.PARTNER, 0)),
    ("POST", "/v1/orders/", Way(Kind.ORDER, 1)),
    ("POST", "/v1/orders", Way(Kind.ORDER, 0, buys=True)),
    # after an outage of a gateway many look at once; their money is credited whether or not they see it
    ("GET", "/v1/orders", Way(Kind.ORDER, 2)),
    ("GET", "/v1/stamps/", Way(Kind.PARTNER, 1)),
    ("GET", "/v1/stamps", Way(Kind.PARTNER, 2)),
    ("GET", "/v1/quota/", Way(Kind.PARTNER, 2)),
    ("GET", "/v1/events", Way(Kind.PARTNER, 2)),
    (None, "/v1/", Way(Kind.PARTNER, 1)),
)
_OTHER: Final = Way(Kind.PAGES, 1)


@lru_cache(maxsize=1_024)  # there are as many as methods and routes, and each request asks several times
def way_of(method: str, route: str) -> Way | None:
    """The way of a call of `route` (a template, as `/meterai/{stamp_id}`); None: it never waits."""
    if route.startswith(FREE):
        return None
    for wanted, prefix, way in _ROWS:
        if wanted in {None, method} and route.startswith(prefix):
            return way
    return _OTHER
