"""One worker process: its desk and its rounds, until it is told to stop or loses its sandbox."""

from __future__ import annotations

import asyncio
from functools import partial

from bubuh.documents.expire import expire
from bubuh.documents.parts import drop_expired
from bubuh.identity.organisations.store import sweep as sweep_invitations
from bubuh.identity.people.store import sweep as sweep_people
from bubuh.orders.collect import run_asking, run_notices
from bubuh.orders.expire import Expirer
from bubuh.quota.chain.link import link_shard
from bubuh.quota.watch import EVERY_S, watch_all
from bubuh.refunds.carry import carry_due
from bubuh.refunds.list_overdue import list_overdue
from bubuh.reminders.store import sweep as sweep_reminders
from bubuh.sandbox import Sandbox
from bubuh.settings import RunFile, Settings
from bubuh.stamping.sweep import Sweeper
from bubuh.stamping.sweep_objects import OrphanSweeper
from bubuh.waitingroom.room_file import RoomFile, Watched
from bubuh.webhooks.sweep import sweep as sweep_webhooks
from bubuh.wiring.folder import DataFolder
from bubuh.wiring.levels import open_witness
from bubuh.wiring.parts import Parts
from bubuh.wiring.workshop import open_workshop
from bubuh.worker.desk import Desk
from bubuh.worker.levels import settle_levels
from bubuh.worker.rounds import Round, make_rounds, over_shards
from bubuh.worker.routes import all_routes, tell_due
from bubuh.worker.turns import EVERY_S as EVERY_TURNS_S, TurnRound
from bubuh.worker.webhooks import Courier


async def work(
    settings: Settings, folder: DataFolder, sandbox: Sandbox, *, name: str, stop: asyncio.Event
) -> None:
    """Work until `stop` is set. Raises what nobody foresaw, with all other jobs given back."""
    async with (
        open_workshop(settings, folder, sandbox, name=name) as (shop, parts),
        open_witness(settings, folder, shop) as witness,
    ):
        desk = Desk(shop, parts.doorbell, name=name)
        async with asyncio.TaskGroup() as group:
            lost = group.create_task(_stop_when_lost(sandbox, stop), name="sandbox")
            group.create_task(desk.work(stop), name="desk")
            group.create_task(settle_levels(witness, parts.doorbell, stop), name="levels")
            group.create_task(_courier(parts).work(stop), name="webhooks")
            rounds = _rounds(parts, settings) + _turn_rounds(parts, settings, folder)
            group.create_task(make_rounds(rounds, stop), name="rounds")
            await stop.wait()
            lost.cancel()


def _rounds(parts: Parts, settings: Settings) -> list[Round]:
    db = parts.db
    uploads = partial(drop_expired, db=db, objects=parts.objects, store_key=parts.store_key)
    routes = all_routes(sender=parts.sender, person_key=parts.person_key)
    return [
        Round(name="people", every_s=60.0, make=partial(sweep_people, db)),
        Round(name="invitations", every_s=3600.0, make=partial(sweep_invitations, db)),
        Round(name="notices", every_s=0.2, make=partial(run_notices, db, parts.gateways)),
        *(
            Round(name=f"asking {name}", every_s=1.0, make=partial(run_asking, db, parts.gateways, name=name))
            for name in parts.gateways
        ),
        Round(name="expiry", every_s=10.0, make=Expirer(db).expire),
        Round(name="refunds", every_s=2.0, make=partial(carry_due, db, parts.gateways)),
        Round(name="overdue refunds", every_s=60.0, make=over_shards(partial(list_overdue, db))),
        Round(name="chain", every_s=30.0, make=over_shards(partial(link_shard, db))),
        Round(name="outbox", every_s=1.0, make=partial(tell_due, db, routes=routes)),
        Round(
            name="watch",
            every_s=EVERY_S,
            make=partial(watch_all, db, accept_wait_s=float(settings.accept_wait)),
        ),
        Round(
            name="sweep",
            every_s=10.0,
            make=Sweeper(db, wait_s=float(settings.accept_wait)).sweep,
        ),
        Round(
            name="expired",
            every_s=600.0,
            make=over_shards(partial(expire, db=db, objects=parts.objects)),
        ),
        Round(name="webhooks", every_s=3600.0, make=over_shards(partial(sweep_webhooks, db))),
        Round(name="uploads", every_s=600.0, make=over_shards(uploads)),
        Round(name="orphans", every_s=60.0, make=OrphanSweeper(db, parts.objects, parts.store_key).sweep),
    ]


def _turn_rounds(parts: Parts, settings: Settings, folder: DataFolder) -> list[Round]:
    """Those of who asked to be told of their turn; the telling where there is a gate whose room lies here."""
    sweep = Round(name="reminders", every_s=600.0, make=over_shards(partial(sweep_reminders, parts.db)))
    gate_url = settings.gate_url or RunFile.read(folder.path).gate
    if gate_url is None:
        return [sweep]
    turns = TurnRound(parts.db, Watched(folder.room, RoomFile()), gate_url=gate_url, key=parts.person_key)
    return [sweep, Round(name="turns", every_s=EVERY_TURNS_S, make=turns.make)]


def _courier(parts: Parts) -> Courier:
    return Courier(
        db=parts.db, calls=parts.webhook_calls, key=parts.person_key, source=parts.facts.public_url
    )


async def _stop_when_lost(sandbox: Sandbox, stop: asyncio.Event) -> None:
    """A worker without its sandbox ends, and its supervisor starts another."""
    await sandbox.gone()
    stop.set()
