"""Events, and the webhooks that hear them. Source: CloudEvents 1.0; Standard Webhooks 1.0."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import msgspec

from bubuh.core.ids import AccountId, derived_id, show_id
from bubuh.core.shards import Shard, shard_of_account
from bubuh.outbox.model import Fact

WEBHOOK: Final = "whk"
EVENT: Final = "evt"
MOST_WEBHOOKS: Final = 5  #: of an account
MOST_COUNTED: Final = 1_000  #: events that wait for a webhook are counted to so many
KEPT_DAYS: Final = 30  #: an event can be read for so long
OVERLAP_S: Final = 86_400.0  #: for which the secret before the newest is good
#: until the next attempt, after each that failed; then nobody tries any more. Source: Standard Webhooks
WAITS_S: Final = (5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)
JITTER: Final = 0.1  #: of a wait, more or less

_SECRET_BYTES: Final = 32
_BEGINS_WITH: Final = "whsec_"
#: What of which facts is told. Each is the news of the account that it happened to.
_ORDER: Final = "order"
EVENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "order.filled": ("stamps",),
    "order.expired": ("stamps",),
    "order.underpaid": ("paid_idr", "missing_idr"),
    "payment.reversed": ("amount_idr", "stamps", _ORDER),
    "refund.opened": ("amount_idr", "stamps", _ORDER),
    "refund.done": ("amount_idr", "stamps", _ORDER),
    "refund.failed": ("amount_idr", "stamps", _ORDER),
    "refund.declined": (),
    "stamp.affixed": ("serial_no",),
    "stamp.returned": ("reason",),
}
_PREFIXES: Final = {"order": "ord", "refund": "rfd", "stamp": "stm"}


class WebhookState(StrEnum):
    """`OFF` for good: its server answered 410."""

    ON = "on"
    OFF = "off"


class EventView(msgspec.Struct, frozen=True, kw_only=True):
    """An event, in the feed and as the body of a message; its names are those of CloudEvents 1.0."""

    id: str  # the same in the feed and in every message about it
    source: str
    type: str
    time: datetime  # when it happened
    subject: str  # id of the order, refund or stamp
    data: dict[str, str | int]
    specversion: str = "1.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to an account, as its programs are told."""

    account_id: AccountId
    no: int  #: from 1, without a gap in an account
    id: UUID
    type: str
    subject: str
    data: Mapping[str, Any]
    happened_at: datetime

    def view(self, *, source: str) -> EventView:
        """What is told. `source`: the service's public address."""
        return EventView(
            id=show_id(EVENT, self.id),
            source=source,
            type=self.type,
            time=self.happened_at,
            subject=self.subject,
            data=dict(self.data),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where a program of an account wants to hear, and how that went lately."""

    account_id: AccountId
    id: UUID
    url: str
    state: WebhookState
    made_at: datetime
    off_at: datetime | None
    heard_at: datetime | None  #: to a second
    failed_at: datetime | None
    failure: str | None
    given_up: int
    waiting: int  #: events that it has yet to hear, counted to MOST_COUNTED


@dataclass(frozen=True, slots=True, kw_only=True)
class DueWebhook:
    """A webhook for which something is due."""

    account_id: AccountId
    id: UUID
    url: str
    is_failing: bool  #: the last answer was no 2xx

    @property
    def shard(self) -> Shard:
        """The shard of its rows."""
        return shard_of_account(self.account_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event on its way to one webhook."""

    event: Event
    attempts: int  #: with the one that is about to be made


@dataclass(frozen=True, slots=True)
class Secret:
    """What messages are signed with: `whsec_` and 32 bytes in base 64."""

    text: str = field(repr=False)

    @classmethod
    def fresh(cls, random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> Secret:
        """A new one."""
        return cls(_BEGINS_WITH + base64.b64encode(random_bytes(_SECRET_BYTES)).decode())

    def sign(self, message_id: str, timestamp_s: int, body: bytes) -> str:
        """`v1,` and the base 64 of HMAC-SHA256 over `id.timestamp.body`."""
        key = base64.b64decode(self.text.removeprefix(_BEGINS_WITH))
        told = f"{message_id}.{timestamp_s}.".encode() + body
        return "v1," + base64.b64encode(hmac.digest(key, told, hashlib.sha256)).decode()


def event_of(fact: Fact, *, no: int) -> Event:
    """The event that a fact of `EVENTS` is to its account's programs."""
    told = {name: fact.facts[name] for name in EVENTS[fact.topic] if name in fact.facts}
    order = told.pop(_ORDER, None)
    subject = show_id(_PREFIXES.get(fact.topic.partition(".")[0], ""), fact.subject)
    if order is not None:
        told["order_id"] = show_id("ord", UUID(order))
    return Event(
        account_id=fact.account_id,
        no=no,
        id=derived_id(fact.account_id, EVENT, f"{fact.topic} {fact.subject}"),
        type=fact.topic,
        subject=told["order_id"] if fact.topic == "payment.reversed" else subject,
        data=told,
        happened_at=fact.published_at,
    )


def headers_of(message_id: str, body: bytes, living: Sequence[Secret], *, timestamp_s: int) -> dict[str, str]:
    """The headers of one attempt, signed with every secret that is good now."""
    return {
        "content-type": "application/json",
        "user-agent": "Bubuh-Webhooks/1",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": " ".join(one.sign(message_id, timestamp_s, body) for one in living),
    }


def wait_after(attempts: int, *, spread: float) -> float | None:
    """Seconds until the next attempt after `attempts` that failed; None: there is none any more.

    `spread` is random, from 0 to 1, so that what failed together does not come again together.
    """
    if attempts > len(WAITS_S):
        return None
    return WAITS_S[attempts - 1] * (1.0 + JITTER * (2.0 * spread - 1.0))
