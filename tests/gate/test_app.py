from __future__ import annotations

import gzip
import json
import re
import time

import pytest
import zxingcpp
from cryptography.exceptions import InvalidSignature

from bubuh.gate.now import MOST_BYTES, MOST_NUMBERS, compose, longest, parts_of, sign
from bubuh.gate.qr import qr_of
from bubuh.waitingroom.draw import KEY_BYTES, Draw, DrawPlan, commitment
from bubuh.waitingroom.lanes import DEFAULT_LANES, LaneKind, LaneRule
from bubuh.waitingroom.passes import check_pass, vouch
from bubuh.waitingroom.report import Report, Seen, show_report
from bubuh.waitingroom.room import Room
from bubuh.waitingroom.room_file import RoomFile, Why, write_room_file
from bubuh.waitingroom.turn import bind_of, read_bytes, read_turn
from tests.gate.conftest import KEYS, Door, open_door
from tests.waitingroom.make import ALICE, BOB, NOW_S, RING, UMUM, deadline_lane, lane, rules


async def join(door: Door) -> dict[str, str]:
    told = json.loads((await door.call("POST", "/antre/umum")).body)
    assert isinstance(told, dict)
    return told


def letter(account_id, *, now_s: int | None = None) -> bytes:
    return vouch(account_id, RING, now_s=int(time.time()) if now_s is None else now_s)


async def enter(door: Door, account_id, shown: bytes):
    return await door.call("POST", "/gate/enter", letter(account_id) + shown)


async def test_whoever_joins_gets_the_next_turn(door: Door) -> None:
    numbers = []
    for _ in range(3):
        told = await join(door)
        turn = read_turn(read_bytes(told["turn"]), RING, now_s=int(time.time()))
        assert (told["lane"], turn.lane) == ("umum", UMUM)
        numbers.append(turn.number)
    assert numbers == [1, 2, 3]


async def test_a_form_is_led_back_to_the_page_with_its_turn_in_a_cookie(door: Door) -> None:
    answer = await door.call(
        "POST", "/antre/umum", b"form=1", content_type="application/x-www-form-urlencoded"
    )
    assert (answer.status, answer.header("location")) == (303, ["/antre"])
    turn_cookie, code_cookie, secret_cookie = answer.header("set-cookie")
    assert turn_cookie.startswith("giliran=")
    assert "Max-Age=259200" in turn_cookie
    assert "HttpOnly" in secret_cookie
    page = await door.call("GET", "/antre/tempat", cookie=turn_cookie.partition(";")[0])
    code = code_cookie.partition("=")[2].partition(";")[0]
    assert code in page.body.decode()
    assert "<b>1</b> nomor di depan" in page.body.decode()
    assert "http-equiv" in page.body.decode()


async def test_a_turn_is_bound_to_the_account_the_site_vouches_for(door: Door) -> None:
    import base64

    shown = base64.urlsafe_b64encode(letter(ALICE)).rstrip(b"=")
    answer = await door.call(
        "POST", "/antre/umum", b"surat=" + shown, content_type="application/x-www-form-urlencoded"
    )
    raw = read_bytes(answer.header("set-cookie")[0].partition("=")[2].partition(";")[0])
    turn = read_turn(raw, RING, now_s=int(time.time()))
    assert turn.bind == bind_of(ALICE)


async def test_who_is_called_enters_and_who_is_not_waits(door: Door) -> None:
    told = await join(door)
    raw = read_bytes(told["turn"])
    early = await enter(door, ALICE, raw)
    assert (early.status, json.loads(early.body)["code"]) == (409, "not_yet")
    await door.tick(2, now_s=time.time())
    given = await enter(door, ALICE, raw)
    assert given.status == 200
    held = check_pass(given.body, RING, ALICE, now_s=int(time.time()))
    assert (held.lane, held.number) == (UMUM, 1)
    assert (await enter(door, ALICE, raw)).status == 200  # the answer may have been lost
    assert json.loads((await enter(door, BOB, raw)).body)["code"] == "turn_used"


async def test_a_code_enters_too(door: Door) -> None:
    told = await join(door)
    await door.tick(2, now_s=time.time())
    assert (await enter(door, ALICE, told["code"].encode())).status == 200


@pytest.mark.parametrize("shown", [b"", b"x" * 40, b"0000-0000-0000-0000", b"\xff" * 16])
async def test_forged_turns_are_refused(door: Door, shown: bytes) -> None:
    answer = await enter(door, ALICE, shown)
    assert (answer.status, json.loads(answer.body)["code"]) == (403, "turn_refused")


async def test_only_the_site_enters_and_reports(door: Door) -> None:
    told = await join(door)
    await door.tick(2, now_s=time.time())
    raw = read_bytes(told["turn"])
    for forged in (bytes(32), letter(ALICE, now_s=NOW_S)):
        assert (await door.call("POST", "/gate/enter", forged + raw)).status == 403
    assert (await door.call("POST", "/gate/report", b"x" * 100)).status == 403
    report = Report(process="web", said_at=int(time.time()), seen=[Seen(UMUM, 1, BOB, int(time.time()) + 9)])
    assert (await door.call("POST", "/gate/report", show_report(report, RING))).status == 204
    assert BOB in door.keeper.room.inside


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/x", 404),
        ("POST", "/antre/tidakada", 404),
        ("POST", "/antre/perbaikan", 404),
        ("PUT", "/antre", 405),
        ("GET", "/antre/qr", 403),
    ],
)
async def test_what_there_is_not_is_refused_with_a_code(
    door: Door, method: str, path: str, status: int
) -> None:
    answer = await door.call(method, path)
    assert answer.status == status
    assert json.loads(answer.body)["code"]


async def test_a_body_that_is_too_large_or_too_full_is_refused(door: Door) -> None:
    assert (await door.call("POST", "/antre/umum", b"x" * 5000)).status == 413
    crowded = b"&".join(b"a%d=1" % at for at in range(20))
    kind = "application/x-www-form-urlencoded"
    assert (await door.call("POST", "/antre/umum", crowded, content_type=kind)).status == 400


async def test_now_json_is_signed_small_and_may_be_cached(door: Door) -> None:
    await door.tick(now_s=time.time())
    answer = await door.call("GET", "/now.json")
    assert answer.header("cache-control") == ["public, max-age=2"]
    said, signature = parts_of(answer.body)
    KEYS.now.public_key().verify(signature, said)
    assert json.loads(answer.body)["now"] == json.loads(said)
    assert (door.folder / "public" / "now.json").read_bytes() == answer.body
    with pytest.raises(InvalidSignature):
        KEYS.now.public_key().verify(signature, said.replace(b'"umum":[3,0', b'"umum":[3,9'))


def test_now_json_stays_small_with_a_million_in_every_lane() -> None:
    lanes = (
        *DEFAULT_LANES,
        deadline_lane(id=10, name="cpns-2026"),
        lane(id=11, name="dinas-satu", kind=LaneKind.GROUP),
        lane(id=12, name="mitra", kind=LaneKind.PARTNER),
    )
    made = Room(rules(*lanes))
    for one in made.lanes.values():
        one.numbers.restored(12_345_678)
        one.window.call(9_876_543, open_s=1)
        one.pace = 1234.567
    said = compose(made, now_s=NOW_S, is_open=True, why=Why.PAYMENT)
    assert len(sign(said, KEYS.now)) <= MOST_BYTES


@pytest.mark.parametrize("key", [None, bytes(KEY_BYTES)])
@pytest.mark.parametrize(
    ("more", "drawn"), [((), (2, 3, 4)), ((deadline_lane(id=10, name="cpns-2026"),), (10,))]
)
def test_it_stays_small_with_a_draw_while_joins_cost_work(
    more: tuple[LaneRule, ...], drawn: tuple[int, ...], key: bytes | None
) -> None:
    """The common lanes all drawn, or a deadline's with those of a group and of partners beside it."""
    others = (lane(id=11, name="dinas-satu", kind=LaneKind.GROUP), lane(id=12, name="mitra"))
    made = Room(rules(*DEFAULT_LANES, *more, *(others if more else ())))
    plan = DrawPlan(lanes=drawn, commit=commitment(bytes(32)), says="IHSG", closes_at=NOW_S)
    for lane_id, one in made.lanes.items():
        one.numbers.restored(1_234_567)
        one.window.call(987_654, open_s=1)
        one.pace = 1234.567
        if lane_id in drawn:
            one.draws.append(Draw(lane_id, 0, plan.start, last=1_234_567 if key else None, key=key))
    said = compose(made, now_s=NOW_S, is_open=True, why=Why.PAYMENT, plan=plan, work=120_000)
    assert json.loads(said)["draw"][1].keys() == {str(lane_id) for lane_id in drawn}
    assert len(sign(said, KEYS.now)) <= MOST_BYTES


@pytest.mark.parametrize("key", [None, bytes(KEY_BYTES)])
@pytest.mark.parametrize("drawn", [(), (3,), (60, 61, 62), (2, 60, 61, 62)])
@pytest.mark.parametrize("deadlines", range(4))
def test_no_room_says_more_than_its_rules_are_held_to(
    deadlines: int, drawn: tuple[int, ...], key: bytes | None
) -> None:
    """With names as long as they may be and all numbers given that are counted on, the bound is close."""
    names = [f"tenggat-jauh-{no}xy" for no in range(3)]
    timed = [deadline_lane(id=60 + no, name=name) for no, name in enumerate(names[:deadlines])]
    others = [lane(id=60 + no, name=name) for no, name in enumerate(names)][deadlines:]
    made = Room(rules(*DEFAULT_LANES, *timed, *others))
    plan = DrawPlan(lanes=drawn or (2,), commit=commitment(bytes(32)), says="IHSG", closes_at=NOW_S)
    for lane_id, one in made.lanes.items():
        one.numbers.restored(MOST_NUMBERS)
        one.window.call(MOST_NUMBERS - 1, open_s=1)
        one.pace = 0.01234
        if lane_id in drawn:
            last = MOST_NUMBERS if key else None
            one.draws.append(Draw(lane_id, MOST_NUMBERS - 2, plan.start, last=last, key=key))
    said = compose(made, now_s=NOW_S, is_open=False, why=Why.BUSY, plan=plan, work=made.rules.most_work)
    assert ("draw" in json.loads(said)) == bool(drawn)
    size, bound = len(sign(said, KEYS.now)), longest(made.rules, drawn)
    assert bound - 70 < size <= bound


async def test_whoever_waits_may_say_so_with_a_turn_and_nothing_less(door: Door) -> None:
    told = [await join(door) for _ in range(2)]
    presence = door.keeper.room.lanes[UMUM].presence
    for wrong in (b"", b"x" * 40, told[0]["code"].encode(), told[0]["turn"].encode()[:-1] + b"!"):
        answer = await door.call("POST", "/antre/tempat/hadir", wrong)
        assert (answer.status, json.loads(answer.body)["code"]) == (403, "turn_refused")
    assert presence.size() == 0
    for _ in range(3):
        answer = await door.call("POST", "/antre/tempat/hadir", told[0]["turn"].encode())
        assert (answer.status, answer.body) == (204, b"")
    assert presence.size() == 1
    await door.call("GET", "/antre/tempat", cookie=f"kode={told[1]['code']}")
    assert presence.size() == 1
    await door.call("GET", "/antre/tempat", cookie=f"giliran={told[1]['turn']}")
    assert presence.size() == 2


async def test_the_page_is_one_small_file_that_asks_for_now_json_alone(door: Door) -> None:
    packed = await door.call("GET", "/antre", accept_encoding="gzip, br")
    assert len(packed.body) <= 12 * 1024
    page = gzip.decompress(packed.body).decode()
    assert page == (await door.call("GET", "/antre")).body.decode()
    said = "/antre/tempat/hadir"  # now and then, by a few: nothing is asked by it
    assert set(re.findall(r"fetch\(.([^\"']+)", page)) == {"/now.json", said}
    assert not re.search(r"<(img|link|iframe)\b|\bsrc=|url\(|@import", page)
    assert "Kuota yang sudah dibayar tidak akan hilang" in page
    assert "<noscript>" in page


async def test_the_operators_file_is_followed_within_a_tick(door: Door) -> None:
    await join(door)
    closed = RoomFile(is_open=False, rules=rules(lane(), deadline_lane()), why=Why.MAINTENANCE)
    write_room_file(door.folder, closed, uid=None)
    await door.tick(3, now_s=time.time())
    said = json.loads((await door.call("GET", "/now.json")).body)["now"]
    assert (said["open"], said["why"], said["lanes"]["umum"][1]) == (False, "rawat", 0)
    answer = await door.call("POST", "/antre/cpns")
    assert json.loads(answer.body)["code"] == "lane_reserved", "it is there"
    (door.folder / "room.json").write_text("{", encoding="utf-8")
    await door.tick(now_s=time.time())
    assert not door.keeper.file.is_open


async def test_after_a_crash_nothing_is_repeated(door: Door) -> None:
    first = [await join(door) for _ in range(5)]
    await door.tick(2, now_s=time.time())
    assert (await enter(door, ALICE, read_bytes(first[0]["turn"]))).status == 200
    serving = door.keeper.room.lanes[UMUM].window.serving
    async with open_door(door.folder) as again:  # the one before was never closed
        lane_now = again.keeper.room.lanes[UMUM]
        assert lane_now.window.serving == serving == 5
        assert json.loads((await enter(again, BOB, read_bytes(first[0]["turn"]))).body)["code"] == "turn_used"
        number = read_turn(read_bytes((await join(again))["turn"]), RING, now_s=int(time.time())).number
        assert number > 5


async def test_a_log_that_has_grown_is_begun_anew(door: Door, monkeypatch) -> None:
    monkeypatch.setattr("bubuh.gate.log.GROWN_BYTES", 200)
    turns = []
    for round_no in range(12):
        turns.append(await join(door))
        await door.tick(now_s=time.time() + round_no)
    logs = sorted(path.name for path in door.folder.glob("log-*"))
    assert len(logs) > 1
    assert not any(name.endswith(".unfinished") for name in logs)
    async with open_door(door.folder) as again:
        assert again.keeper.room.lanes[UMUM].window.serving == 12
        assert (await enter(again, ALICE, read_bytes(turns[0]["turn"]))).status == 200


def test_a_qr_is_read_back() -> None:
    import segno
    from PIL import Image

    address = "http://gerbang/antre/tempat?nomor=1G80-0000-066D-D2NP"
    assert qr_of(address).startswith(b"<?xml")
    import io

    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(out, kind="png", scale=6, border=4)
    assert zxingcpp.read_barcodes(Image.open(out))[0].text == address
