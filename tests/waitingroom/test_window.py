from __future__ import annotations

from hypothesis import given, strategies as st

from bubuh.waitingroom.window import Standing, Window

WINDOW_S = 30


def test_a_number_is_called_then_late_twice_as_long_then_over() -> None:
    window = Window()
    window.call(5, open_s=0)
    told = []
    for open_s in (0, 29, 30, 89, 90):
        window.pass_time(open_s, window_s=WINDOW_S)
        told.append(window.standing(3))
    assert window.standing(6) is Standing.WAITING
    assert told == [Standing.CALLED, Standing.CALLED, Standing.LATE, Standing.LATE, Standing.OVER]


def test_a_window_ends_by_open_seconds_alone() -> None:
    window = Window()
    window.call(5, open_s=0)
    for _ in range(10_000):  # an outage of any length
        window.pass_time(29, window_s=WINDOW_S)
    assert window.standing(1) is Standing.CALLED


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=60), st.data())
def test_it_knows_who_entered_and_keeps_that_over_a_restart(steps: list[int], data) -> None:
    window, used, open_s = Window(), set[int](), 0.0
    for step in steps:
        open_s += 1
        window.pass_time(open_s, window_s=WINDOW_S)
        window.call(window.serving + step, open_s=open_s)
        number = data.draw(st.integers(window.over + 1, max(window.over + 1, window.serving)))
        if window.over < number <= window.serving and number not in used:
            window.use(number)
            used.add(number)
    again = Window()
    again.start_at(window.over)
    for cell in window.cells():
        again.restore_cell(cell.upto, open_s=cell.open_s, entered=cell.entered)
    for first, bits in window.used():
        again.restore_used(first, bits)
    again.pass_time(open_s, window_s=WINDOW_S)
    assert (again.serving, again.floor, again.over) == (window.serving, window.floor, window.over)
    assert sum(cell.entered for cell in again.cells()) == sum(cell.entered for cell in window.cells())
    for number in range(window.over + 1, window.serving + 1):
        assert again.is_used(number) is window.is_used(number) is (number in used)


def test_it_stays_small_however_many_are_called() -> None:
    window = Window()
    for second in range(1, 20_001):
        window.pass_time(float(second), window_s=600)
        window.call(window.serving + 700, open_s=float(second))
    assert window.serving == 14_000_000
    assert window.size_bytes() < 200_000  # three windows of 700 numbers a second
    assert len(window.cells()) <= 1801
