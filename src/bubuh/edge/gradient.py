"""How many may work at once, learnt from how long work takes: an adaptive limit by gradient.

Pure: times come in as numbers. When work takes longer than it long did, more of it at once only queues
somewhere out of sight, and the limit falls; while work is as quick as ever and the limit is used, it rises.
A limit that is not half used says nothing and stays: a slow machine that few ask is left alone.

Source: Gradient2, as published with Netflix' concurrency-limits (its figures, not its code).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

TOLERANCE: Final = 1.5  #: times the usual time that are no sign of anything
SMOOTHING: Final = 0.2  #: the part of a step that is taken at once
HEADROOM: Final = 4.0  #: places by which the limit probes upwards
LEAST_GRADIENT: Final = 0.5
LONG_WINDOWS: Final = 600  #: windows that the usual time is a mean of
WARM_UP: Final = 10  #: windows before which it is the plain mean
WINDOW_S: Final = 1.0
LEAST_SAMPLES: Final = 10
_RECOVERY: Final = 0.95  # the usual time falls by so much when work has become twice as quick


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a limit starts from, and what it never leaves."""

    floor: int
    start: int
    ceiling: int

    def __post_init__(self) -> None:
        assert 1 <= self.floor <= self.start <= self.ceiling


class Gradient:
    """One limit. Samples are gathered for a second, so that short and long work of one kind even out."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._limit = float(bounds.start)
        self._usual_s = 0.0
        self._windows = 0
        self._window_from_s: float | None = None
        self._sum_s, self._samples, self._most = 0.0, 0, 0

    @property
    def limit(self) -> int:
        """How many may work at once now."""
        return int(self._limit)

    def note(self, took_s: float, *, in_flight: int, now_s: float) -> None:
        """Work has ended that took so long; `in_flight` were at work then, it included."""
        if self._window_from_s is None:
            self._window_from_s = now_s
        self._sum_s += took_s
        self._samples += 1
        self._most = max(self._most, in_flight)
        if self._samples >= LEAST_SAMPLES and now_s - self._window_from_s >= WINDOW_S:
            mean_s, most = self._sum_s / self._samples, self._most
            self._window_from_s, self._sum_s, self._samples, self._most = None, 0.0, 0, 0
            self._step(mean_s, most)

    def _step(self, short_s: float, most: int) -> None:
        self._windows += 1
        weight = 1 / min(self._windows, WARM_UP) if self._windows <= WARM_UP else 2 / (LONG_WINDOWS + 1)
        self._usual_s += (short_s - self._usual_s) * weight
        if self._usual_s > 2 * short_s:
            self._usual_s *= _RECOVERY
        if most < self._limit / 2:
            return
        gradient = max(LEAST_GRADIENT, min(1.0, TOLERANCE * self._usual_s / max(short_s, 1e-9)))
        wanted = self._limit * gradient + HEADROOM
        limit = self._limit * (1 - SMOOTHING) + wanted * SMOOTHING
        self._limit = min(max(limit, float(self._bounds.floor)), float(self._bounds.ceiling))
