"""`/v1/quota`: what the account has, and everything that moved it."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import msgspec
from litestar import get

from bubuh.api.reply import LIST_PARAMETERS, AnyRequest, Caller, Parts, Reply, read_page, reply
from bubuh.core.ids import show_account, show_id
from bubuh.edge.calls import Answer, Body, Call, told
from bubuh.edge.cursors import NumberCursor
from bubuh.edge.guards import May
from bubuh.identity.model import Scope
from bubuh.quota import model as quota
from bubuh.quota.movements import list_movements
from bubuh.quota.show import show_quota


class OwnShareView(msgspec.Struct, frozen=True, kw_only=True):
    """The limit that this account, a child, lives under."""

    parent: str
    limit: int  # of what it holds and has used together
    closed: bool  # nothing more can be held under it


class QuotaView(msgspec.Struct, frozen=True, kw_only=True):
    """An account's stamps, counted by what may become of them."""

    free: int  # may be used
    held: int  # set aside for stamps that wait or are in work
    used: int  # affixed
    in_transit: int  # on their way to another account
    frozen: bool  # nothing can be held until an operator has looked
    share: OwnShareView | None  # of a child account: what it may use is its parent's


class MovementView(msgspec.Struct, frozen=True, kw_only=True):
    """One movement of stamps; it never changes."""

    id: str  # of the stamp, order, refund, allotment or transfer that moved them
    kind: quota.MovementKind
    debit: str  # what they left
    credit: str  # what they entered
    stamps: int
    counter_account_id: str | None  # the other side: of a transfer, or of what a child account holds and uses
    actor: str
    recorded_at: datetime

    @classmethod
    def of(cls, movement: quota.Movement) -> Self:
        """The view of `movement`."""
        counter = movement.counter_account_id
        return cls(
            id=show_id(_prefix(movement), movement.ref),
            kind=movement.kind,
            debit=movement.debit,
            credit=movement.credit,
            stamps=movement.stamps,
            counter_account_id=show_account(counter) if counter is not None else None,
            actor=movement.actor,
            recorded_at=movement.recorded_at,
        )


class MovementsView(msgspec.Struct, frozen=True, kw_only=True):
    """One page of movements, newest first."""

    data: list[MovementView]
    has_more: bool
    next_cursor: str | None


@get(
    "/v1/quota",
    guards=[May(Scope.QUOTA_READ)],
    opt=told(
        Call(
            summary="Show the quota",
            summary_id="Lihat kuota",
            tag="quota",
            answers={
                200: Answer(
                    says="The account's stamps.",
                    body=Body(
                        shape=QuotaView,
                        example={
                            "free": 7,
                            "held": 1,
                            "used": 2,
                            "in_transit": 0,
                            "frozen": False,
                            "share": None,
                        },
                    ),
                )
            },
        )
    ),
)
async def get_quota(principal: Caller, services: Parts) -> Reply:
    """What the account has now, in stamps.

    A child account's `free` is what is left of its limit, or of its parent's stamps where those are fewer.
    """
    balance = await show_quota(services.db, principal.account_id)
    share = balance.share
    return reply(
        QuotaView(
            free=balance.free,
            held=balance.held,
            used=balance.used,
            in_transit=balance.in_transit,
            frozen=balance.frozen,
            share=None
            if share is None
            else OwnShareView(parent=show_account(share.parent_id), limit=share.limit, closed=share.closed),
        )
    )


@get(
    "/v1/quota/movements",
    guards=[May(Scope.QUOTA_READ)],
    opt=told(
        Call(
            summary="List the quota's movements",
            summary_id="Riwayat kuota",
            tag="quota",
            answers={200: Answer(says="One page, newest first.", body=Body(shape=MovementsView))},
            parameters=LIST_PARAMETERS,
        )
    ),
)
async def list_quota_movements(request: AnyRequest, principal: Caller, services: Parts) -> Reply:
    """Everything that ever moved the account's stamps, newest first."""
    wanted = read_page(request)
    after = NumberCursor.read(wanted.after).no if wanted.after is not None else None
    found = await list_movements(services.db, principal.account_id, after=after, limit=wanted.limit + 1)
    page, next_cursor = wanted.cut(found, lambda movement: NumberCursor(no=movement.no))
    return reply(
        MovementsView(
            data=[MovementView.of(movement) for movement in page],
            has_more=next_cursor is not None,
            next_cursor=next_cursor,
        )
    )


HANDLERS = [get_quota, list_quota_movements]


def _prefix(movement: quota.Movement) -> str:
    if movement.kind is quota.MovementKind.ALLOT:
        return "ord" if movement.debit == quota.Source.SOLD else "alt"
    if movement.kind.startswith("transfer_"):
        return "trf"
    return "rfd" if movement.purpose is quota.Purpose.REFUND else "stm"  # a child's hold is its stamp's
