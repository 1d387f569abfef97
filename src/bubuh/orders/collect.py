"""The worker's two rounds over payments. They run beside each other: a slow gateway delays no notice."""

from __future__ import annotations

from typing import Final

from bubuh.db.pool import Database
from bubuh.orders.books import OrderBooks
from bubuh.payments.ask import MOST_ASKS, Asked, ask_due
from bubuh.payments.ports import Gateways
from bubuh.payments.process_notices import MOST_NOTICES, process_notices

MOST_PASSES: Final = 20  #: in one round, while there is more


async def run_notices_pass(db: Database, gateways: Gateways, *, at_most: int = MOST_NOTICES) -> int:
    """Process notices that wait; how many. As many as `at_most`: there may be more at once."""
    return await process_notices(db, gateways, OrderBooks(db), at_most=at_most)


async def run_asking_pass(db: Database, gateways: Gateways, *, at_most: int = MOST_ASKS) -> Asked:
    """Ask about attempts whose hour has come. As many asked as `at_most`: there may be more at once."""
    return await ask_due(db, gateways, OrderBooks(db), at_most=at_most)


async def run_notices(db: Database, gateways: Gateways) -> None:
    """Pass after pass while there is more, at most MOST_PASSES."""
    for _ in range(MOST_PASSES):
        if await run_notices_pass(db, gateways) < MOST_NOTICES:
            return


async def run_asking(db: Database, gateways: Gateways) -> None:
    """Pass after pass while there is more, at most MOST_PASSES."""
    for _ in range(MOST_PASSES):
        if (await run_asking_pass(db, gateways)).asked < MOST_ASKS:
            return
