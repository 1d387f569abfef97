"""`/v1/webhooks` and `/v1/events`: programs are told what became of things, and read what they missed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Self

import msgspec
from litestar import delete, get, post
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
from bubuh.core.ids import derived_id, read_id, show_id
from bubuh.edge.bodies import read_json
from bubuh.edge.calls import Answer, Body, Call, told
from bubuh.edge.cursors import NumberCursor
from bubuh.edge.guards import May
from bubuh.identity.model import Environment, Scope
from bubuh.webhooks.addresses import MOST_LETTERS
from bubuh.webhooks.model import KEPT_DAYS, MOST_WEBHOOKS, WEBHOOK, EventView, Webhook, WebhookState
from bubuh.webhooks.read_feed import read_feed
from bubuh.webhooks.refusals import TooManyWebhooks, WebhookUnknown, WebhookUrlRefused
from bubuh.webhooks.register import Registered, register, rotate
from bubuh.webhooks.remove import remove
from bubuh.webhooks.store import list_webhooks

ROUTE: Final = "POST /v1/webhooks"
ROUTE_OF_SECRETS: Final = "POST /v1/webhooks/{id}/secret"


class NewWebhook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where to tell it."""

    url: Annotated[
        str,
        msgspec.Meta(extra_json_schema={"format": "uri", "pattern": "^https://", "maxLength": MOST_LETTERS}),
    ]


class WebhookView(msgspec.Struct, frozen=True, kw_only=True):
    """An address that hears of the account's events, and how that went lately."""

    id: str
    url: str
    state: WebhookState  # `off` for good once its server answered 410
    waiting: int  # events that it has yet to hear, counted to 1,000
    given_up: int  # events that it never heard; they stand in the feed
    created_at: datetime
    heard_at: datetime | None  # its last 2xx, to a second
    failed_at: datetime | None
    failure: str | None  # what came then: a status, or why no answer came
    secret: str | None = None  # shown by the call that made it, and never again

    @classmethod
    def of(cls, webhook: Webhook, *, secret: str | None = None) -> Self:
        """The view of a webhook."""
        return cls(
            id=show_id(WEBHOOK, webhook.id),
            url=webhook.url,
            state=webhook.state,
            waiting=webhook.waiting,
            given_up=webhook.given_up,
            created_at=webhook.made_at,
            heard_at=webhook.heard_at,
            failed_at=webhook.failed_at,
            failure=webhook.failure,
            secret=secret,
        )

    @classmethod
    def of_made(cls, made: Registered) -> Self:
        """The same, with the secret that was just made."""
        return cls.of(made.webhook, secret=None if made.secret is None else made.secret.text)


class WebhooksView(msgspec.Struct, frozen=True, kw_only=True):
    """All webhooks of the account, the oldest first."""

    data: list[WebhookView]


class EventsView(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the account's events, the oldest first."""

    data: list[EventView]
    has_more: bool
    next_cursor: str | None  # keep it: asked with it later, the feed goes on from here
    gone: int  # events after your cursor that are kept no longer


_EXAMPLE: Final = {
    "id": "whk_0G3ZMVQ2H49Q8S2NXW5T7R6K1P",
    "url": "https://distributor.example/bubuh",
    "state": "on",
    "waiting": 0,
    "given_up": 0,
    "created_at": "2026-11-22T07:00:00Z",
    "heard_at": None,
    "failed_at": None,
    "failure": None,
    "secret": None,
}
_MADE: Final = Body(
    shape=WebhookView,
    example={**_EXAMPLE, "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAAAAAAAAAAA="},
)
_EVENT: Final = {
    "id": "evt_0G3ZMVQ2H49Q8S2NXW5T7R6K1P",
    "source": "https://meterai.example",
    "type": "order.filled",
    "time": "2026-11-22T07:00:00Z",
    "subject": "ord_0G3ZMVQ2H49Q8S2NXW5T7R6K1P",
    "data": {"stamps": 3},
    "specversion": "1.0",
}


@post(
    "/v1/webhooks",
    guards=[May(Scope.WEBHOOKS_WRITE)],
    opt=told(
        Call(
            summary="Register a webhook",
            summary_id="Daftarkan webhook",
            tag="webhooks",
            body=Body(shape=NewWebhook, example={"url": "https://distributor.example/bubuh"}),
            answers={
                201: Answer(
                    says="The webhook. Keep its secret: it is not shown again.",
                    body=_MADE,
                    headers={REPLAYED: "`true` when it was registered before; then without the secret."},
                )
            },
            creates=True,
            refusals=(WebhookUrlRefused, TooManyWebhooks),
        )
    ),
)
async def create_webhook(
    request: AnyRequest, principal: Caller, idempotency_key: ClientKey, services: Parts
) -> Reply:
    """Have what happens from now on told to an address, by POST.

    The body of a message is an event as `GET /v1/events` shows it. It is signed as Standard Webhooks says
    (`webhook-id`, `webhook-timestamp`, `webhook-signature`), and `webhook-id` is the event's id: the same
    event may come twice, and out of order. Any 2xx within 10 seconds, of at most 64 KiB, means that it was
    heard; else it is tried again after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h. A redirect
    is not followed; 410 switches the webhook off. The address must be https and lead to the open net.
    """
    new = await read_json(request, NewWebhook)
    made = await register(
        services.db,
        principal.account_id,
        new.url,
        webhook_id=derived_id(principal.account_id, ROUTE, idempotency_key),
        may_be_here=services.environment is Environment.TEST,
        actor=principal.actor,
        key=services.person_key,
    )
    headers = replay_header(replayed=made.secret is None)
    return reply(WebhookView.of_made(made), status=201, headers=headers)


@get(
    "/v1/webhooks",
    guards=[May(Scope.WEBHOOKS_WRITE)],
    opt=told(
        Call(
            summary="List webhooks",
            summary_id="Daftar webhook",
            tag="webhooks",
            answers={
                200: Answer(
                    says=f"All of them; an account has at most {MOST_WEBHOOKS}.",
                    body=Body(shape=WebhooksView, example={"data": [_EXAMPLE]}),
                )
            },
        )
    ),
)
async def show_webhooks(principal: Caller, services: Parts) -> Reply:
    """The account's webhooks: when each heard last, what went wrong since, and how many events wait."""
    found = await list_webhooks(services.db, principal.account_id)
    return reply(WebhooksView(data=[WebhookView.of(one) for one in found]))


@delete(
    "/v1/webhooks/{webhook_id:str}",
    guards=[May(Scope.WEBHOOKS_WRITE)],
    status_code=204,
    opt=told(
        Call(
            summary="Remove a webhook",
            summary_id="Hapus webhook",
            tag="webhooks",
            answers={204: Answer(says="It is told nothing any more.")},
            refusals=(WebhookUnknown,),
        )
    ),
)
async def delete_webhook(webhook_id: FromPath[str], principal: Caller, services: Parts) -> None:
    """What it did not hear can still be read in the feed."""
    wanted = read_id(WEBHOOK, webhook_id)
    await remove(services.db, principal.account_id, wanted, actor=principal.actor)


@post(
    "/v1/webhooks/{webhook_id:str}/secret",
    guards=[May(Scope.WEBHOOKS_WRITE)],
    opt=told(
        Call(
            summary="Give a webhook a new secret",
            summary_id="Ganti rahasia webhook",
            tag="webhooks",
            answers={
                201: Answer(
                    says="The webhook with its new secret, which is not shown again.",
                    body=_MADE,
                    headers={REPLAYED: "`true` when this was done before; then without the secret."},
                )
            },
            creates=True,
            refusals=(WebhookUnknown,),
        )
    ),
)
async def create_webhook_secret(
    webhook_id: FromPath[str], principal: Caller, idempotency_key: ClientKey, services: Parts
) -> Reply:
    """For 24 hours messages are signed with both this secret and the one before; any older one ends now."""
    wanted = read_id(WEBHOOK, webhook_id)
    made = await rotate(
        services.db,
        principal.account_id,
        wanted,
        secret_id=derived_id(principal.account_id, ROUTE_OF_SECRETS, f"{wanted} {idempotency_key}"),
        actor=principal.actor,
        key=services.person_key,
    )
    headers = replay_header(replayed=made.secret is None)
    return reply(WebhookView.of_made(made), status=201, headers=headers)


@get(
    "/v1/events",
    guards=[May(Scope.WEBHOOKS_WRITE)],
    opt=told(
        Call(
            summary="Read events",
            summary_id="Baca peristiwa",
            tag="webhooks",
            answers={
                200: Answer(
                    says="One page, oldest first.",
                    body=Body(
                        shape=EventsView,
                        example={
                            "data": [_EVENT],
                            "has_more": False,
                            "next_cursor": "AAAAAAAAAAE",
                            "gone": 0,
                        },
                    ),
                )
            },
            parameters=LIST_PARAMETERS,
        )
    ),
)
async def list_account_events(request: AnyRequest, principal: Caller, services: Parts) -> Reply:
    """What webhooks are told of, under the same ids, for 30 days and while the account has a webhook.

    Keep `next_cursor`, also of a last page: with it the feed goes on where you stopped, each event once.
    """
    wanted = read_page(request)
    after_no = 0 if wanted.after is None else max(0, NumberCursor.read(wanted.after).no)
    found = await read_feed(services.db, principal.account_id, after_no=after_no, at_most=wanted.limit + 1)
    page = found.events[: wanted.limit]
    return reply(
        EventsView(
            data=[one.view(source=services.public_url) for one in page],
            has_more=len(found.events) > wanted.limit,
            next_cursor=NumberCursor(no=page[-1].no).show() if page else wanted.after,
            gone=found.gone,
        )
    )


assert KEPT_DAYS == 30, "as the words above say"

HANDLERS = [create_webhook, show_webhooks, delete_webhook, create_webhook_secret, list_account_events]
