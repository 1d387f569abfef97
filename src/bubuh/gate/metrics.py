"""What the gate tells Prometheus."""

from __future__ import annotations

from typing import Final

from prometheus_client import Gauge

from bubuh.waitingroom.room import Room

_ISSUED: Final = Gauge("bubuh_gate_issued", "Numbers given", ["lane"])
_SERVING: Final = Gauge("bubuh_gate_serving", "The last number called", ["lane"])
_ENTERED: Final = Gauge("bubuh_gate_entered", "People let in since the log began", ["lane"])
_LATE: Final = Gauge("bubuh_gate_late", "Of these, in a late window, since the start", ["lane"])
_SHOW: Final = Gauge("bubuh_gate_show", "The part of those called who come", ["lane"])
_PACE: Final = Gauge("bubuh_gate_pace", "Numbers called a second", ["lane"])
_INSIDE: Final = Gauge("bubuh_gate_inside", "Passes that are out")


def tell(room: Room) -> None:
    """Set the gauges to `room` as it is."""
    _INSIDE.set(len(room.inside))
    for lane in room.lanes.values():
        name = lane.rule.name
        _ISSUED.labels(name).set(lane.numbers.issued)
        _SERVING.labels(name).set(lane.window.serving)
        _ENTERED.labels(name).set(lane.entered)
        _LATE.labels(name).set(lane.late)
        _SHOW.labels(name).set(lane.show)
        _PACE.labels(name).set(lane.pace)
