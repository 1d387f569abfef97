"""How many requests, how they ended, how long they took; by route template, never by address or id."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from bubuh.edge.bulkhead import Bulkhead

UNMATCHED: Final = "unmatched"
_TURNED_AWAY: Final = frozenset({429, 503})
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"})

REQUESTS: Final = Counter(
    "bubuh_http_requests",
    "Requests answered, by method, route template and status.",
    ["method", "route", "status"],
)
SECONDS: Final = Histogram(
    "bubuh_http_request_seconds",
    "Time from a request's first line to the last byte of its answer.",
    ["route"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60),
)
PARTNER_CALLS: Final = Counter(
    "bubuh_partner_calls",
    "Calls with a key of a partner whom the status page shows, by its slot: served, failed, turned away.",
    ["slot", "outcome"],
)
PROBLEMS: Final = Counter("bubuh_http_problems", "Problems answered, by code.", ["code"])
FRONT: Final = Histogram(
    "bubuh_bulkhead_front_seconds",
    "Time in front of a bulkhead, of who was let in and who was not.",
    ["bulkhead"],
    buckets=(0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5),
)
TURNED_AWAY: Final = Counter(
    "bubuh_bulkhead_turned_away",
    "Requests that were not begun: shed, their time spent, their caller gone.",
    ["bulkhead", "why"],
)
_LIMIT: Final = Gauge("bubuh_bulkhead_limit", "How many may work at once.", ["bulkhead"])
_WORKING: Final = Gauge("bubuh_bulkhead_working", "How many do.", ["bulkhead"])
_WAITING: Final = Gauge("bubuh_bulkhead_waiting", "How many wait in front.", ["bulkhead"])
_LEVEL: Final = Gauge("bubuh_brownout_level", "What is left off: 0 nothing, 4 all but files.")


def show_level(level: Callable[[], int]) -> None:
    """Tell of the brownout ladder whenever somebody asks."""
    _LEVEL.set_function(level)


def show_bulkhead(name: str, bulkhead: Bulkhead) -> None:
    """Tell of `bulkhead` whenever somebody asks."""
    _LIMIT.labels(bulkhead=name).set_function(lambda: bulkhead.limit)
    _WORKING.labels(bulkhead=name).set_function(lambda: bulkhead.in_flight)
    _WAITING.labels(bulkhead=name).set_function(lambda: bulkhead.waiting)


def count(*, method: str, route: str, status: int, seconds: float) -> None:
    """Note one answered request."""
    requests, took = _of(method if method in _METHODS else "OTHER", route, status)
    requests.inc()
    took.observe(seconds)


def count_partner(slot: int, status: int) -> None:
    """Note how the call of a shown partner ended; a call that its caller left ended in nothing."""
    if status in _TURNED_AWAY:
        PARTNER_CALLS.labels(slot=str(slot), outcome="turned_away").inc()
    elif status:
        PARTNER_CALLS.labels(slot=str(slot), outcome="failed" if status >= 500 else "served").inc()


@lru_cache(
    maxsize=1_024
)  # finding them costs more than counting; there are as many as methods, routes and statuses
def _of(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return REQUESTS.labels(method=method, route=route, status=str(status)), SECONDS.labels(route=route)
