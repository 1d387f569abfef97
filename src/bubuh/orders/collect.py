"""The worker's two rounds over payments. They run beside each other: a slow gateway delays no notice."""

from __future__ import annotations

from bubuh.db.pool import Database
from bubuh.orders.settle import settling
from bubuh.payments.ask import MOST_ASKS, Asked, ask_due
from bubuh.payments.ports import Gateways
from bubuh.payments.process_notices import MOST_NOTICES, process_notices


async def run_notices_pass(db: Database, gateways: Gateways, *, at_most: int = MOST_NOTICES) -> int:
    """Process notices that wait; how many. As many as `at_most`: there may be more at once."""
    return await process_notices(db, gateways, settling(db), at_most=at_most)


async def run_asking_pass(db: Database, gateways: Gateways, *, at_most: int = MOST_ASKS) -> Asked:
    """Ask about attempts whose hour has come. As many asked as `at_most`: there may be more at once."""
    return await ask_due(db, gateways, settling(db), at_most=at_most)
