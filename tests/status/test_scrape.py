"""Numbers of processes become what happened within the window, restarts or not."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from bubuh.outages.model import Function
from bubuh.status import scrape


class Process:
    """One that tells numbers, as prometheus-client writes them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ["method", "route", "status"]
        self.requests = Counter("bubuh_http_requests", "-", labels, registry=self.registry)
        self.seconds = Histogram(
            "bubuh_http_request_seconds", "-", ["route"], buckets=(0.1, 1, 5), registry=self.registry
        )
        self.affixed = Counter("bubuh_stamps_affixed", "-", ["tier"], registry=self.registry)
        self.resting = Gauge("bubuh_gateway_resting", "-", ["gateway"], registry=self.registry)

    def answer(self, route: str, status: int, seconds: float) -> None:
        self.requests.labels("POST", route, str(status)).inc()
        self.seconds.labels(route).observe(seconds)

    def tell(self) -> scrape.Numbers:
        return scrape.read_numbers(generate_latest(self.registry).decode())


def test_what_rose_within_the_window_is_counted_by_function() -> None:
    window, web = scrape.Window(300.0), Process()
    web.answer("/v1/orders", 500, 9.0)  # before anybody looked
    window.read(0.0, {"web": web.tell()})
    for seconds in (0.05, 0.05, 0.5):
        web.answer("/v1/orders", 201, seconds)
    web.answer("/beli", 503, 0.05)
    web.answer("/v1/stamps", 202, 30.0)  # as late as its asker wanted
    web.answer("/health/ready", 500, 0.1)  # nobody's function
    window.read(5.0, {"web": web.tell()})
    traffic = scrape.traffic_of(window.rises())
    assert (traffic[Function.BUY].asked, traffic[Function.BUY].failed) == (4, 1)
    assert traffic[Function.BUY].p99_s == 1.0
    assert traffic[Function.STAMP].p99_s is None
    assert set(traffic) == {Function.BUY, Function.STAMP}


def test_what_is_older_than_the_window_is_forgotten() -> None:
    window, web = scrape.Window(300.0), Process()
    window.read(0.0, {"web": web.tell()})
    web.answer("/v1/orders", 500, 0.1)
    window.read(5.0, {"web": web.tell()})
    window.read(304.0, {"web": web.tell()})
    assert scrape.traffic_of(window.rises())[Function.BUY].failed == 1
    window.read(306.0, {"web": web.tell()})
    assert scrape.traffic_of(window.rises())[Function.BUY].failed == 0


def test_a_process_that_began_anew_begins_at_nothing() -> None:
    window, first, second = scrape.Window(300.0), Process(), Process()
    first.affixed.labels("T1").inc(100)
    window.read(0.0, {"worker-1": first.tell()})
    first.affixed.labels("T1").inc(10)
    window.read(5.0, {"worker-1": first.tell()})
    window.read(10.0, {})  # it was killed
    second.affixed.labels("T1").inc(3)
    window.read(15.0, {"worker-1": second.tell()})
    assert scrape.affixed(window.rises()) == 13


def test_a_gateway_that_any_process_spares_is_spared() -> None:
    window, web, worker = scrape.Window(300.0), Process(), Process()
    web.resting.labels("xendit").set(1)
    web.resting.labels("snap").set(0)
    window.read(0.0, {"web": web.tell()})
    assert scrape.gateways(window.latest.items()) == {"xendit": True, "snap": False}
    worker.resting.labels("xendit").set(0)
    told = [*worker.tell().items(), *web.tell().items()]
    assert scrape.gateways(told)["xendit"]
    assert scrape.gateways(reversed(told))["xendit"]


@pytest.mark.parametrize(
    ("buckets", "expected"),
    [
        ({}, None),
        ({1.0: 0.0, float("inf"): 0.0}, None),
        ({1.0: 99.0, 5.0: 100.0, float("inf"): 100.0}, 1.0),
        ({1.0: 98.0, 5.0: 100.0, float("inf"): 100.0}, 5.0),
        ({1.0: 0.0, 5.0: 0.0, float("inf"): 1.0}, 10.0),
    ],
)
def test_a_quantile_is_the_edge_that_holds_it(buckets: dict[float, float], expected: float | None) -> None:
    assert scrape.quantile(buckets, 0.99) == expected


def test_what_is_no_metrics_is_refused() -> None:
    with pytest.raises(ValueError, match=r"."):
        scrape.read_numbers("<html>{}</html> x y z\n")
