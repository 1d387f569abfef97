from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bubuh.core.doubt import HOLD_OFF_S, JUMP_S, Doubt

BEGAN = datetime(2026, 11, 23, tzinfo=UTC)


class Clocks:
    """The database's and our own, which go as they are told."""

    def __init__(self) -> None:
        self.theirs, self.ours = BEGAN, 100.0
        self.doubt = Doubt(self.read, lambda: self.ours)

    async def read(self) -> datetime:
        return self.theirs

    def go(self, theirs_s: float, ours_s: float) -> None:
        self.theirs += timedelta(seconds=theirs_s)
        self.ours += ours_s


async def test_the_first_look_tells_of_no_jump() -> None:
    clocks = Clocks()
    assert await clocks.doubt.look() is None
    assert not clocks.doubt.lasts


@pytest.mark.parametrize("drift_s", [0, JUMP_S, -JUMP_S])
async def test_what_both_clocks_pass_is_no_jump_nor_is_a_little_more(drift_s: float) -> None:
    clocks = Clocks()
    await clocks.doubt.look()
    clocks.go(7_200 + drift_s, 7_200)
    assert await clocks.doubt.look() is None
    assert not clocks.doubt.lasts


@pytest.mark.parametrize("jump_s", [JUMP_S + 1, -JUMP_S - 1, 86_400.0])
async def test_a_jump_is_told_once_and_doubted_for_an_hour(jump_s: float) -> None:
    clocks = Clocks()
    await clocks.doubt.look()
    clocks.go(10 + jump_s, 10)
    assert await clocks.doubt.look() == pytest.approx(jump_s)
    assert clocks.doubt.lasts
    clocks.go(HOLD_OFF_S - 1, HOLD_OFF_S - 1)
    assert await clocks.doubt.look() is None
    assert clocks.doubt.lasts
    clocks.go(1, 1)
    assert not clocks.doubt.lasts
