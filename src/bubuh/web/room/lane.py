"""`/jalur/…` of a lane for named accounts: its page, and where those who are named take their turn."""

from __future__ import annotations

import time
from typing import Any, Final

from litestar import Request

from bubuh.core.errors import Refusal
from bubuh.edge.door import Door
from bubuh.edge.guards import limit
from bubuh.edge.problems import problem_of
from bubuh.edge.services import Services
from bubuh.edge.turns import Place, look, take
from bubuh.edge.ways import door_of
from bubuh.lanes.model import KINDS
from bubuh.lanes.refusals import NotNamed, TurnUnknown
from bubuh.waitingroom.estimate import arrival
from bubuh.waitingroom.lanes import LaneRule
from bubuh.web.errors import words_of
from bubuh.web.frame import Page, go_to, session_of, show

AnyRequest = Request[Any, Any, Any]

_STALE_S: Final = 15


def find_lane(services: Services, name: str) -> LaneRule | None:
    """The lane for named accounts that is open under `name`; raises `RouteUnknown` without a waiting room."""
    rules = door_of(services).rules.lanes
    return next((rule for rule in rules if rule.kind in KINDS and rule.name == name), None)


def lane_page(request: AnyRequest, services: Services, rule: LaneRule) -> Page:
    """How many wait, and when who joins now is called."""
    door = door_of(services)
    now = door.now()
    lane = None if now is None or time.time() - now.t > _STALE_S else now.lanes.get(rule.name)
    waiting = 0 if lane is None else max(0, lane.issued - lane.serving)
    return show(
        request,
        "room/lane.html",
        rule=rule,
        state="open" if not _queues(door) else "unknown" if lane is None else "queue",
        waiting=waiting,
        arrival=None if lane is None else arrival(waiting, lane.pace),
        gate_url=door.gate_url,
    )


async def lane_turn_page(request: AnyRequest, services: Services, rule: LaneRule) -> Page:
    """The turn of who is signed in, or the form that gets one."""
    try:
        place = await look(door_of(services), services.db, session_of(request).account_id, rule)
    except TurnUnknown:
        place = None
    return _turn(request, services, rule, place)


async def take_lane_turn(request: AnyRequest, services: Services, rule: LaneRule) -> Page:
    """A turn for an account that is named; the same one again while it is good."""
    account_id = session_of(request).account_id
    limit(request, "doors", f"turns of {account_id}")
    try:
        await take(door_of(services), services.db, account_id, rule)
    except NotNamed as refusal:
        return _turn(request, services, rule, None, refusal=refusal)
    return go_to(request, f"/jalur/{rule.name}/nomor")


def _queues(door: Door) -> bool:
    return door.is_open or door.queues_buying


def _turn(
    request: AnyRequest,
    services: Services,
    rule: LaneRule,
    place: Place | None,
    *,
    refusal: Refusal | None = None,
) -> Page:
    return show(
        request,
        "room/lane_turn.html",
        status=200 if refusal is None else problem_of(type(refusal)).status,
        rule=rule,
        place=place,
        error="" if refusal is None else words_of(request, refusal),
        gate_url=door_of(services).gate_url,
    )
