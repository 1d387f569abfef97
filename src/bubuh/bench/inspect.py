"""What the sandbox adds to an inspection: the round trip by the wall clock, with and without a fork."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, Literal, TypedDict

from bubuh.bench.files import FILES
from bubuh.bench.machine import machine
from bubuh.pdf.intake.inspection import inspect
from bubuh.sandbox import Sandbox
from bubuh.sandbox.calls import INSPECT, InspectArguments

Way = Literal["here", "shared", "alone"]

_ALONE: Final = replace(INSPECT, shared=False)
_DIGITS: Final = 3


class Row(TypedDict):
    """One file. Milliseconds of wall clock, medians of all rounds."""

    file: str
    size_bytes: int
    here_ms: float
    shared_ms: float
    alone_ms: float


class Facts(TypedDict):
    """A whole run, and what it ran on."""

    rows: list[Row]
    rounds: int
    machine: dict[str, object]


def measure_round_trips(rounds: int) -> Facts:
    """Inspect each file `rounds` times each way, one way after the other, in one sandbox."""
    documents = {file: make() for file, make in FILES.items()}
    with Sandbox.open_sync() as sandbox:
        ways: Mapping[Way, Callable[[bytes], object]] = {
            "here": inspect,
            "shared": sandbox.inspect,
            "alone": lambda document: sandbox.call(_ALONE, InspectArguments(), document),
        }
        rows = [_row(file, document, ways, rounds) for file, document in documents.items()]
    return Facts(rows=rows, rounds=rounds, machine=machine())


def _row(file: str, document: bytes, ways: Mapping[Way, Callable[[bytes], object]], rounds: int) -> Row:
    taken: dict[Way, list[float]] = {way: [] for way in ways}
    for act in ways.values():
        act(document)  # the first of all warms up
    gc.collect()
    for _ in range(rounds):
        for way, act in ways.items():
            begun = time.perf_counter()
            act(document)
            taken[way].append(1000 * (time.perf_counter() - begun))
    here, shared, alone = (round(statistics.median(taken[way]), _DIGITS) for way in ways)
    return Row(file=file, size_bytes=len(document), here_ms=here, shared_ms=shared, alone_ms=alone)
