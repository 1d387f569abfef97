"""Joining while many do, and entering with a browser's turn, at the gate's own door."""

from __future__ import annotations

import json
import re
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from bubuh.gate.now import parts_of
from bubuh.waitingroom.passes import vouch
from bubuh.waitingroom.possession import challenge
from bubuh.waitingroom.turn import Holder, read_bytes, read_turn, show_bytes
from bubuh.waitingroom.work import CHALLENGE_BYTES, solve
from tests.gate.conftest import Answer, Door
from tests.waitingroom.make import ALICE, BOB, RING
from tests.waitingroom.test_possession import KEY, OTHER, public, sign

FORM = "application/x-www-form-urlencoded"


async def join(door: Door, fields: str = "form=1") -> Answer:
    return await door.call("POST", "/antre/umum", fields.encode(), content_type=FORM)


def cookies(answer: Answer) -> dict[str, str]:
    return dict(one.partition(";")[0].split("=", 1) for one in answer.header("set-cookie"))


async def enter(door: Door, account: Any, raw: bytes, proof: bytes = b"") -> Answer:
    letter = vouch(account, RING, now_s=int(time.time()))
    return await door.call("POST", "/gate/enter", letter + raw + proof)


def code_of(answer: Answer) -> str:
    return str(json.loads(answer.body)["code"])


@pytest.fixture
async def busy(door: Door) -> Door:
    """So many join that it costs a little."""
    door.keeper.toll.joins_per_s = 1_000.0
    door.keeper.toll.tick(time.time(), 1.0, calm_per_s=100.0, most=32)
    door.keeper._publish(int(time.time()))
    assert door.keeper.toll.work > 0
    return door


async def solved(door: Door) -> str:
    told = (await door.call("GET", "/now.json")).body
    asked = parts_of(told)[1][:CHALLENGE_BYTES]
    return show_bytes(asked + solve(asked, bytes(8), json.loads(told)["now"]["work"]))


async def test_a_browsers_turn_enters_with_its_key_alone(door: Door) -> None:
    made = cookies(await join(door, f"form=1&kunci={show_bytes(public(KEY))}"))
    raw = read_bytes(made["giliran"])
    assert read_turn(raw, RING, now_s=int(time.time())).holder is Holder.KEY
    await door.tick(2, now_s=time.time())

    def shown(key: Any, account: Any) -> bytes:
        asked = challenge(account, RING, now_s=int(time.time()))
        return asked + public(key) + sign(key, asked + raw)

    assert code_of(await enter(door, ALICE, raw)) == "proof_needed"
    assert code_of(await enter(door, BOB, raw, shown(OTHER, BOB))) == "proof_needed"
    assert code_of(await enter(door, BOB, raw, shown(KEY, ALICE))) == "proof_needed"
    assert code_of(await enter(door, BOB, made["kode"].encode())) == "turn_foreign"
    assert (await enter(door, ALICE, raw, shown(KEY, ALICE))).status == 200
    assert code_of(await enter(door, BOB, raw, shown(KEY, BOB))) == "turn_used"


async def test_without_scripts_the_cookie_shows_whose_it_is(door: Door) -> None:
    made = cookies(await join(door))
    raw = read_bytes(made["giliran"])
    await door.tick(2, now_s=time.time())
    place = await door.call("GET", "/antre/tempat", cookie=f"giliran={made['giliran']}")
    assert f"nomor={made['giliran']}" in place.body.decode()
    asked = f"tantang={show_bytes(challenge(ALICE, RING, now_s=int(time.time())))}"

    async def proof(cookie: str) -> str:
        back = await door.call("GET", "/antre/milik", query=asked, cookie=cookie)
        assert back.status == 303
        return parse_qs(urlsplit(back.header("location")[0]).query)["bukti"][0]

    whole = f"giliran={made['giliran']}; rahasia={made['rahasia']}"
    assert await proof(f"giliran={made['giliran']}; rahasia={show_bytes(bytes(16))}") == "-"
    assert await proof(f"giliran={made['giliran']}") == "-"
    assert await proof("") == "-"
    held = read_bytes(await proof(whole))
    assert code_of(await enter(door, BOB, raw, held)) == "proof_needed"
    assert code_of(await enter(door, ALICE, raw)) == "proof_needed"
    assert (await enter(door, ALICE, raw, held)).status == 200


async def test_a_proof_with_an_accounts_turn_changes_nothing(door: Door) -> None:
    letter = show_bytes(vouch(ALICE, RING, now_s=int(time.time())))
    raw = read_bytes(cookies(await join(door, f"surat={letter}"))["giliran"])
    await door.tick(2, now_s=time.time())
    assert code_of(await enter(door, BOB, raw, b"x" * 10)) == "turn_foreign"
    assert (await enter(door, ALICE, raw, b"x" * 10)).status == 200


async def test_while_many_join_it_costs_work_once(busy: Door) -> None:
    refused = await busy.call("POST", "/antre/umum")
    assert (refused.status, code_of(refused)) == (429, "work_needed")
    work = await solved(busy)
    assert (await busy.call("POST", "/antre/umum", bubuh_work=work)).status == 200
    assert code_of(await busy.call("POST", "/antre/umum", bubuh_work=work)) == "work_needed"
    assert code_of(await busy.call("POST", "/antre/umum", bubuh_work="!")) == "work_needed"
    other = show_bytes(read_bytes(work)[:CHALLENGE_BYTES] + b"\1" * 24)
    assert code_of(await join(busy, f"form=1&kerja={other}")) == "work_needed"


async def test_who_is_signed_in_needs_none(busy: Door) -> None:
    letter = show_bytes(vouch(ALICE, RING, now_s=int(time.time())))
    assert "giliran" in cookies(await join(busy, f"surat={letter}"))


async def test_a_form_brings_its_work(busy: Door) -> None:
    assert "giliran" in cookies(await join(busy, f"form=1&kerja={await solved(busy)}"))


async def test_without_scripts_one_waits(busy: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = (await join(busy)).header("location")[0]
    path, _, query = sent.partition("?")
    assert path == "/antre/tunggu"
    page = (await busy.call("GET", path, query=query)).body.decode()
    assert "Anda bisa mengambil nomor pada" in page
    assert "<button>" not in page
    token = parse_qs(query)["tunggu"][0]
    early = await join(busy, f"form=1&tunggu={token}")
    assert early.header("location") == [sent]
    later = time.time() + 30
    monkeypatch.setattr("bubuh.gate.app.time.time", lambda: later)
    page = (await busy.call("GET", path, query=query)).body.decode()
    kept = re.findall(r'name="tunggu" value="([^"]+)"', page)
    assert kept == [token]
    assert "giliran" in cookies(await join(busy, f"form=1&tunggu={token}"))
    assert code_of(await join(busy, f"form=1&tunggu={token}")) == "work_needed"
    assert code_of(await join(busy, "form=1&tunggu=AAAA")) == "work_needed"
