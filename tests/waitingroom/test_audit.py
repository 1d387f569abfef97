"""What anybody can find out from the published log: that all is as promised, or what is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from bubuh.cli.turn import turn as commands
from bubuh.core.ids import AccountId
from bubuh.waitingroom.audit import audit
from bubuh.waitingroom.draw import Order, draw_key, revealed
from bubuh.waitingroom.published import NoLog, link_of, publish
from bubuh.waitingroom.records import Kind, Record
from tests.waitingroom.make import NOW_S, UMUM, room
from tests.waitingroom.test_draw import CLOSES_AT, SECRET, VALUE, plan

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
DRAWN = revealed(plan(), SECRET, VALUE)
PLANS = {plan().start: DRAWN}
JOINED = 40


def opening() -> list[list[Record]]:
    """An opening's logs: 40 join, are drawn and called, every second enters; then the log begins anew."""
    made = room(per_s=4.0)
    first = made.snapshot()
    for second in range(40):
        now_s = NOW_S + second
        shown = plan() if now_s < CLOSES_AT + 3 else DRAWN
        kept = made.tick(now_s, 1.0) + made.wanted_marks() + made.draw(shown, now_s)
        made.apply(kept)
        first += kept
        if second == 1:
            for _ in range(JOINED):
                made.join(UMUM)
    lane = made.lanes[UMUM]
    assert lane.window.serving == JOINED
    for number in range(1, JOINED + 1, 2):
        entered = Record(Kind.ENTERED, UMUM, number, AccountId(9000 + number), NOW_S + 900)
        made.apply([entered])
        first.append(entered)
    return [first, made.snapshot()]


@pytest.fixture(scope="module")
def honest() -> list[bytes]:
    return list(publish(opening(), PLANS, KEY))


def codes(lines: list[bytes], *, key: str | None = None) -> set[str]:
    return {one.code for one in audit(lines, key=key).findings}


def signed_again(change: Callable[[list[Record]], list[Record]]) -> list[bytes]:
    """What a service would publish that did otherwise and signed it."""
    first, second = opening()
    return list(publish([change(first), second], PLANS, KEY))


def test_an_honest_log_has_nothing_wrong_and_no_account(honest: list[bytes]) -> None:
    found = audit(honest, key=KEY.public_key().public_bytes_raw().hex())
    assert found.findings == []
    assert len(found.lanes[UMUM].entered) == JOINED // 2
    _, draw = found.lanes[UMUM].draws[0]
    numbers = found.lanes[UMUM].order(draw)
    order = Order(draw_key(SECRET, VALUE), lane=UMUM, size=JOINED)
    assert [order.place(number - 1) for number in numbers] == list(range(JOINED))
    assert b"9001" not in b"".join(honest)


def test_it_is_read_again_in_parts(honest: list[bytes], tmp_path: Path) -> None:
    parts = tmp_path / "1", tmp_path / "2"
    parts[0].write_bytes(b"".join(honest[:10]))
    parts[1].write_bytes(b"".join(honest[10:]))
    order = tmp_path / "order.csv"
    done = CliRunner().invoke(
        commands, ["audit", *map(str, parts), "--json", "--number", "7", "--order", str(order)]
    )
    told = json.loads(done.output)
    assert (done.exit_code, told["honest"], told["entered"]) == (0, True, JOINED // 2)
    place = told["places"][str(UMUM)]["7"]
    rows = order.read_text().splitlines()
    assert f"{UMUM},{place},7" in rows
    assert len(rows) == JOINED + 1
    assert "nothing is wrong" in CliRunner().invoke(commands, ["audit", *map(str, parts)]).output


def test_a_changed_line_is_told(honest: list[bytes]) -> None:
    for at in range(len(honest)):
        changed = bytearray(honest[at])
        spot = honest[at].index(b',"h"') - 1  # the last sign of the line's own
        changed[spot] = changed[spot] ^ 1 if changed[spot : spot + 1].isdigit() else changed[spot]
        if bytes(changed) == honest[at]:
            changed = bytearray(honest[at].replace(b'"n":', b'"n": ', 1))
        assert "line_changed" in codes([*honest[:at], bytes(changed), *honest[at + 1 :]]), at


def test_a_missing_line_is_told(honest: list[bytes]) -> None:
    for at in range(1, len(honest) - 1):
        found = codes([*honest[:at], *honest[at + 1 :]])
        assert {"line_missing", "line_changed"} <= found, at
    assert codes(honest[:-1]) == {"not_signed"}
    assert "line_added" in codes([*honest, honest[-1]])


def test_another_service_is_told(honest: list[bytes]) -> None:
    assert codes(honest, key=bytes(32).hex()) == {"other_key"}
    forged = [*honest[:-1], honest[-1].replace(b'"signature":"', b'"signature":"00')]
    assert "not_signed" in codes(forged)


@pytest.mark.parametrize("file", [b"", b"not a log\n", b'{"n":1,"kind":"other","h":"00"}\n', b'{"n":1}\n'])
def test_what_is_no_log_is_refused(file: bytes) -> None:
    with pytest.raises(NoLog):
        audit(file.splitlines(keepends=True))
    with pytest.raises(NoLog):
        link_of(b'"h":"zz"}')


def test_a_false_reveal_is_told() -> None:
    other = msgspec.structs.replace(DRAWN, secret=bytes(32).hex())
    assert codes(list(publish(opening(), {plan().start: other}, KEY))) == {"false_reveal", "false_key"}
    value = msgspec.structs.replace(DRAWN, value="another")
    assert codes(list(publish(opening(), {plan().start: value}, KEY))) == {"false_key"}
    assert codes(list(publish(opening(), {plan().start: plan()}, KEY))) == {"reveal_missing"}


def test_another_order_than_the_drawn_one_is_told(honest: list[bytes]) -> None:
    """Whoever is let in before their place was called, twice, or was called before the draw."""
    lane = audit(honest).lanes[UMUM]
    last = lane.order(lane.draws[0][1])[-1]

    def add(record: Record, *, at: Kind, after: int) -> list[bytes]:
        def change(log: list[Record]) -> list[Record]:
            place = next(place for place, one in enumerate(log) if one.kind is at) + after
            return [*log[:place], record, *log[place:]]

        return signed_again(change)

    favoured = Record(Kind.ENTERED, UMUM, last, 1, NOW_S + 900)
    assert "entered_early" in codes(add(favoured, at=Kind.DRAWN, after=1))
    assert "entered_early" in codes(add(favoured, at=Kind.DRAWN, after=0))
    again = Record(Kind.ENTERED, UMUM, 1, 1, NOW_S + 900)
    assert "entered_twice" in codes(add(again, at=Kind.ENTERED, after=1))
    too_soon = Record(Kind.CALLED, UMUM, 3, 0, NOW_S)
    assert "called_before_the_draw" in codes(add(too_soon, at=Kind.DRAWN, after=0))


def test_a_draw_that_is_opened_again_is_told() -> None:
    def never_cut(log: list[Record]) -> list[Record]:
        return [one for one in log if one.kind is not Kind.CUT]

    assert "draw_reopened" in codes(signed_again(never_cut))
    after = Record(Kind.ANNOUNCED, UMUM, 5, 1, 2)
    assert "draw_reopened" in codes(signed_again(lambda log: [*log, after]))
