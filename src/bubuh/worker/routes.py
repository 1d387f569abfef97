"""Who hears which fact: the one table. A fact that nobody hears is told all the same."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final

import structlog

from bubuh.core.errors import Fault
from bubuh.core.shards import Shard
from bubuh.db.pool import Database
from bubuh.identity.people.keys import PersonKey
from bubuh.identity.people.letters import LETTER_WANTED
from bubuh.orders.expire import ALARM as EXPIRY_ALARM
from bubuh.outbox.model import Fact
from bubuh.outbox.ports import HeardLater, Sender
from bubuh.outbox.take import due_shards, take_untold
from bubuh.outbox.told import mark_told
from bubuh.payments.take_notice import FORGED
from bubuh.quota.breach import BREACHED
from bubuh.quota.freeze import FROZEN
from bubuh.quota.transfer import TRANSFERRED, deliver_transfer
from bubuh.stamping.alarm import SWEPT
from bubuh.webhooks.note import note_events
from bubuh.worker.letters import send_letter
from bubuh.worker.notices import BUYER_LETTER, LINES, gather, send_buyer_letter
from bubuh.worker.page import page

_log = structlog.get_logger(__name__)
_AT_MOST: Final = 100  #: facts of one shard a round

Hearer = Callable[[Database, Fact], Awaitable[None]]
Routes = Mapping[str, tuple[Hearer, ...]]

ROUTES: Final[Routes] = {
    TRANSFERRED: (deliver_transfer,),
    FROZEN: (page,),
    BREACHED: (page,),
    SWEPT: (page,),
    EXPIRY_ALARM: (page,),
    FORGED: (page,),
}


def all_routes(*, sender: Sender, person_key: PersonKey) -> Routes:
    """`ROUTES`, and what is heard by somebody outside."""
    return {
        **ROUTES,
        LETTER_WANTED: (partial(send_letter, sender=sender, key=person_key),),
        BUYER_LETTER: (partial(send_buyer_letter, sender=sender, key=person_key),),
        **dict.fromkeys(LINES, (partial(gather, key=person_key),)),
    }


async def tell_due(db: Database, *, routes: Routes) -> None:
    """Tell what is due, shard by shard."""
    for shard in await due_shards(db):
        await tell(db, shard, routes=routes)


async def tell(db: Database, shard: Shard, *, routes: Routes = ROUTES) -> int:
    """Tell the due facts of `shard` to whoever hears them; how many were told.

    What the programs of an account are told of is noted for them in the commit that takes it.

    A hearer that fails with a Fault hears its fact again later, and holds up no other.
    """
    async with db.transaction() as conn:
        facts = await take_untold(conn, shard, at_most=_AT_MOST)
        await note_events(conn, shard, facts)
    told = [fact for fact in facts if await _heard_by_all(db, fact, routes)]
    async with db.connection() as conn:
        return await mark_told(conn, shard, told)


async def _heard_by_all(db: Database, fact: Fact, routes: Routes) -> bool:
    for hearer in routes.get(fact.topic, ()):
        try:
            await hearer(db, fact)
        except HeardLater:
            return False
        except Fault as fault:
            _log.warning("fact_not_heard", topic=fact.topic, subject=str(fact.subject), code=fault.code)
            return False
    return True
