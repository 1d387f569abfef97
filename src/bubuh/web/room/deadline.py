"""`/jalur/…`: a reserved lane's own page, and where those who are eligible, or named, take their turn."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

from litestar import MediaType, Request, get, post
from litestar.params import FromPath

from bubuh.core.errors import Refusal
from bubuh.deadlines import store
from bubuh.deadlines.enter import enter
from bubuh.deadlines.model import Deadline, Entry
from bubuh.deadlines.refusals import (
    EligibilityUsed,
    NotDeclared,
    NotEligible,
    OnlyPeople,
)
from bubuh.edge.door import Door
from bubuh.edge.guards import SignedIn, Visitor, limit
from bubuh.edge.problems import problem_of
from bubuh.edge.services import Services
from bubuh.edge.ways import door_of
from bubuh.waitingroom.estimate import Arrival, Verdict, arrival
from bubuh.waitingroom.room_file import LaneNow, Now
from bubuh.web.errors import words_of
from bubuh.web.forms import read_form
from bubuh.web.frame import Page, Parts, go_to, session_of, show
from bubuh.web.room.lane import find_lane, lane_page, lane_turn_page, take_lane_turn

AnyRequest = Request[Any, Any, Any]

PATH: Final = "/jalur/{name:str}"
_LONGEST: Final = 64
_STALE_S: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a deadline's page tells of its lane."""

    state: str  #: closed, past, open (everyone goes in as they come), queue, unknown
    waiting: int  #: numbers
    reachable: int  #: people who can still be called before the deadline, those who wait among them
    arrival: Arrival | None  #: of whoever joins now
    verdict: Verdict | None
    left_s: float


async def page_of(request: AnyRequest, services: Services, name: str, *, home: str = "") -> Page:
    """The page of the deadline `name`, its links to `home` where it is shown elsewhere: people sign in there.

    Raises:
        DeadlineUnknown: there is none.
    """
    door, deadline = door_of(services), await services.deadlines.find(services.db, name)
    standing = standing_of(
        deadline, door.now(), is_open=door.is_open or door.queues_buying, now_s=time.time()
    )
    return show(
        request, "room/deadline.html", deadline=deadline, standing=standing, gate_url=door.gate_url, home=home
    )


@get(PATH, guards=[Visitor()], media_type=MediaType.HTML)
async def get_deadline(request: AnyRequest, name: FromPath[str], services: Parts) -> Page:
    """Name, moment, queue, what is left, status."""
    if (rule := find_lane(services, name)) is not None:
        return lane_page(request, services, rule)
    return await page_of(request, services, name)


@get(PATH + "/nomor", guards=[SignedIn()], media_type=MediaType.HTML)
async def get_turn(request: AnyRequest, name: FromPath[str], services: Parts) -> Page:
    """The turn of who is signed in, or the form that gets one."""
    if (rule := find_lane(services, name)) is not None:
        return await lane_turn_page(request, services, rule)
    deadline = await services.deadlines.find(services.db, name)
    entry = await store.find_entry(services.db, deadline.id, session_of(request).account_id)
    return _turn(request, services, deadline, entry)


@post(PATH + "/nomor", guards=[SignedIn()], media_type=MediaType.HTML)
async def post_turn(request: AnyRequest, name: FromPath[str], services: Parts) -> Page:
    """See who may, and take a turn; the same one again while it is good."""
    form, session, door = await read_form(request), session_of(request), door_of(services)
    if (rule := find_lane(services, name)) is not None:
        return await take_lane_turn(request, services, rule)
    limit(request, "doors", f"turns of {session.account_id}")
    deadline = await services.deadlines.find(services.db, name)
    number = form.text("number", most=_LONGEST)
    try:
        async with services.db.transaction() as conn:
            entry = await enter(
                conn,
                deadline,
                session.account_id,
                kind=session.account_kind,
                number=number,
                declares=form.text("declares") == "1",
                person_key=services.person_key,
            )
    except (NotEligible, NotDeclared, EligibilityUsed, OnlyPeople) as refusal:
        return _turn(request, services, deadline, None, number=number, refusal=refusal)
    await _take(services, door, deadline, entry)
    return go_to(request, f"/jalur/{deadline.slug}/nomor")


HANDLERS: Final = [get_deadline, get_turn, post_turn]


def standing_of(deadline: Deadline, now: Now | None, *, is_open: bool, now_s: float) -> Standing:
    """What is so now; only what the gate said within a quarter of a minute is told."""
    left_s = deadline.at.timestamp() - now_s
    lane = None if now is None else now.lanes.get(deadline.slug)
    state = "queue"
    if not deadline.is_open:
        state = "closed"
    elif left_s <= 0:
        state = "past"
    elif not is_open:
        state = "open"
    elif now is None or lane is None or now_s - now.t > _STALE_S:
        state = "unknown"
    if state != "queue" or lane is None:
        return Standing(
            state=state, waiting=0, reachable=0, arrival=None, verdict=None, left_s=max(0.0, left_s)
        )
    return Standing(
        state=state,
        waiting=max(0, lane.issued - lane.serving),
        reachable=max(0, int((lane.cut - lane.serving) * lane.show)),
        arrival=_arrival(lane, left_s),
        verdict=Verdict(lane.verdict) if lane.verdict else None,
        left_s=left_s,
    )


def _arrival(lane: LaneNow, left_s: float) -> Arrival | None:
    """At the pace of now, or at least the one that its deadline gives it; None while it rests."""
    waiting, within = lane.issued - lane.serving, lane.cut - lane.serving
    if waiting and lane.serving and not lane.pace:
        return None
    return arrival(waiting, max(lane.pace, within / left_s if left_s > 0 else 0.0))


async def _take(services: Services, door: Door, deadline: Deadline, entry: Entry) -> None:
    """Have a turn for `entry`, unless the one it has is still good; raises as `Door.join` does."""
    now_s = int(time.time())
    if entry.turn is not None and await _is_good(door, entry, now_s=now_s):
        return
    joined = await door.join(entry.account_id, deadline.lane_id, now_s=now_s)
    await store.keep_turn(services.db, entry, turn=joined.turn, code=joined.code, number=joined.number)


async def _is_good(door: Door, entry: Entry, *, now_s: int) -> bool:
    assert entry.turn is not None
    shown = await door.show(entry.turn, account_id=entry.account_id, deadline_s=None, now_s=now_s)
    return not shown.is_spent


def _turn(
    request: AnyRequest,
    services: Services,
    deadline: Deadline,
    entry: Entry | None,
    *,
    number: str = "",
    refusal: Refusal | None = None,
) -> Page:
    status = 200 if refusal is None else problem_of(type(refusal)).status
    errors = {}
    if refusal is not None:
        errors = {"declares" if isinstance(refusal, NotDeclared) else "number": words_of(request, refusal)}
    return show(
        request,
        "room/deadline_turn.html",
        status=status,
        deadline=deadline,
        entry=entry,
        number=number,
        errors=errors,
        gate_url=door_of(services).gate_url,
    )
