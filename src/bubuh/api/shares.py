"""`/v1/quota/shares`: child accounts that use this account's stamps, each up to a limit."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Self

import msgspec
from litestar import get, patch, post
from litestar.params import FromPath

from bubuh.api.reply import (
    LIST_PARAMETERS,
    REPLAYED,
    AnyRequest,
    Caller,
    ClientKey,
    Parts,
    Reply,
    read_page,
    replay_header,
    reply,
)
from bubuh.core.ids import child_account_id, read_account, show_account
from bubuh.edge.bodies import read_json
from bubuh.edge.calls import Answer, Body, Call, told
from bubuh.edge.cursors import NumberCursor
from bubuh.edge.guards import May
from bubuh.identity.model import Scope
from bubuh.quota.model import Share, ShareOutcome
from bubuh.quota.refusals import (
    MOST_STAMPS,
    ChildAccount,
    LimitOutOfRange,
    LimitTooLow,
    NameOutOfRange,
    ShareUnknown,
)
from bubuh.quota.share import MOST_LETTERS, change_share, find_share, list_shares, open_share

ROUTE: Final = "POST /v1/quota/shares"
Limit = Annotated[int, msgspec.Meta(extra_json_schema={"minimum": 0, "maximum": MOST_STAMPS})]
Name = Annotated[str, msgspec.Meta(extra_json_schema={"minLength": 1, "maxLength": MOST_LETTERS})]


class NewShare(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to open an account for, and how many stamps it may hold and use together."""

    name: Name
    limit: Limit


class ShareChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What shall be otherwise; what is left out stays."""

    limit: Limit | None = None
    closed: bool | None = None


class ShareView(msgspec.Struct, frozen=True, kw_only=True):
    """A child account. Its stamps are this account's: here they are counted against its limit."""

    id: str  # of the child account
    name: str
    limit: int  # of what it holds and has used together
    held: int
    used: int
    left: int  # of the limit; 0 when closed
    closed: bool  # nothing more can be held; what is held ends as usual
    opened_at: datetime

    @classmethod
    def of(cls, share: Share) -> Self:
        """The view of `share`."""
        return cls(
            id=show_account(share.account_id),
            name=share.name,
            limit=share.limit,
            held=share.held,
            used=share.used,
            left=share.left,
            closed=share.closed,
            opened_at=share.opened_at,
        )


class SharesView(msgspec.Struct, frozen=True, kw_only=True):
    """One page of child accounts, by their ids."""

    data: list[ShareView]
    has_more: bool
    next_cursor: str | None


_EXAMPLE: Final = {
    "id": "acc_0G3ZMVQ2H49Q8",
    "name": "Cabang Bandung",
    "limit": 100,
    "held": 1,
    "used": 20,
    "left": 79,
    "closed": False,
    "opened_at": "2026-11-22T07:00:00Z",
}
_SHOWN: Final = Body(shape=ShareView, example=_EXAMPLE)


@post(
    "/v1/quota/shares",
    guards=[May(Scope.QUOTA_WRITE)],
    opt=told(
        Call(
            summary="Share the quota with a new child account",
            summary_id="Bagikan kuota ke akun anak baru",
            tag="quota",
            body=Body(shape=NewShare, example={"name": "Cabang Bandung", "limit": 100}),
            answers={
                201: Answer(
                    says="The child account.",
                    body=_SHOWN,
                    headers={
                        "Location": "The share's address.",
                        REPLAYED: "`true` when it was opened before.",
                    },
                )
            },
            creates=True,
            refusals=(NameOutOfRange, LimitOutOfRange, ChildAccount),
        )
    ),
)
async def create_share(
    request: AnyRequest, principal: Caller, idempotency_key: ClientKey, services: Parts
) -> Reply:
    """Open an account that may use this account's stamps, up to a limit. An operator makes its API key."""
    new = await read_json(request, NewShare)
    parent_id = principal.account_id
    child_id = child_account_id(parent_id, ROUTE, idempotency_key)
    async with services.db.transaction() as conn:
        outcome = await open_share(
            conn,
            parent_id=parent_id,
            child_id=child_id,
            name=new.name,
            limit=new.limit,
            actor=principal.actor,
        )
    view = ShareView.of(await find_share(services.db, parent_id=parent_id, child_id=child_id))
    replayed = outcome is ShareOutcome.ALREADY_DONE
    headers = {"Location": f"/v1/quota/shares/{view.id}", **replay_header(replayed=replayed)}
    return reply(view, status=201, headers=headers)


@get(
    "/v1/quota/shares",
    guards=[May(Scope.QUOTA_READ)],
    opt=told(
        Call(
            summary="List the child accounts",
            summary_id="Daftar akun anak",
            tag="quota",
            answers={200: Answer(says="One page, by id.", body=Body(shape=SharesView))},
            parameters=LIST_PARAMETERS,
        )
    ),
)
async def get_shares(request: AnyRequest, principal: Caller, services: Parts) -> Reply:
    """The accounts that this account shares its quota with."""
    wanted = read_page(request)
    after = NumberCursor.read(wanted.after).no if wanted.after is not None else None
    found = await list_shares(services.db, principal.account_id, after=after, limit=wanted.limit + 1)
    page, next_cursor = wanted.cut(found, lambda share: NumberCursor(no=share.account_id))
    return reply(
        SharesView(
            data=[ShareView.of(share) for share in page],
            has_more=next_cursor is not None,
            next_cursor=next_cursor,
        )
    )


@get(
    "/v1/quota/shares/{child_id:str}",
    guards=[May(Scope.QUOTA_READ)],
    opt=told(
        Call(
            summary="Show a child account",
            summary_id="Lihat akun anak",
            tag="quota",
            answers={200: Answer(says="The child account, as it is now.", body=_SHOWN)},
        )
    ),
)
async def get_share(child_id: FromPath[str], principal: Caller, services: Parts) -> Reply:
    """One account that this account shares its quota with."""
    child = read_account(child_id)
    return reply(ShareView.of(await find_share(services.db, parent_id=principal.account_id, child_id=child)))


@patch(
    "/v1/quota/shares/{child_id:str}",
    guards=[May(Scope.QUOTA_WRITE)],
    opt=told(
        Call(
            summary="Change a child account's limit, or close it",
            summary_id="Ubah batas akun anak, atau tutup",
            tag="quota",
            body=Body(shape=ShareChange, example={"limit": 200}),
            answers={200: Answer(says="The child account, as it is now.", body=_SHOWN)},
            refusals=(LimitOutOfRange, LimitTooLow, ShareUnknown),
        )
    ),
)
async def patch_share(
    request: AnyRequest, child_id: FromPath[str], principal: Caller, services: Parts
) -> Reply:
    """Set the limit, close the share or open it again. The same again changes nothing.

    A limit below what the child holds and has used is refused. Under a closed share nothing more can be held;
    what is held already is still used or given back.
    """
    change = await read_json(request, ShareChange)
    parent_id, child = principal.account_id, read_account(child_id)
    async with services.db.transaction() as conn:
        await change_share(
            conn,
            parent_id=parent_id,
            child_id=child,
            limit=change.limit,
            closed=change.closed,
            actor=principal.actor,
        )
    return reply(ShareView.of(await find_share(services.db, parent_id=parent_id, child_id=child)))


HANDLERS = [create_share, get_shares, get_share, patch_share]
