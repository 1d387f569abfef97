"""Faults on demand, so that drills and tests meet the gateway's bad days. A restart forgets them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Chance = Annotated[float, msgspec.Meta(ge=0, le=1)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=3600)]


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How badly to behave; chances are per notice or per call. Nothing set: a good gateway."""

    seed: int = 0  #: the same seed and the same order of events: the same faults
    lose: Chance = 0  #: a notice is never sent
    repeat: Chance = 0  #: a notice is sent `copies` times more
    copies: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    reorder: Chance = 0  #: a notice waits until the next one has gone, or 2 s
    delay_s: Seconds = 0  #: before each notice
    forge: Chance = 0  #: somebody without the key claims that a new charge was paid
    fail: Chance = 0  #: a call is answered 500
    garbage: Chance = 0  #: a call is answered by something that is no charge
    slow_s: Seconds = 0  #: before the answer to each call
    amount_off_idr: int = 0  #: payers pay so much more (less)
    refund: Literal["done", "pending", "failed"] = "done"  #: how a new refund stands at once
    outage_s: Seconds = 0  #: from now on: calls are answered 503 and notices wait; payers still pay
