"""What handlers need from below, as one typed bag that the wiring fills."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bubuh.db.doorbell import Doorbell, Ringer
from bubuh.db.pool import Database
from bubuh.deadlines.board import DeadlineBoard
from bubuh.documents.keys import StoreKey
from bubuh.documents.pictures import Pictures
from bubuh.documents.ports import Objects
from bubuh.edge.brownout import Brownout
from bubuh.edge.door import Door
from bubuh.edge.limits import Rates
from bubuh.identity.known_keys import KnownKeys
from bubuh.identity.model import Environment
from bubuh.identity.people.hashing import Hasher
from bubuh.identity.people.keys import PersonKey
from bubuh.orders.place import PlaceBatches
from bubuh.outbox.ports import Sent
from bubuh.payments.ports import Gateways
from bubuh.payments.take_notice import NoticeBatch
from bubuh.pdf.model import Trust
from bubuh.quota.standing import StandingBoard
from bubuh.sandbox.sandbox import Sandbox
from bubuh.settings import PICTURES_MIB, REFUND_LIMIT_IDR
from bubuh.stamping.accept import AcceptBatch
from bubuh.stamping.serial import SerialKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The parts of one web process."""

    db: Database
    sandbox: Sandbox
    objects: Objects
    store_key: StoreKey
    gateways: Gateways  #: the first that offers a method is asked first
    accept_batch: AcceptBatch
    ringer: Ringer
    doorbell: Doorbell  #: listens to `stamping.bells.ENDED` and `SETTLED`
    serial_key: SerialKey
    trust: Callable[[], Trust]  #: whom the checker believes, as of now
    signer_health: Callable[[], Awaitable[bool]]
    environment: Environment
    public_url: str  #: without a slash at its end
    person_key: PersonKey
    hasher: Hasher
    form_key: bytes = field(repr=False)  #: what the forms of the site are marked with
    letters: Callable[[], Sequence[Sent]]  #: what the development sender kept, the newest first
    standing: StandingBoard  #: for how long the books have agreed
    refund_limit_idr: int = REFUND_LIMIT_IDR  #: above it a second person agrees
    place_batches: PlaceBatches | None = None  #: None: each order is a commit of its own
    notice_batch: NoticeBatch | None = None  #: None: each notice is a commit of its own
    payer_page: str | None = None  #: where the number of a virtual account is typed, in development
    door: Door | None = None  #: None: there is no waiting room
    status_url: str | None = None  #: where people find the status page; None: nobody is told
    pictures: Pictures = field(default_factory=lambda: Pictures(PICTURES_MIB << 20))
    brownout: Brownout = field(default_factory=Brownout)  #: with the bulkheads it looks at
    hosts: Mapping[str, str] = field(default_factory=dict)  #: host name to the deadline whose page it shows
    deadlines: DeadlineBoard = field(default_factory=DeadlineBoard)
    rates: Rates = field(default_factory=Rates)
    keys: KnownKeys = field(default_factory=KnownKeys)
