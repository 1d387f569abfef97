"""Keys come and go while the gate runs: nothing that was marked is void."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from bubuh.core.privileges import Uids
from bubuh.drill.gate import GateProcess
from bubuh.waitingroom.code import look_up
from bubuh.waitingroom.keyring import GENERATIONS, KEPT_S, KeyRing, RingFull
from bubuh.waitingroom.lanes import DEFAULT_RULES
from bubuh.waitingroom.passes import check_pass, vouch
from bubuh.waitingroom.ring_file import RingFile
from bubuh.waitingroom.room_file import RoomFile
from bubuh.waitingroom.turn import read_bytes, read_turn
from bubuh.wiring.folder import DataFolder
from bubuh.wiring.room import PASS_RING, TURN_RING, read_ring, rotate_rings
from tests.service.conftest import until
from tests.waitingroom.make import ALICE, BOB, NOW_S, RING


def test_a_new_key_is_believed_at_once_and_marks_later() -> None:
    ring = KeyRing.fresh()
    turned = ring.rotated(now_s=NOW_S, after_s=60)
    assert turned.keys.keys() == {1, 2}
    assert turned.generation == 1
    assert turned.as_of(NOW_S + 59).generation == 1
    assert turned.as_of(NOW_S + 60).generation == 2
    assert turned.keys[1] == ring.keys[1]
    assert turned.rotated(now_s=NOW_S + 59, after_s=60) is turned  # a second time before it marks
    assert KeyRing.parse(turned.show()).as_of(NOW_S) == turned
    assert KeyRing.parse(f"1 {bytes(32).hex()}\n").generation == 1  # a ring of before


def test_a_key_goes_once_nothing_it_marked_can_be_shown() -> None:
    ring = KeyRing.fresh().rotated(now_s=NOW_S, after_s=60)
    later = ring.rotated(now_s=NOW_S + 60 + KEPT_S, after_s=60)
    assert later.keys.keys() == {1, 2, 3}
    assert later.rotated(now_s=NOW_S + 121 + 2 * KEPT_S, after_s=60).keys.keys() == {3, 4}


def test_a_ring_that_is_full_of_living_keys_takes_no_more() -> None:
    ring = KeyRing.fresh()
    for at in range(GENERATIONS - 1):
        ring = ring.rotated(now_s=NOW_S + 2 * at, after_s=1)
    assert len(ring.keys) == GENERATIONS
    with pytest.raises(RingFull):
        ring.rotated(now_s=NOW_S + 500, after_s=1)
    after = ring.rotated(now_s=NOW_S + 500 + KEPT_S, after_s=1)
    assert after.keys.keys() == {GENERATIONS, GENERATIONS + 1}  # codes tell them apart still


def test_a_file_that_is_torn_or_gone_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bubuh.waitingroom.ring_file.LOOK_S", 0.0)
    path = tmp_path / "ring"
    path.write_text(RING.show())
    watched = RingFile(path)
    for at, text in enumerate(("1 zz", "", "nonsense")):
        path.write_text(text)
        os.utime(path, ns=(at, at))
        assert watched.ring() == RING
    path.unlink()
    assert watched.ring() == RING
    path.write_text(KeyRing({3: bytes(32)}).show())
    assert watched.ring().generation == 3


#: Joins cost nothing, and however many there are, all are called at once.
FREE = msgspec.structs.replace(DEFAULT_RULES, most_work=0, per_s=100_000.0, slots=1_000_000)


@pytest.fixture
def gate() -> Iterator[tuple[GateProcess, DataFolder]]:
    with tempfile.TemporaryDirectory(prefix="bubuh-rotation-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        made = GateProcess.prepare(folder / "data", RoomFile(is_open=True, rules=FREE))
        made.start()
        yield made, DataFolder((folder / "data").resolve())
        made.stop()


def test_a_gate_under_load_goes_over_to_the_new_keys(gate: tuple[GateProcess, DataFolder]) -> None:
    """Joins go on throughout; every turn and code is good afterwards, and enters."""
    process, folder = gate
    address = f"http://127.0.0.1:{process.port}"
    joined: list[dict[str, str]] = []
    over = threading.Event()

    def join_on() -> None:
        with httpx.Client() as client:
            while not over.is_set():
                joined.append(client.post(f"{address}/antre/umum").raise_for_status().json())

    def generation(shown: str) -> int:
        return int.from_bytes(read_bytes(shown)[2:4])

    callers = [threading.Thread(target=join_on) for _ in range(2)]
    for caller in callers:
        caller.start()
    try:
        until(lambda: len(joined) > 20)
        rotate_rings(folder, Uids.here().app, now_s=int(time.time()), after_s=2)
        until(lambda: generation(joined[-1]["turn"]) == 2)
    finally:
        over.set()
        for caller in callers:
            caller.join()
    turns, passes = read_ring(folder, TURN_RING), read_ring(folder, PASS_RING)
    assert {generation(one["turn"]) for one in joined} == {1, 2}
    numbers = []
    for one in joined:
        turn = read_turn(read_bytes(one["turn"]), turns, now_s=int(time.time()))
        assert look_up(one["code"], turns) == (turn.lane, turn.number)
        numbers.append(turn.number)
    assert len(set(numbers)) == len(numbers)
    for account, one in ((ALICE, joined[0]), (BOB, next(o for o in joined if generation(o["turn"]) == 2))):
        given: list[httpx.Response] = []

        def entered(
            account: int = account, one: dict[str, str] = one, given: list[httpx.Response] = given
        ) -> bool:
            letter = vouch(account, passes, now_s=int(time.time()))  # type: ignore[arg-type]
            given.append(httpx.post(f"{address}/gate/enter", content=letter + read_bytes(one["turn"])))
            return given[-1].status_code == 200

        until(entered)
        held = check_pass(given[-1].content, passes, account, now_s=int(time.time()))
        assert held.gen == 2
