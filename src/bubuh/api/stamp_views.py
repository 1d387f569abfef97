"""What stamps look like to those who ask for them: the JSON that comes in and goes out."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Final, Self
from uuid import UUID

import msgspec

from bubuh.api.midstate_body import MidstateBody
from bubuh.core.ids import read_id, show_id
from bubuh.edge.calls import Body
from bubuh.edge.reasons import RETURN_REASONS
from bubuh.edge.refusals import InvalidRequest
from bubuh.edge.words import Language
from bubuh.pdf.model import LEAST_SIDE_PT, MOST_SIDE_PT, Level, Place, Tier
from bubuh.stamping.model import Stamp, WantedStamp
from bubuh.stamping.moves import StampState

Text64 = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]


class NewStamp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One stamp: on which document, where, for what kind of deed. Lengths are points of the page as seen.

    The document is one that was uploaded, or one that stays at home and sends its midstate: exactly one of
    `document_id` and `midstate` is given.
    """

    document_id: Annotated[str | None, msgspec.Meta(description="Of a document that was uploaded.")] = None
    midstate: Annotated[
        MidstateBody | None, msgspec.Meta(description="Of a document that stays at home.")
    ] = None
    page: Annotated[int, msgspec.Meta(description="From 1.", extra_json_schema={"minimum": 1})]
    x: Annotated[float, msgspec.Meta(description="Left edge of the face.", extra_json_schema={"minimum": 0})]
    y: Annotated[
        float, msgspec.Meta(description="Top edge of the face, downwards.", extra_json_schema={"minimum": 0})
    ]
    width: Annotated[
        float,
        msgspec.Meta(
            description="Side of the square face.",
            extra_json_schema={"minimum": LEAST_SIDE_PT, "maximum": MOST_SIDE_PT},
        ),
    ]
    document_type: Annotated[Text64, msgspec.Meta(description="What kind of deed it is, in your words.")]
    document_no: Annotated[Text64, msgspec.Meta(description="The deed's own number.")]
    document_date: Annotated[date, msgspec.Meta(description="The date it bears.")]

    def check(self) -> None:
        """Pass when exactly one of the two ways to name a document is used; else raise `InvalidRequest`."""
        if (self.document_id is None) == (self.midstate is None):
            pointer = "/document_id" if self.midstate is None else "/midstate"
            raise InvalidRequest(pointer=pointer, expected="exactly one of document_id and midstate")

    def uploaded(self) -> UUID | None:
        """The document that was uploaded, if it was; raises `MalformedId` for one that cannot be."""
        return None if self.document_id is None else read_id("doc", self.document_id)

    def wanted(self, document_id: UUID) -> WantedStamp:
        """What is asked for, on the document of that id."""
        return WantedStamp(
            document_id=document_id,
            place=Place(page=self.page, x_pt=self.x, y_pt=self.y, side_pt=self.width),
            document_type=self.document_type,
            document_no=self.document_no,
            document_date=self.document_date,
        )


class EventView(msgspec.Struct, frozen=True, kw_only=True):
    """The stamp entered a state."""

    state: StampState
    at: datetime


class StampView(msgspec.Struct, frozen=True, kw_only=True):
    """A stamp and how far it is."""

    id: str
    state: StampState
    serial: str | None  # once affixed
    tier: (
        Tier | None
    )  # of the engine, that planned it, once affixed: t3 upon a document that was repaired first
    level: Level | None  # of its seal, once affixed: B-B until a time-stamp or more has come for good
    content_unseen: bool  # the document stayed at home: fetch the increment
    reason: str | None  # code, when returned: the quota is back
    reason_text: str | None  # the same in words
    document_id: str
    page: int
    x: float
    y: float
    width: float
    document_type: str
    document_no: str
    document_date: date
    accepted_at: datetime
    ended_at: datetime | None
    timeline: list[EventView]

    @classmethod
    def of(cls, stamp: Stamp, language: Language) -> Self:
        """The view of `stamp`, its reason in `language`."""
        words = RETURN_REASONS.get(stamp.reason or "")
        return cls(
            id=show_id("stm", stamp.id),
            state=stamp.state,
            serial=stamp.serial_no,
            tier=stamp.tier,
            level=stamp.level,
            content_unseen=stamp.content_unseen,
            reason=stamp.reason,
            reason_text=words.said(language) if words is not None else None,
            document_id=show_id("doc", stamp.document_id),
            page=stamp.place.page,
            x=stamp.place.x_pt,
            y=stamp.place.y_pt,
            width=stamp.place.side_pt,
            document_type=stamp.document_type,
            document_no=stamp.document_no,
            document_date=stamp.document_date,
            accepted_at=stamp.accepted_at,
            ended_at=stamp.ended_at,
            timeline=[EventView(state=event.state, at=event.at) for event in stamp.timeline],
        )


class StampsView(msgspec.Struct, frozen=True, kw_only=True):
    """One page of stamps, newest first."""

    data: list[StampView]
    has_more: bool
    next_cursor: str | None


WANTED: Final = {
    "document_id": "doc_0G3ZMVQ2H49Q8S2NXW5T7R6K1P",
    "page": 1,
    "x": 400,
    "y": 600,
    "width": 60,
    "document_type": "surat-pernyataan",
    "document_no": "001/SP/2026",
    "document_date": "2026-11-22",
}
EXAMPLE: Final = {
    "id": "stm_0H1V4T8RZJ4DSB8VKX3N2M7Q5C",
    "state": "affixed",
    "serial": "ID7Q2M8ZK4X1W9R5T3B0CJ",
    "tier": "t1",
    "level": "B-T",
    "content_unseen": False,
    "reason": None,
    "reason_text": None,
    **WANTED,
    "accepted_at": "2026-11-22T07:00:00Z",
    "ended_at": "2026-11-22T07:00:01Z",
    "timeline": [
        {"state": "accepted", "at": "2026-11-22T07:00:00Z"},
        {"state": "processing", "at": "2026-11-22T07:00:00.1Z"},
        {"state": "affixed", "at": "2026-11-22T07:00:01Z"},
    ],
}
SHOWN: Final = Body(shape=StampView, example=EXAMPLE)
