"""Who comes, when and how patient: a TOML file."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

import msgspec

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=86_400)]
Weight = Annotated[float, msgspec.Meta(gt=0)]
PerSecond = Annotated[float, msgspec.Meta(gt=0, le=10_000)]


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A surge. Every member has a default; a file names what differs."""

    admitted_per_s: PerSecond = 2.0  #: what the room lets in
    times: Annotated[float, msgspec.Meta(ge=1, le=1_000)] = 50.0  #: joins in a surge, in admitted rates
    calm_times: Share = 1.0  #: people beside the junk who come in a calm round, in admitted rates
    surge_s: Seconds = 200.0  #: of one round
    calm_s: Seconds = 60.0  #: of the calm round before each surge
    rounds: Annotated[int, msgspec.Meta(ge=1, le=9)] = 3
    shape: Annotated[tuple[Weight, ...], msgspec.Meta(min_length=1, max_length=96)] = (1.0,)
    #: ^ how many come in each equal part of a surge, in relation to each other
    junk: Annotated[float, msgspec.Meta(ge=0, le=0.99)] = 0.8  #: of those who join: they never enter
    hostile: Share = 0.05  #: of those who are let in: their upload is meant to hurt
    patience_s: Seconds = 60.0  #: mean, exponential: who was not called by then gives up
    devices: Share = 1.0  #: of those who wait, whose device polls
    poll_s: tuple[Seconds, Seconds] = (2.0, 10.0)  #: between two polls of a device
    window_s: Annotated[int, msgspec.Meta(ge=10, le=3_600)] = 30  #: a called turn is good for so long
    verify_per_s: PerSecond = 5.0  #: serial numbers looked up, by strangers
    history_per_s: PerSecond = 5.0  #: pages of somebody's history
    partner_per_s: PerSecond = 5.0  #: calls of a program with a key

    def __post_init__(self) -> None:
        """Raises ValueError, as msgspec wants it."""
        if self.poll_s[0] > self.poll_s[1]:
            raise ValueError("poll_s: the shorter time comes first")

    @property
    def calm_per_s(self) -> float:
        """Joins a second of a calm round, the same share of junk among them."""
        return self.admitted_per_s * self.calm_times / (1 - self.junk)

    @property
    def people(self) -> int:
        """How many of those let in there may be in all: each needs an account."""
        surge = self.admitted_per_s * self.surge_s + self.admitted_per_s * self.window_s
        return int(self.rounds * (surge + self.admitted_per_s * self.calm_times * self.calm_s)) + 20


def read_profile(path: Path | None) -> Profile:
    """The profile in `path`, or the usual one; raises ValueError, which says what is wrong and where."""
    if path is None:
        return Profile()
    return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Profile)
