"""Programs queue while a lane of partners is open, and only then: turns, passes, and whose they are."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from schemathesis import GenerationMode

from bubuh.asgi import create_app
from bubuh.core.ids import AccountId
from bubuh.edge.door import PASS_HEADER, Door
from bubuh.identity.model import Scope
from bubuh.lanes import store
from bubuh.lanes.model import NewLane
from bubuh.lanes.name import name_accounts
from bubuh.lanes.open import open_lane
from bubuh.waitingroom.lanes import REPAIR_ID, LaneKind
from bubuh.waitingroom.passes import PASS_LIFE_S, Pass, check_pass, give
from bubuh.waitingroom.room_file import RoomFile, Watched, write_room_file
from bubuh.waitingroom.turn import ANYONE, Holder, issue, read_bytes, show_bytes
from tests.api.site import LETTER, WANTED, Json, Person, Site
from tests.api.test_fuzz import CHECKS, OPERATIONS, cases, send
from tests.gate.conftest import Door as Gate, open_door
from tests.gate.in_process import InProcess
from tests.waitingroom.make import RING, UMUM, deadline_lane, lane, rules, turn

ORDER = {"stamps": 1, "method": "va"}


@dataclass
class Night:
    """A service with a waiting room, its gate, and a lane of partners."""

    site: Site
    gate: Gate
    inside: InProcess
    partners: int  #: id of their lane

    async def follow(self, *, is_open: bool = True, partners: bool = True, **given: Any) -> None:
        """The gate and the service learn what the operator decides."""
        named = [one.rule for one in await store.list_all(self.site.services.db)] if partners else []
        wanted = rules(lane(floor=0.1), deadline_lane(), *named, **({"per_s": 100.0} | given))
        write_room_file(self.gate.folder, RoomFile(is_open=is_open, rules=wanted), uid=None)
        self.gate.keeper._watched._seen = -1  # within one tick of the file's clock
        self.door._watched._seen = -1
        self.door._looked_s = float("-inf")
        await self.tick()

    async def tick(self) -> None:
        for _ in range(3):
            await self.gate.tick(now_s=time.time())

    @property
    def door(self) -> Door:
        assert self.site.services.door is not None
        return self.site.services.door

    async def partner(self, *scopes: Scope, stamps: int = 3) -> Person:
        """Somebody whose account is named in the lane."""
        person = await self.site.person(*scopes, stamps=stamps)
        async with self.site.services.db.transaction() as conn:
            await name_accounts(conn, "mitra", [person.principal.account_id], actor="local")
        return person

    async def called(self, person: Person, lane: str | None = None) -> Json:
        """A turn of this person's that is called."""
        taken = await join(person, lane)
        await self.tick()
        told: Json = (await person.get(taken["links"]["turn"])).json()
        assert told["state"] == "called", told
        return told

    async def admitted(self, person: Person, lane: str | None = None) -> str:
        """Its pass."""
        answer = await enter(person, (await self.called(person, lane))["turn"])
        assert answer.status_code == 201, answer.text
        return str(answer.json()["pass"])


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def night(site: Site, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Night]:
    folder = tmp_path_factory.mktemp("room")
    (folder / "public").mkdir()
    write_room_file(folder, RoomFile(is_open=True, rules=rules(lane())), uid=None)
    wanted = NewLane(name="mitra", kind=LaneKind.PARTNER, title="Mitra", floor=0.0, ceiling=1.0, weight=1.0)
    async with site.services.db.transaction() as conn:
        opened = await open_lane(conn, wanted, rules=rules(lane()), taken=(), actor="local")
    async with open_door(folder) as gate:
        inside = InProcess(gate)
        door = Door(Watched(folder, RoomFile()), RING, inside, gate_url="http://gerbang")
        services = replace(site.services, door=door)
        app = create_app(services)
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 50_000))  # type: ignore[arg-type]
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:8000", timeout=60
        ) as anyone:
            yield Night(
                replace(site, services=services, app=app, anyone=anyone), gate, inside, opened.lane_id
            )


@pytest_asyncio.fixture(autouse=True)
async def _open(night: Night) -> None:
    night.inside.is_down = False
    await night.follow()


async def join(person: Person, lane: str | None = None) -> Json:
    answer = await person.post("/v1/turns", json={} if lane is None else {"lane": lane})
    assert answer.status_code == 201, answer.text
    told: Json = answer.json()
    return told


async def enter(person: Person, number: str) -> httpx.Response:
    return await person.post("/v1/passes", json={"turn": number})


async def order(person: Person, shown: str | None = None) -> httpx.Response:
    headers = {} if shown is None else {PASS_HEADER: shown}
    return await person.post("/v1/orders", key=str(uuid4()), json=ORDER, headers=headers)


def a_pass(account_id: AccountId, *, left_s: int = PASS_LIFE_S) -> str:
    facts = Pass(lane=UMUM, gen=2, number=7, expires_at=int(time.time()) + left_s, account_id=account_id)
    return show_bytes(give(facts, RING))


async def everything(person: Person, shown: str | None = None) -> list[httpx.Response]:
    """All that is queued for."""
    headers = {} if shown is None else {PASS_HEADER: shown}
    body = {"document_id": "doc_00000000000000000000000000", **WANTED}
    return [
        await order(person, shown),
        await person.upload(LETTER.read_bytes(), headers=headers),
        await person.post("/v1/stamps", key=str(uuid4()), headers=headers, json=body),
    ]


async def test_a_program_is_told_what_to_do_and_nothing_was_begun(night: Night) -> None:
    partner = await night.partner()
    for answer in await everything(partner):
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (429, "pass_needed")
        assert (problem["join"], problem["header"]) == ("/v1/turns", PASS_HEADER)
        assert answer.headers["retry-after"] == str(problem["retry_after_s"])
        assert "POST /v1/turns" in problem["detail"]
    shard, account_id = partner.principal.shard, partner.principal.account_id
    for table in ("orders", "documents", "stamps"):
        sql = f"SELECT count(*) FROM {table} WHERE shard = $1 AND account_id = $2"
        assert await night.site.services.db.fetchval(sql, shard, account_id) == 0
    english = await partner.post("/v1/orders", key="1", json=ORDER, headers={"Accept-Language": "en"})
    assert "sends its pass in the header Bubuh-Pass" in english.json()["detail"]


@pytest.mark.parametrize("given", [{"is_open": False}, {"partners": False}])
async def test_nothing_changes_while_no_queue_for_programs_is_open(night: Night, given: Json) -> None:
    await night.follow(**given)
    person = await night.site.person()
    for shown in (None, "rubbish"):
        answers = await everything(person, shown)
        assert [answer.status_code for answer in answers] == [201, 201, 404]
        assert not [answer for answer in answers if PASS_HEADER in answer.headers]
    assert (await order(person)).status_code == 201, "a second open order too"


async def test_what_is_under_way_is_asked_about_without_a_pass(night: Night) -> None:
    partner = await night.partner()
    for path in ("/v1/quota", "/v1/quota/movements", "/v1/stamps"):
        answer = await partner.get(path)
        assert answer.status_code == 200
        assert PASS_HEADER not in answer.headers


async def test_from_the_turn_to_the_order(night: Night) -> None:
    await night.follow(per_s=0.01)
    partner = await night.partner()
    for _ in range(50):
        night.gate.keeper.join(night.partners, bind=ANYONE, now_s=int(time.time()))
    taken = await join(partner)
    assert (taken["lane"], taken["state"], taken["is_open"]) == ("mitra", "waiting", True)
    assert 40 <= taken["ahead"] <= 60
    assert 10 <= taken["retry_after_s"] <= 300
    assert taken["links"]["now"] == "http://gerbang/now.json"
    early = await enter(partner, taken["turn"])
    problem = early.json()
    assert (early.status_code, problem["code"], problem["pointer"]) == (409, "not_yet", "/turn")
    assert early.headers["retry-after"] == str(problem["retry_after_s"])
    await night.follow(per_s=100.0)
    await night.tick()
    told = (await partner.get("/v1/turns/mitra")).json()
    assert (told["state"], told["number"], told["code"]) == ("called", taken["number"], taken["code"])
    entered = await enter(partner, told["code"])
    assert entered.status_code == 201, entered.text
    given = entered.json()
    assert given["header"] == PASS_HEADER
    answers = await everything(partner, given["pass"])
    assert [answer.status_code for answer in answers] == [201, 201, 404]


async def test_a_pass_is_renewed_by_any_use_and_the_gate_is_told(night: Night) -> None:
    partner = await night.partner()
    account_id = partner.principal.account_id
    old = a_pass(account_id, left_s=60)
    answer = await partner.get("/v1/quota", headers={PASS_HEADER: old})
    renewed = check_pass(read_bytes(answer.headers[PASS_HEADER]), RING, account_id, now_s=int(time.time()))
    assert renewed.expires_at >= time.time() + PASS_LIFE_S - 5
    young = await partner.get("/v1/quota", headers={PASS_HEADER: answer.headers[PASS_HEADER]})
    assert PASS_HEADER not in young.headers
    await night.door.report(now_s=int(time.time()))
    assert night.gate.keeper.room.inside[account_id].expires_at == renewed.expires_at


async def test_only_ones_own_living_pass_opens_it(night: Night) -> None:
    partner, other = await night.partner(), await night.partner()
    own = await night.admitted(partner)
    forged = own[:-2] + ("AA" if own[-2:] != "AA" else "BB")
    theirs = a_pass(other.principal.account_id)
    late = a_pass(partner.principal.account_id, left_s=0)
    marked_as_turn = show_bytes(issue(turn(), RING))
    for shown in ("", "!", forged, theirs, late, own[:-4], marked_as_turn, "x" * 5000):
        answer = await order(partner, shown)
        assert (answer.status_code, answer.json()["code"]) == (429, "pass_needed"), shown
    assert (await order(other, own)).status_code == 429
    assert (await order(partner, own)).status_code == 201


async def test_a_turn_is_its_accounts_alone_and_is_used_once(night: Night) -> None:
    partner, thief = await night.partner(), await night.partner()
    told = await night.called(partner)
    for number in (told["turn"], told["code"]):
        answer = await enter(thief, number)
        assert (answer.status_code, answer.json()["code"]) == (403, "turn_foreign"), number
    assert (await thief.get("/v1/turns/mitra")).status_code == 404
    first, again = await enter(partner, told["turn"]), await enter(partner, told["turn"])
    assert (first.status_code, again.status_code) == (201, 201), "an answer that was lost"
    room = night.gate.keeper.room
    del room.inside[partner.principal.account_id]  # its pass has ended
    replayed = await enter(partner, told["turn"])
    assert (replayed.status_code, replayed.json()["code"]) == (409, "turn_used")
    assert (await partner.get("/v1/turns/mitra")).json()["state"] == "over"
    following = await join(partner)
    assert following["number"] > told["number"]


async def test_forged_and_foreign_turns_are_refused(night: Night) -> None:
    partner = await night.partner()
    now_s, account_id = int(time.time()), partner.principal.account_id
    raw = bytearray(read_bytes((await join(partner))["turn"]))
    raw[11] ^= 1  # another number
    swapped = bytearray(read_bytes((await join(partner))["turn"]))
    swapped[1] = UMUM  # another lane
    browsers = issue(turn(issued_at=now_s, holder=Holder.KEY, bind=5), RING)
    own = a_pass(account_id)
    for number, code in (
        (show_bytes(bytes(raw)), "turn_refused"),
        (show_bytes(bytes(swapped)), "turn_refused"),
        (show_bytes(browsers), "proof_needed"),
        (own, "turn_refused"),
        ("0000-0000-0000-0000", "turn_refused"),
        ("\N{SNOWMAN}", "turn_refused"),
    ):
        answer = await enter(partner, number)
        assert (answer.status_code, answer.json()["code"]) == (403, code), number
        assert answer.json()["pointer"] == "/turn"


async def test_a_lane_takes_only_whom_it_is_for(night: Night) -> None:
    anyone = await night.site.person()
    for name, code in (("mitra", "not_named"), ("cpns", "lane_reserved")):
        answer = await anyone.post("/v1/turns", json={"lane": name})
        problem = answer.json()
        assert (answer.status_code, problem["code"], problem["pointer"]) == (403, code, "/lane")
    gone = await anyone.post("/v1/turns", json={"lane": "tidak-ada"})
    assert (gone.status_code, gone.json()["code"]) == (404, "lane_unknown")
    assert (await join(anyone))["lane"] == "umum", "everybody's, where none is its own"
    shown = await night.admitted(anyone)
    assert (await order(anyone, shown)).status_code == 201
    partner = await night.partner()
    assert (await join(partner, "umum"))["lane"] == "umum"


async def test_an_account_has_one_turn_a_lane_on_all_its_programs(night: Night) -> None:
    await night.follow(per_s=0.01)
    partner = await night.partner()
    first = await join(partner)
    answers = [await partner.post("/v1/turns", json={"lane": "mitra"}) for _ in range(3)]
    assert {answer.json()["number"] for answer in answers} == {first["number"]}
    assert {answer.headers["location"] for answer in answers} == {"/v1/turns/mitra"}


async def test_a_stamp_in_work_and_money_in_flight_never_lose_their_way(night: Night) -> None:
    await night.follow(partners=False)
    partner = await night.partner()
    document = await partner.uploaded()
    assert (await partner.stamp(document)).status_code == 202
    await night.follow()
    answer = await partner.stamp(document)
    assert answer.status_code == 202, answer.text
    account_id = partner.principal.account_id
    kept = check_pass(read_bytes(answer.headers[PASS_HEADER]), RING, account_id, now_s=int(time.time()))
    assert kept.lane == REPAIR_ID
    payer = await night.partner()
    shown = await night.admitted(payer)
    placed = await order(payer, shown)
    again = await order(payer)  # the pass is lost, the order is not paid yet
    assert (again.status_code, again.json()["code"]) == (409, "one_order")
    assert PASS_HEADER in again.headers
    check = await payer.post(f"/v1/orders/{placed.json()['id']}/check")
    assert check.status_code == 200


async def test_narrow_keys_queue_too_and_readers_need_not(night: Night) -> None:
    for scope in (Scope.ORDERS_WRITE, Scope.STAMPS_WRITE, Scope.DOCUMENTS_WRITE):
        assert (await join(await night.partner(scope)))["lane"] == "mitra"
    reader = await night.partner(Scope.QUOTA_READ)
    for method, path in (("POST", "/v1/turns"), ("GET", "/v1/turns/mitra"), ("POST", "/v1/passes")):
        assert (await reader.call(method, path, json={})).status_code == 403
        assert (await night.site.anyone.request(method, path)).status_code == 401


async def test_without_the_gate_turns_stay_good_and_passes_too(night: Night) -> None:
    partner = await night.partner()
    shown = await night.admitted(partner)
    night.inside.is_down = True
    answer = await partner.post("/v1/turns", json={})
    assert (answer.status_code, answer.json()["code"]) == (503, "gate_unreachable")
    assert (await order(partner, shown)).status_code == 201


async def test_where_there_is_no_waiting_room_nothing_is_there(site: Site) -> None:
    person = await site.person()
    for answer in (await person.post("/v1/turns", json={}), await person.get("/v1/turns/umum")):
        assert answer.status_code == 404


@pytest.mark.parametrize("label", ["POST /v1/turns", "GET /v1/turns/{lane}", "POST /v1/passes"])
async def test_made_up_requests_are_answered_as_described(night: Night, label: str) -> None:
    """With a waiting room behind them; everything else is in `test_fuzz`."""
    partner = await night.partner()
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)[: 2 if label.startswith("POST") else 1]:
        for case in cases(OPERATIONS[label], mode):
            case.validate_response(await send(partner, case), checks=CHECKS)
    kept = await join(partner)
    for name in (kept["lane"], "umum", "x", "%00", "mitra/mitra"):
        assert (await partner.get(f"/v1/turns/{name}")).status_code == (200 if name == "mitra" else 404)
