"""The worker's rounds over payments, side by side: a slow gateway delays no notice, and no other gateway."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bubuh.db.pool import Database
from bubuh.orders.books import OrderBooks
from bubuh.payments.ask import MOST_ASKS, Asked, ask_due
from bubuh.payments.ports import Gateways
from bubuh.payments.process_notices import MOST_NOTICES, process_notices

MOST_PASSES: Final = 20  #: in one round, while there is more
_ASKS_A_PLACE: Final = 4  #: questions in one pass, for each that may be on its way at once


async def run_notices_pass(db: Database, gateways: Gateways, *, at_most: int = MOST_NOTICES) -> int:
    """Process notices that wait; how many. As many as `at_most`: there may be more at once."""
    return await process_notices(db, gateways, OrderBooks(db), at_most=at_most)


async def run_asking_pass(
    db: Database, gateways: Gateways, *, at_most: int = MOST_ASKS, but: Sequence[str] = ()
) -> Asked:
    """Ask about attempts whose hour has come. As many asked as `at_most`: there may be more at once."""
    return await ask_due(db, gateways, OrderBooks(db), at_most=at_most, but=but)


async def run_notices(db: Database, gateways: Gateways) -> None:
    """Pass after pass while there is more, at most MOST_PASSES."""
    for _ in range(MOST_PASSES):
        if await run_notices_pass(db, gateways) < MOST_NOTICES:
            return


async def run_asking(db: Database, gateways: Gateways, *, name: str) -> None:
    """Ask one gateway, pass after pass while there is more, at most MOST_PASSES.

    A pass is short also where the gateway is slow: what it says is taken in at the end of one.
    """
    at_most = min(MOST_ASKS, _ASKS_A_PLACE * gateways[name].pace.at_once)
    others = [other for other in gateways if other != name]
    for _ in range(MOST_PASSES):
        if (await run_asking_pass(db, gateways, at_most=at_most, but=others)).asked < at_most:
            return
