"""`/v1/quota/transfers`: stamps are given to another account, and watched on their way."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal, Self

import msgspec
from litestar import get, post
from litestar.params import FromPath

from bubuh.api.reply import REPLAYED, AnyRequest, Caller, ClientKey, Parts, Reply, replay_header, reply
from bubuh.core.ids import AccountId, MalformedId, derived_id, read_account, read_id, show_account, show_id
from bubuh.edge.bodies import read_json
from bubuh.edge.calls import Answer, Body, Call, told
from bubuh.edge.guards import May
from bubuh.identity.model import Scope
from bubuh.quota.model import SentTransfer
from bubuh.quota.refusals import (
    MOST_STAMPS,
    AccountFrozen,
    QuotaExhausted,
    ReceiverUnknown,
    SameAccount,
    StampsOutOfRange,
)
from bubuh.quota.transfer import find_sent, transfer

ROUTE: Final = "POST /v1/quota/transfers"


class NewTransfer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many stamps to give, and to whom."""

    receiver: str
    stamps: Annotated[int, msgspec.Meta(extra_json_schema={"minimum": 1, "maximum": MOST_STAMPS})]


class TransferView(msgspec.Struct, frozen=True, kw_only=True):
    """Stamps given to another account, and whether they have arrived. It is never taken back."""

    id: str
    state: Literal["in_transit", "arrived"]
    receiver: str
    stamps: int
    sent_at: datetime
    arrived_at: datetime | None

    @classmethod
    def of(cls, sent: SentTransfer) -> Self:
        """The view of a transfer, as its giver sees it."""
        return cls(
            id=show_id("trf", sent.ref),
            state="in_transit" if sent.arrived_at is None else "arrived",
            receiver=show_account(sent.receiver),
            stamps=sent.stamps,
            sent_at=sent.sent_at,
            arrived_at=sent.arrived_at,
        )


_EXAMPLE: Final = {
    "id": "trf_0G3ZMVQ2H49Q8S2NXW5T7R6K1P",
    "state": "in_transit",
    "receiver": "acc_0G3ZMVQ2H49Q8",
    "stamps": 3,
    "sent_at": "2026-11-22T07:00:00Z",
    "arrived_at": None,
}
_SHOWN: Final = Body(shape=TransferView, example=_EXAMPLE)


@post(
    "/v1/quota/transfers",
    guards=[May(Scope.QUOTA_WRITE)],
    opt=told(
        Call(
            summary="Give stamps to another account",
            summary_id="Pindahkan kuota ke akun lain",
            tag="quota",
            body=Body(shape=NewTransfer, example={"receiver": "acc_0G3ZMVQ2H49Q8", "stamps": 3}),
            answers={
                201: Answer(
                    says="The transfer. It arrives by itself, as a rule within seconds.",
                    body=_SHOWN,
                    headers={
                        "Location": "The transfer's address.",
                        REPLAYED: "`true` when it was sent before.",
                    },
                )
            },
            creates=True,
            refusals=(StampsOutOfRange, SameAccount, ReceiverUnknown, QuotaExhausted, AccountFrozen),
        )
    ),
)
async def create_transfer(
    request: AnyRequest, principal: Caller, idempotency_key: ClientKey, services: Parts
) -> Reply:
    """Give free stamps away, once and for good. Until they arrive the quota shows them `in_transit`."""
    new = await read_json(request, NewTransfer)
    giver = principal.account_id
    ref = derived_id(giver, ROUTE, idempotency_key)
    receiver = _read_receiver(new.receiver)
    async with services.db.transaction() as conn:
        result = await transfer(
            conn, ref=ref, giver=giver, receiver=receiver, stamps=new.stamps, actor=principal.actor
        )
    view = TransferView.of(await find_sent(services.db, giver, ref))
    headers = {"Location": f"/v1/quota/transfers/{view.id}", **replay_header(replayed=result.replayed)}
    return reply(view, status=201, headers=headers)


@get(
    "/v1/quota/transfers/{transfer_id:str}",
    guards=[May(Scope.QUOTA_READ)],
    opt=told(
        Call(
            summary="Show a transfer",
            summary_id="Lihat pemindahan kuota",
            tag="quota",
            answers={200: Answer(says="The transfer, as it is now.", body=_SHOWN)},
        )
    ),
)
async def get_transfer(transfer_id: FromPath[str], principal: Caller, services: Parts) -> Reply:
    """A transfer that the account sent. (What it received stands in its movements.)"""
    return reply(
        TransferView.of(await find_sent(services.db, principal.account_id, read_id("trf", transfer_id)))
    )


def _read_receiver(text: str) -> AccountId:
    """What is no account's id names no account."""
    try:
        return read_account(text)
    except MalformedId:
        raise ReceiverUnknown from None


HANDLERS = [create_transfer, get_transfer]
