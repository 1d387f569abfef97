"""`/v1/turns` and `/v1/passes`: programs queue as people do, while a lane of partners is open."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final, Self

import msgspec
from litestar import get, post
from litestar.params import FromPath

from bubuh.api.reply import AnyRequest, Caller, Parts, Reply, reply
from bubuh.edge.bodies import read_json
from bubuh.edge.calls import Answer, Body, Call, told
from bubuh.edge.door import PASS_HEADER, Door
from bubuh.edge.guards import May, limit
from bubuh.edge.turns import Place, lane_of, look, take
from bubuh.edge.ways import door_of
from bubuh.identity.model import Scope
from bubuh.lanes.refusals import NotNamed, TurnUnknown
from bubuh.waitingroom.estimate import ask_again_s
from bubuh.waitingroom.passes import end_of
from bubuh.waitingroom.refusals import (
    OF_A_TURN,
    LaneReserved,
    LaneUnknown,
)
from bubuh.waitingroom.turn import read_bytes

ANY_WRITE: Final = May(Scope.ORDERS_WRITE, Scope.STAMPS_WRITE, Scope.DOCUMENTS_WRITE)
PASSES: Final = "/v1/passes"
_NOT_WITH_THIS: Final = tuple(kind for kind in OF_A_TURN if kind is not LaneUnknown)


class NewTurn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """In which lane; without a name in the account's own, which is everybody's where no other is."""

    lane: Annotated[str, msgspec.Meta(min_length=1, max_length=16)] | None = None


class TurnState(StrEnum):
    """What can be done with a turn."""

    WAITING = "waiting"  #: look again later
    CALLED = "called"  #: a pass can be had for it
    OVER = "over"  #: used, or called and missed: take another


class LinksView(msgspec.Struct, frozen=True, kw_only=True):
    """Where to go on."""

    turn: str  # this turn, as it is then
    passes: str  # post it here once it is called
    now: str  # where all lanes stand: signed, for anybody, at most two seconds old
    page: str  # the waiting page, for people


class TurnView(msgspec.Struct, frozen=True, kw_only=True):
    """A place in a lane."""

    lane: str
    number: int
    turn: str  # what a pass is had for
    code: str  # the same, short enough to be read out
    state: TurnState
    ahead: int | None  # numbers before it; null until the lane is drawn
    likely_at: datetime | None  # when it is called, likely; null: nobody knows
    latest_at: datetime | None  # nine of ten have been called by then
    retry_after_s: int  # when to look again
    is_open: bool  # people go in by turn now; while they do not, no turn is called, nor any used up
    links: LinksView

    @classmethod
    def of(cls, place: Place, door: Door) -> Self:
        """The view of a kept turn."""
        state = (
            TurnState.OVER if place.is_over else TurnState.WAITING if place.ahead != 0 else TurnState.CALLED
        )
        when, now = place.arrival, datetime.now(UTC).replace(microsecond=0)
        return cls(
            lane=place.rule.name,
            number=place.kept.number,
            turn=place.kept.turn,
            code=place.kept.code,
            state=state,
            ahead=place.ahead,
            likely_at=None if when is None else now + timedelta(seconds=round(when.likely_s)),
            latest_at=None if when is None else now + timedelta(seconds=round(when.latest_s)),
            retry_after_s=ask_again_s(place.ahead, when),
            is_open=door.is_open or door.queues_buying,
            links=LinksView(
                turn=f"/v1/turns/{place.rule.name}",
                passes=PASSES,
                now=f"{door.gate_url}/now.json",
                page=f"{door.gate_url}/antre",
            ),
        )


class NewPass(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A turn of this account, whole or as its code."""

    turn: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]


class PassView(msgspec.Struct, frozen=True, kw_only=True, rename={"shown": "pass"}):
    """The right to use what is queued for."""

    shown: str
    header: str  # in which it is sent
    expires_at: datetime  # unless it is used before: each use renews it


_TURN: Final = {
    "lane": "mitra",
    "number": 4711,
    "turn": "AQUAAQAAAAAAABJnazH_gAAAAAAAABtZDV9g2PzTQn6iBDSxd1kY7g",
    "code": "M04H-0000-4JK7-B1QE",
    "state": "waiting",
    "ahead": 312,
    "likely_at": "2026-11-23T07:05:12Z",
    "latest_at": "2026-11-23T07:07:47Z",
    "retry_after_s": 78,
    "is_open": True,
    "links": {
        "turn": "/v1/turns/mitra",
        "passes": PASSES,
        "now": "https://antre.example.id/now.json",
        "page": "https://antre.example.id/antre",
    },
}
_SHOWN: Final = Body(shape=TurnView, example=_TURN)
_PASS: Final = {
    "pass": "AQUAAQAAAAAAABJnazIDBAAAAAAAABtZWxvW8s0iSg1Ykq4Ch7kQeA",
    "header": PASS_HEADER,
    "expires_at": "2026-11-23T07:20:12Z",
}


@post(
    "/v1/turns",
    guards=[ANY_WRITE],
    opt=told(
        Call(
            summary="Take a turn",
            summary_id="Ambil nomor antrean",
            tag="waiting room",
            body=Body(shape=NewTurn, example={"lane": "mitra"}),
            answers={
                201: Answer(
                    says="The turn, and where it stands.",
                    body=_SHOWN,
                    headers={"Location": "The turn's address.", "Retry-After": "When to look again."},
                )
            },
            refusals=(LaneUnknown, LaneReserved, NotNamed),
        )
    ),
)
async def create_turn(request: AnyRequest, principal: Caller, services: Parts) -> Reply:
    """Join a lane of the waiting room. An account has one turn in a lane: the same again while it is good."""
    new, door = await read_json(request, NewTurn), door_of(services)
    limit(request, "doors", f"turns of {principal.account_id}")
    try:
        if new.lane is None:
            rule = await lane_of(door, services.db, principal.account_id)
        else:
            rule = door.rules.by_name(new.lane)
        place = await take(door, services.db, principal.account_id, rule)
    except (LaneUnknown, LaneReserved, NotNamed) as refusal:
        refusal.pointer = "/lane"
        raise
    return _answer(place, door, status=201)


@get(
    "/v1/turns/{lane:str}",
    guards=[ANY_WRITE],
    opt=told(
        Call(
            summary="Show a turn",
            summary_id="Lihat nomor antrean",
            tag="waiting room",
            answers={
                200: Answer(
                    says="Where it stands now.", body=_SHOWN, headers={"Retry-After": "When to look again."}
                )
            },
            refusals=(LaneUnknown, TurnUnknown),
        )
    ),
)
async def get_turn(lane: FromPath[str], principal: Caller, services: Parts) -> Reply:
    """This account's turn in a lane. `links.now` tells as much to who reads it often."""
    door = door_of(services)
    place = await look(door, services.db, principal.account_id, door.rules.by_name(lane))
    return _answer(place, door, status=200)


@post(
    PASSES,
    guards=[ANY_WRITE],
    opt=told(
        Call(
            summary="Turn a called turn into a pass",
            summary_id="Tukar nomor yang dipanggil dengan tanda masuk",
            tag="waiting room",
            body=Body(shape=NewPass, example={"turn": _TURN["code"]}),
            answers={
                201: Answer(
                    says="The pass; who has one already is given that again.",
                    body=Body(shape=PassView, example=_PASS),
                )
            },
            refusals=(LaneUnknown, *_NOT_WITH_THIS),
        )
    ),
)
async def create_pass(request: AnyRequest, principal: Caller, services: Parts) -> Reply:
    """Enter with a turn that is called. A pass is its account's alone, and is renewed by each use."""
    new, door = await read_json(request, NewPass), door_of(services)
    limit(request, "doors", f"turns of {principal.account_id}")
    try:
        shown = await door.enter(principal.account_id, new.turn, now_s=int(time.time()))
    except (LaneUnknown, *_NOT_WITH_THIS) as refusal:
        refusal.pointer = "/turn"
        raise
    expires_at = datetime.fromtimestamp(end_of(read_bytes(shown)), UTC)
    return reply(PassView(shown=shown, header=PASS_HEADER, expires_at=expires_at), status=201)


HANDLERS: Final = [create_turn, get_turn, create_pass]


def _answer(place: Place, door: Door, *, status: int) -> Reply:
    view = TurnView.of(place, door)
    headers = {"Retry-After": str(view.retry_after_s)}
    if status == 201:
        headers["Location"] = view.links.turn
    return reply(view, status=status, headers=headers)
