"""`/v1/complaints`: something is wrong with a stamp, order or refund, and no machine could settle it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Self

import msgspec
from litestar import get, post
from litestar.params import FromPath

from bubuh.api.reply import REPLAYED, AnyRequest, Caller, ClientKey, Parts, Reply, replay_header, reply
from bubuh.complaints.look import look
from bubuh.complaints.model import COMPLAINT, MOST_LETTERS, ComplaintState, WantedComplaint, read_subject
from bubuh.complaints.open import open_complaint
from bubuh.complaints.refusals import ComplaintUnexplained, TooManyComplaints
from bubuh.complaints.show import Opened, find_complaint, opened
from bubuh.core.ids import derived_id, read_id
from bubuh.edge.answers import language_of
from bubuh.edge.bodies import read_json
from bubuh.edge.calls import Answer, Body, Call, told
from bubuh.edge.findings import said_of
from bubuh.edge.guards import May
from bubuh.edge.looking import eyes_of
from bubuh.edge.words import Language
from bubuh.identity.model import Scope
from bubuh.orders.refusals import OrderUnknown
from bubuh.refunds.refusals import RefundUnknown
from bubuh.stamping.refusals import StampUnknown

ROUTE: Final = "POST /v1/complaints"


class NewComplaint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What it is about, and what happened."""

    about: str  # id of a stamp, order or refund
    message: Annotated[str, msgspec.Meta(extra_json_schema={"minLength": 1, "maxLength": MOST_LETTERS})]


class FindingView(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that the machine saw when the complaint was opened."""

    code: str
    text: str


class ComplaintView(msgspec.Struct, frozen=True, kw_only=True):
    """A complaint: what it is about, what was seen, and the answer."""

    no: str
    about: str
    state: ComplaintState
    findings: list[FindingView]
    message: str | None  # null once forgotten
    opened_at: datetime
    answer_by: datetime  # promised
    answer: str | None
    answered_at: datetime | None

    @classmethod
    def of(cls, one: Opened, language: Language) -> Self:
        """The view of `one`, its findings in `language`."""
        found = one.complaint
        return cls(
            no=found.no,
            about=found.subject.show(),
            state=found.state,
            findings=[
                FindingView(code=str(each.code), text=said_of(each, language)) for each in found.findings
            ],
            message=one.words,
            opened_at=found.opened_at,
            answer_by=found.answer_by,
            answer=one.answer,
            answered_at=found.answered_at,
        )


_EXAMPLE: Final = {
    "no": "cmp_0G3ZMVQ2H49Q8S2NXW5T7R6K1P",
    "about": "ord_0G3ZMVQ2H49Q8S2NXW5T7R6K1P",
    "state": "open",
    "findings": [{"code": "gateway_asked", "text": "We have just asked the payment provider."}],
    "message": "Uangnya sudah terpotong.",
    "opened_at": "2026-11-22T07:00:00Z",
    "answer_by": "2026-11-23T07:00:00Z",
    "answer": None,
    "answered_at": None,
}


@post(
    "/v1/complaints",
    guards=[May(Scope.COMPLAINTS_WRITE)],
    opt=told(
        Call(
            summary="Open a complaint",
            summary_id="Ajukan pengaduan",
            tag="complaints",
            body=Body(
                shape=NewComplaint,
                example={
                    "about": "ord_0G3ZMVQ2H49Q8S2NXW5T7R6K1P",
                    "message": "Uangnya sudah terpotong.",
                },
            ),
            answers={
                201: Answer(
                    says="The complaint, with all that the machine saw.",
                    body=Body(shape=ComplaintView, example=_EXAMPLE),
                    headers={REPLAYED: "`true` when it was opened before."},
                )
            },
            creates=True,
            refusals=(ComplaintUnexplained, StampUnknown, OrderUnknown, RefundUnknown, TooManyComplaints),
        )
    ),
)
async def create_complaint(
    request: AnyRequest, principal: Caller, idempotency_key: ClientKey, services: Parts
) -> Reply:
    """The machine looks first, 2 s at most; what it saw is attached. An order's gateway is asked."""
    new = await read_json(request, NewComplaint)
    wanted = WantedComplaint(subject=read_subject(new.about), words=new.message)
    complaint, replayed = await open_complaint(
        services.db,
        wanted,
        complaint_id=derived_id(principal.account_id, ROUTE, idempotency_key),
        account_id=principal.account_id,
        findings=await look(eyes_of(services), principal.account_id, wanted.subject),
        actor=principal.actor,
        key=services.person_key,
    )
    view = ComplaintView.of(opened(complaint, services.person_key), language_of(request))
    return reply(view, status=201, headers=replay_header(replayed=replayed))


@get(
    "/v1/complaints/{complaint_no:str}",
    guards=[May(Scope.COMPLAINTS_WRITE)],
    opt=told(
        Call(
            summary="Show a complaint",
            summary_id="Lihat pengaduan",
            tag="complaints",
            answers={
                200: Answer(
                    says="The complaint, as it is now.", body=Body(shape=ComplaintView, example=_EXAMPLE)
                )
            },
        )
    ),
)
async def get_complaint(
    request: AnyRequest, complaint_no: FromPath[str], principal: Caller, services: Parts
) -> Reply:
    """One of the account's own complaints, and the answer once there is one."""
    found = await find_complaint(
        services.db,
        read_id(COMPLAINT, complaint_no),
        key=services.person_key,
        account_id=principal.account_id,
    )
    return reply(ComplaintView.of(found, language_of(request)))


HANDLERS = [create_complaint, get_complaint]
