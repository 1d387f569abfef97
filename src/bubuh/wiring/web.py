"""The web process: what its handlers find in their bag."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from bubuh.db.doorbell import Ringer
from bubuh.db.self_clocked import SelfClocked
from bubuh.documents.pictures import Pictures
from bubuh.edge.brownout import Brownout
from bubuh.edge.services import Services
from bubuh.edge.wellbeing import Wellbeing
from bubuh.identity.model import Environment
from bubuh.identity.people.hashing import Hasher
from bubuh.orders.place import PlaceBatches
from bubuh.payments.take_notice import keeping
from bubuh.pdf.seal.sha256 import is_available
from bubuh.quota.standing import StandingBoard
from bubuh.sandbox import Sandbox
from bubuh.settings import RunFile, Settings
from bubuh.stamping.bells import ENDED, SETTLED
from bubuh.stamping.store import accept_n
from bubuh.wiring.folder import DataFolder
from bubuh.wiring.gateways import payer_page
from bubuh.wiring.parts import open_parts
from bubuh.wiring.room import open_door

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def web_services(settings: Settings, folder: DataFolder, sandbox: Sandbox) -> AsyncIterator[Services]:
    """The services of one web process; raises as `open_parts` does."""
    if not is_available():
        _log.error("midstate_unavailable", meaning="no libcrypto that goes on from a midstate")
    brownout = Brownout(folder.room)
    async with (
        open_parts(settings, folder, bells=(ENDED, SETTLED)) as parts,
        open_door(settings, folder, Wellbeing(brownout, parts.db, parts.gateways)) as door,
    ):
        run = RunFile.read(folder.path)
        is_test = parts.facts.environment is Environment.TEST
        yield Services(
            db=parts.db,
            sandbox=sandbox,
            objects=parts.objects,
            store_key=parts.store_key,
            gateways=parts.gateways,
            refund_limit_idr=settings.refund_limit,
            accept_batch=SelfClocked.over(
                parts.db, accept_n, name="accept", key=lambda wanted: wanted.stamp_id
            ),
            place_batches=PlaceBatches.self_clocked(parts.db),
            notice_batch=keeping(parts.db),
            ringer=Ringer(parts.db),
            doorbell=parts.doorbell,
            serial_key=parts.serial_key,
            trust=parts.trust,
            form_key=parts.form_key,
            person_key=parts.person_key,
            hasher=Hasher(),
            letters=parts.kept_letters,
            signer_health=parts.signer.is_well,
            environment=parts.facts.environment,
            public_url=parts.facts.public_url,
            standing=StandingBoard(parts.db),
            payer_page=payer_page(settings, run),
            door=door,
            status_url=settings.status_url or (run.status if is_test else None),
            pictures=Pictures(settings.pictures_mib << 20),
            brownout=brownout,
            hosts=settings.host_pages,
        )
