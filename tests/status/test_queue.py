"""What the status page tells of the waiting room."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bubuh.status.look import queue_of
from bubuh.status.model import Queue
from bubuh.status.pages import render
from bubuh.waitingroom.room_file import LaneNow, Now
from tests.status.test_pages import MEASURED, look, text


def now(*lanes: tuple[int, int, float], is_open: bool = True) -> Now:
    found = {
        f"jalur-{at}": LaneNow(at, serving, issued, pace, 0.7)
        for at, (serving, issued, pace) in enumerate(lanes, 1)
    }
    return Now(t=1_000, open=is_open, lanes=found)


@pytest.mark.parametrize(
    ("lanes", "waiting", "wait_s"),
    [
        ([], 0, 0.0),
        ([(10, 10, 0.0)], 0, 0.0),
        ([(10, 110, 2.0), (0, 30, 0.1)], 130, 300.0),
        ([(10, 110, 2.0), (0, 30, 0.0)], 130, None),
    ],
)
def test_the_slowest_lane_is_told_and_one_that_calls_nobody_makes_it_unknown(
    lanes: list[tuple[int, int, float]], waiting: int, wait_s: float | None
) -> None:
    assert queue_of(now(*lanes), now_s=1_004.0) == Queue(
        is_open=True, age_s=4.0, waiting=waiting, wait_s=wait_s
    )
    assert queue_of(now(*lanes, is_open=False), now_s=1_004.0).wait_s is None


def test_page_and_facts_tell_how_many_wait() -> None:
    queue = Queue(is_open=True, age_s=1.0, waiting=1234, wait_s=61.6)
    files = render(look(measured=replace(MEASURED, has_gate=True, queue=queue)))
    assert "<dt>Turns that wait in the queue</dt><dd>1234</dd>" in text(files, "en.html")
    assert "<dd>62\N{NO-BREAK SPACE}detik</dd>" in text(files, "index.html")
    assert json.loads(files["status.json"].content)["queue"]["waiting"] == 1234
    without = render(look())
    assert "antrean" not in text(without, "index.html").partition("<h2>Angka")[2]
    assert json.loads(without["status.json"].content)["queue"] is None
