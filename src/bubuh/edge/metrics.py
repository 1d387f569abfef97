"""How many requests, how they ended, how long they took; by route template, never by address or id."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Histogram

UNMATCHED: Final = "unmatched"
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
PROBLEMS: Final = Counter("bubuh_http_problems", "Problems answered, by code.", ["code"])


def count(*, method: str, route: str, status: int, seconds: float) -> None:
    """Note one answered request."""
    known = method if method in _METHODS else "OTHER"
    REQUESTS.labels(method=known, route=route, status=str(status)).inc()
    SECONDS.labels(route=route).observe(seconds)
