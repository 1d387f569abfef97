"""The development gateway from the drill's side: how badly it is to behave, and what its own book says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from bubuh.drill.exchange import Line
from bubuh.drill.service import DrillImpossible, Service
from bubuh.gateway_dev.lines import Line as BookLine, Opened, Paid, Told
from bubuh.gateway_dev.script import Script
from bubuh.gateway_dev.signing import call_headers
from bubuh.wiring.folder import DataFolder


@dataclass(slots=True)
class Taken:
    """What the gateway took for one reference."""

    amount_idr: int = 0
    payments: dict[str, int] = field(default_factory=dict)  #: payment_no to rupiah
    paid_at: datetime | None = None  #: when the last of it came
    is_told: bool = True  #: whether its notices were sent; False: the script lost one


async def follow(service: Service, script: Script) -> None:
    """Have the gateway of `service` behave as `script` says; raises `DrillImpossible` when it does not."""
    address = service.run.gateway
    assert address is not None, "a service under drill has the development gateway"
    body, line = msgspec.json.encode(script), Line()
    headers = call_headers(DataFolder(service.data).read_secret("gateway.secret"), "PUT", "/script", body)
    reply = await line.call("PUT", f"{address}/script", headers=headers, body=body)
    line.close()
    if not reply.is_success:
        raise DrillImpossible(f"the gateway takes no script: {reply.status} {reply.body[:200]!r}")


def read_till(data: Path) -> Mapping[str, Taken]:
    """What the gateway's own book says, by reference, read from its file: no word of ours is in it."""
    taken: dict[str, Taken] = {}
    events: dict[str, str] = {}
    with (DataFolder(data).gateway / "book.jsonl").open("rb") as lines:
        for line in lines:
            match msgspec.json.decode(line, type=BookLine):
                case Opened(reference=reference):
                    taken[reference] = Taken()
                case Paid(currency="IDR") as paid:
                    one = taken[paid.reference]
                    one.amount_idr += paid.amount
                    one.payments[paid.payment_no] = paid.amount
                    one.paid_at = paid.at
                    events[paid.event_id] = paid.reference
                case Told(lost=True, event_id=event_id) if event_id in events:
                    taken[events[event_id]].is_told = False
                case _:
                    pass
    return taken
