"""Reads the numbers that our processes tell, and what became of them within the window."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from bubuh.outages.model import Function
from bubuh.status.model import Traffic

#: which routes of the site and the API are whose; the longest beginning that fits decides
ROUTES: Final[Mapping[str, Function]] = {
    "/beli": Function.BUY,
    "/pesanan": Function.BUY,
    "/v1/orders": Function.BUY,
    "/gateway": Function.PAY,
    "/bubuhkan": Function.STAMP,
    "/meterai": Function.STAMP,
    "/v1/documents": Function.STAMP,
    "/v1/stamps": Function.STAMP,
    "/periksa": Function.VERIFY,
    "/s/": Function.VERIFY,
    "/v1/serials": Function.VERIFY,
    "/v1/verifications": Function.VERIFY,
    "/antre": Function.QUEUE,
    "/jalur": Function.QUEUE,
    "/v1/turns": Function.QUEUE,
    "/v1/passes": Function.QUEUE,
}
#: answered when the stamp has ended, as late as the asker wants: their time says nothing
_WAITED_FOR: Final = ("/v1/stamps", "/meterai")
_REQUESTS: Final = "bubuh_http_requests_total"
_BUCKETS: Final = "bubuh_http_request_seconds_bucket"
_STAMP_BUCKETS: Final = "bubuh_worker_stamp_seconds_bucket"
_AFFIXED: Final = "bubuh_stamps_affixed_total"
_RESTING: Final = "bubuh_gateway_resting"
_LEVEL: Final = "bubuh_brownout_level"
_CALLS: Final = "bubuh_partner_calls_total"
_TOLD: Final = frozenset({_REQUESTS, _BUCKETS, _STAMP_BUCKETS, _AFFIXED, _RESTING, _LEVEL, _CALLS})

#: name and labels of a number
Key = tuple[str, frozenset[tuple[str, str]]]
Numbers = Mapping[Key, float]


def read_numbers(text: str) -> dict[Key, float]:
    """The numbers that are of use here, out of what a process tells; raises ValueError."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name in _TOLD
    }


class Window:
    """What numbers rose by within the last `length_s`. A process that began anew begins at nothing."""

    def __init__(self, length_s: float) -> None:
        """Nothing was read yet."""
        self._length_s = length_s
        self._rises: deque[tuple[float, dict[Key, float]]] = deque()
        self._before: dict[str, Numbers] = {}
        self.latest: dict[Key, float] = {}  #: as last read, of all processes

    def read(self, now_s: float, told: Mapping[str, Numbers]) -> None:
        """Take what each process that answered told at `now_s`, a monotonic time."""
        rises: dict[Key, float] = {}
        for process, numbers in told.items():
            before = self._before.get(process)
            if before is not None:
                for key, value in numbers.items():
                    last = before.get(key, 0.0)
                    rises[key] = rises.get(key, 0.0) + (value - last if value >= last else value)
            self._before[process] = numbers
        self.latest = {key: value for numbers in told.values() for key, value in numbers.items()}
        self._rises.append((now_s, rises))
        while self._rises[0][0] < now_s - self._length_s:
            self._rises.popleft()

    def rises(self) -> dict[Key, float]:
        """What each number rose by."""
        total: dict[Key, float] = {}
        for _, rises in self._rises:
            for key, value in rises.items():
                total[key] = total.get(key, 0.0) + value
        return total


def traffic_of(rises: Numbers) -> dict[Function, Traffic]:
    """What the site answered, by function."""
    asked: dict[Function, float] = {}
    failed: dict[Function, float] = {}
    buckets: dict[Function, dict[float, float]] = {}
    for (name, labels), value in rises.items():
        facts = dict(labels)
        route = facts.get("route", "")
        if (function := function_of(route)) is None:
            continue
        if name == _REQUESTS:
            asked[function] = asked.get(function, 0.0) + value
            failed[function] = failed.get(function, 0.0) + value * facts["status"].startswith("5")
        elif name == _BUCKETS and not route.startswith(_WAITED_FOR):
            its = buckets.setdefault(function, {})
            its[float(facts["le"])] = its.get(float(facts["le"]), 0.0) + value
    return {
        function: Traffic(
            asked=round(count),
            failed=round(failed[function]),
            p99_s=quantile(buckets.get(function, {}), 0.99),
        )
        for function, count in asked.items()
    }


def function_of(route: str) -> Function | None:
    """Whose route it is; None: nobody's that is told of here."""
    fits = [start for start in ROUTES if route.startswith(start)]
    return ROUTES[max(fits, key=len)] if fits else None


def calls_of(rises: Numbers) -> dict[int, Traffic]:
    """What became of the calls of shown partners, by slot."""
    asked: dict[int, float] = {}
    failed: dict[int, float] = {}
    for (name, labels), value in rises.items():
        if name == _CALLS:
            facts = dict(labels)
            slot = int(facts["slot"])
            asked[slot] = asked.get(slot, 0.0) + value
            failed[slot] = failed.get(slot, 0.0) + value * (facts["outcome"] != "served")
    return {slot: Traffic(asked=round(count), failed=round(failed[slot])) for slot, count in asked.items()}


def stamp_p99_s(rises: Numbers) -> float | None:
    """From a worker's taking up a stamp to its end."""
    buckets: dict[float, float] = {}
    for (name, labels), value in rises.items():
        if name == _STAMP_BUCKETS:
            edge = float(dict(labels)["le"])
            buckets[edge] = buckets.get(edge, 0.0) + value
    return quantile(buckets, 0.99)


def affixed(rises: Numbers) -> int:
    """Stamps."""
    return round(sum(value for (name, _), value in rises.items() if name == _AFFIXED))


def gateways(told: Iterable[tuple[Key, float]]) -> dict[str, bool]:
    """Each gateway that was called, and whether it is spared now."""
    spared: dict[str, bool] = {}
    for (name, labels), value in told:
        if name == _RESTING:
            gateway = dict(labels)["gateway"]
            spared[gateway] = spared.get(gateway, False) or value > 0
    return spared


def level(told: Iterable[tuple[Key, float]]) -> int:
    """The highest level of the brownout ladder that any process stands on."""
    return int(max((value for (name, _), value in told if name == _LEVEL), default=0.0))


def quantile(buckets: Mapping[float, float], share: float) -> float | None:
    """The edge below which `share` of a cumulative histogram lies; None for an empty one."""
    edges = sorted(buckets)
    total = buckets[edges[-1]] if edges else 0.0
    if total <= 0:
        return None
    found = next(edge for edge in edges if buckets[edge] >= share * total)
    finite = [edge for edge in edges if edge != float("inf")]
    return min(found, finite[-1] * 2) if finite else found
