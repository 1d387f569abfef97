"""The payments drill as an operator runs it, and what it says of books that differ."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from bubuh.drill.buyers import Buyers, Served
from bubuh.drill.credits import Compared, Credit, Outage, compare
from bubuh.drill.rounds import Round, clearing_facts, stamping_facts
from bubuh.drill.stampers import Stamped
from bubuh.drill.till import Taken, read_till
from bubuh.gateway_dev.lines import Closed, Line, Opened, Paid, Told

PAID = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def taken(amount_idr: int = 20_000, *, is_told: bool = True) -> Taken:
    return Taken(amount_idr=amount_idr, payments={"pay_1": amount_idr}, paid_at=PAID, is_told=is_told)


def credit(
    amount_idr: int = 20_000, *, stamps: int = 2, payment_no: str = "pay_1", after_s: float = 1.0
) -> Credit:
    filled_at = PAID + timedelta(seconds=after_s)
    return Credit(payments={payment_no: amount_idr}, stamps=stamps, filled_at=filled_at)


def facts(compared: Compared) -> tuple[int, int, int, int, int]:
    return (
        compared.orders,
        compared.credited,
        compared.uncredited,
        compared.forged_credited,
        compared.book_difference_idr,
    )


def test_books_that_agree() -> None:
    compared = compare({"a": taken(), "b": taken(is_told=False)}, {"a": credit(), "b": credit(after_s=40)})
    assert facts(compared) == (2, 2, 0, 0, 0)
    assert (compared.told_s, compared.untold_s) == ([1.0], [40.0])


def test_an_order_that_nobody_paid_for_is_no_order_of_the_gateway() -> None:
    assert facts(compare({"a": Taken()}, {})) == (0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("till", "rows", "wanted"),
    [
        ({"a": taken()}, {}, (1, 0, 1, 0, 20_000)),
        ({"a": taken()}, {"a": credit(stamps=4)}, (1, 1, 0, 0, 20_000)),  # given twice
        ({"a": taken()}, {"a": credit(20_001)}, (1, 1, 0, 0, 1)),
        ({"a": Taken()}, {"a": credit()}, (0, 0, 0, 1, 20_000)),
        ({"a": taken()}, {"a": credit(payment_no="pay_forged")}, (1, 1, 0, 1, 0)),
        ({}, {"a": credit()}, (0, 0, 0, 1, 20_000)),
        # one order's surplus does not hide another's want
        ({"a": taken(), "b": taken()}, {"a": credit(40_000, stamps=4)}, (2, 1, 1, 0, 40_000)),
    ],
)
def test_every_difference_is_told(
    till: dict[str, Taken], rows: dict[str, Credit], wanted: tuple[int, ...]
) -> None:
    assert facts(compare(till, rows)) == wanted


def test_money_that_came_while_the_gateway_was_away_counts_from_its_return() -> None:
    away = Outage(PAID - timedelta(seconds=5), PAID + timedelta(seconds=60))
    later = Outage(PAID + timedelta(seconds=100), PAID + timedelta(seconds=160))
    compared = compare({"a": taken()}, {"a": credit(after_s=70)}, [away, later])
    assert compared.told_s == [10.0]


def test_an_outage_that_money_did_not_meet_excuses_nothing() -> None:
    before = Outage(PAID - timedelta(seconds=60), PAID - timedelta(seconds=1))
    after = Outage(PAID + timedelta(seconds=80), PAID + timedelta(seconds=140))
    assert compare({"a": taken()}, {"a": credit(after_s=70)}, [before, after]).told_s == [70.0]


def test_stamping_in_an_outage_is_held_against_the_calm_before_it() -> None:
    away = Outage(PAID, PAID)
    rounds = [
        Round(calm_at=at, out_at=at + 10, back_at=at + 20, clear_at=at + 25, outage=away)
        for at in (0, 30, 60)
    ]
    stamped = [
        *(Stamped(at + 1, 0.2) for at in (0, 30, 60)),
        *(Stamped(at, 9.0) for at in (25, 55, -1)),  # neither in a calm nor in an outage
        Stamped(10, 0.2),
        Stamped(41, 0.3),
        Stamped(79, 0.8),
    ]
    told = stamping_facts(rounds, stamped)
    assert told["stamping_p50_before_s"] == [0.2, 0.2, 0.2]
    assert told["stamping_p99_outage_s"] == [0.2, 0.3, 0.8]
    assert told["stamping_p50_ratio"] == told["stamping_p99_ratio"] == 1.5


def test_without_stamps_there_is_no_ratio() -> None:
    only = Round(calm_at=0, out_at=1, back_at=2, clear_at=3, outage=Outage(PAID, PAID))
    told = stamping_facts([only], [])
    assert (told["stamped"], told["stamping_p50_ratio"]) == (0, None)


def test_who_waited_for_the_gateways_return_is_told_apart() -> None:
    away = Outage(PAID, PAID)
    rounds = [
        Round(calm_at=0, out_at=10, back_at=20, clear_at=28.5, outage=away),
        Round(calm_at=30, out_at=40, back_at=50, clear_at=None, outage=away),
    ]
    served = [
        *(Served(due, due + 1) for due in (0, 5, 21, 31)),  # served before, or come after
        Served(9, 24),
        Served(15, 25),
        Served(19, 20.5),
    ]
    assert clearing_facts(rounds, served) == {
        "waiting_at_return": [3, 0],
        "served_after_return_p50_s": [4, None],
        "served_after_return_max_s": [5, None],
        "clear_after_return_s": [8.5, None],
    }


class Shop:
    """Answers orders, and never tells how to pay."""

    def __init__(self, *, again_s: int) -> None:
        self._again_s = again_s
        self.placed_at: list[float] = []
        self.looks = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readline():
            rest = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(rest.partition(b"content-length: ")[2].split(b"\r\n")[0]))
            if head.startswith(b"POST"):
                self.placed_at.append(time.monotonic())
            else:
                self.looks += 1
            body = b'{"id":"ord_1","state":"placed","payment":null}'
            writer.write(
                b"HTTP/1.1 200 OK\r\nRetry-After: %d\r\nContent-Length: %d\r\n\r\n%b"
                % (self._again_s, len(body), body)
            )


async def buyers_of(shop: Shop, *, rate: float, seconds: float, stay_s: float) -> Buyers:
    """Buyers who came, none of whom was served, `stay_s` after the first."""
    server = await asyncio.start_server(shop.talk, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        buyers = Buyers(url, ["k"], seed=1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(stay_s):
                await buyers.come(rate=rate, seconds=seconds, told=lambda _: None)
        buyers.close()
    return buyers


async def test_buyers_come_at_their_hour_though_none_before_them_was_served() -> None:
    shop = Shop(again_s=60)
    buyers = await buyers_of(shop, rate=2_000, seconds=0.5, stay_s=2.0)
    assert len(shop.placed_at) == len(buyers.seen.late_s) == buyers.seen.placed == 1_000
    assert buyers.seen.served == []


async def test_buyers_look_as_seldom_as_they_are_asked_to() -> None:
    often, seldom = Shop(again_s=0), Shop(again_s=60)
    for shop in (often, seldom):
        await buyers_of(shop, rate=10, seconds=0.1, stay_s=0.5)
    assert often.looks > 3
    assert seldom.looks == 0


def test_the_gateways_own_book_is_read_line_by_line(tmp_path: Path) -> None:
    lines: list[Line] = [
        Opened(reference="a", amount_idr=20_000, method="qris", expires_at=PAID, at=PAID),
        Opened(reference="b", amount_idr=10_000, method="va", expires_at=PAID, at=PAID),
        Paid(reference="a", payment_no="p1", amount=15_000, at=PAID, event_id="e1"),
        Told(event_id="e1"),
        Paid(reference="a", payment_no="p2", amount=5_000, at=PAID, event_id="e2"),
        Told(event_id="e2", lost=True),
        Paid(reference="a", payment_no="p3", amount=7, at=PAID, event_id="e4", currency="USD"),
        Closed(reference="b", at=PAID, event_id="e3"),
        Told(event_id="e3", lost=True),
    ]
    (tmp_path / "gateway").mkdir()
    (tmp_path / "gateway" / "book.jsonl").write_bytes(b"".join(msgspec.json.encode(x) + b"\n" for x in lines))
    till = read_till(tmp_path)
    assert till["a"] == Taken(
        amount_idr=20_000, payments={"p1": 15_000, "p2": 5_000}, paid_at=PAID, is_told=False
    )
    assert till["b"] == Taken()


def drill(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bubuh", "drill", "payments", "--json", *options],
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


@pytest.mark.service
def test_the_shortest_drill_credits_all_that_was_paid() -> None:
    """No notice is lost, so that nobody waits for the asking."""
    done = drill("--seed", "7", "--seconds", "2", "--rate", "10", "--lose", "0")
    told = json.loads(done.stdout)
    assert done.returncode == 0, (told, done.stderr)
    assert told["orders"] == told["credited"] == told["placed"] == told["seen_filled"] == 20
    assert (told["untold"], told["forged_credited"], told["book_difference_idr"]) == (0, 0, 0)


@pytest.mark.service
@pytest.mark.long
def test_a_short_drill_credits_all_that_was_paid() -> None:
    done = drill("--seed", "7", "--seconds", "4", "--rate", "20")
    told = json.loads(done.stdout)
    assert done.returncode == 0, (told, done.stderr)
    assert told["seed"] == 7
    assert told["orders"] == told["credited"] == told["placed"] == told["seen_filled"] == 80
    assert (told["uncredited"], told["forged_credited"], told["book_difference_idr"]) == (0, 0, 0)
    assert 0 < told["p50_s"] <= told["p99_s"] <= told["max_s"] <= 60


@pytest.mark.service
@pytest.mark.long
def test_a_gateway_that_is_away_for_a_minute_costs_nobody_anything() -> None:
    done = drill(
        *("--seed", "11", "--seconds", "100", "--rate", "20"),
        *("--outage", "60", "--stamps", "2"),
    )
    told = json.loads(done.stdout)
    assert done.returncode == 0, (told, done.stderr)
    assert (told["outage_s"], told["outages"]) == (60, 1)
    assert told["orders"] == told["credited"] > 2_000
    assert told["waiting_at_return"][0] > 500
    assert told["clear_after_return_s"][0] is not None
    assert told["stamped"] > 100
    assert told["stamping_p50_ratio"] > 0 < told["stamping_p99_ratio"]
