"""The whole application over real parts; only HTTP is in memory."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from litestar import Litestar

from bubuh.adapters.development_gateway import DevelopmentGateway
from bubuh.adapters.development_sender import DevelopmentSender
from bubuh.asgi import create_app
from bubuh.core.clock import utc_now
from bubuh.core.privileges import Uids
from bubuh.db.doorbell import Doorbell, Ringer
from bubuh.db.pool import Database
from bubuh.db.self_clocked import SelfClocked
from bubuh.edge.services import Services
from bubuh.identity.model import Environment
from bubuh.identity.people.hashing import Hasher
from bubuh.identity.people.keys import PersonKey
from bubuh.pdf.model import Trust
from bubuh.quota.standing import StandingBoard
from bubuh.sandbox import Sandbox
from bubuh.stamping.affix import Workshop
from bubuh.stamping.bells import ENDED
from bubuh.stamping.store import accept_n
from tests.api.site import PUBLIC_URL, Site
from tests.conftest import Dsns, Template
from tests.gateway_dev.rig import SECRET, RunningGateway, gateway_process  # noqa: F401 -- a fixture
from tests.stamping.conftest import signing, workshop


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(
    template: Template,
    tmp_path_factory: pytest.TempPathFactory,
    gateway_process: RunningGateway,  # noqa: F811
    sandbox: Sandbox,
) -> AsyncIterator[Site]:
    """One for a module; tests share no account."""
    async with _opened(template, tmp_path_factory.mktemp("site"), gateway_process, sandbox) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site_alone(
    template: Template,
    tmp_path_factory: pytest.TempPathFactory,
    gateway_process: RunningGateway,  # noqa: F811
) -> AsyncIterator[Site]:
    """The same on the module's loop, with a sandbox of its own: a sandbox belongs to one loop."""
    with Sandbox.start(Uids.here().sandbox) as sandbox:
        async with _opened(template, tmp_path_factory.mktemp("site"), gateway_process, sandbox) as opened:
            yield opened


@asynccontextmanager
async def _opened(
    template: Template, folder: Path, process: RunningGateway, sandbox: Sandbox
) -> AsyncIterator[Site]:
    sender = DevelopmentSender(folder)
    gateway = DevelopmentGateway(lambda: process.address, [SECRET])
    async with AsyncExitStack() as stack:
        dsns = await stack.enter_async_context(template.copy())
        shop, trust = await stack.enter_async_context(_shop(dsns, sandbox, folder))
        doorbell = await stack.enter_async_context(Doorbell(dsns.app, (ENDED,)).listening())
        services = Services(
            db=shop.db,
            sandbox=sandbox,
            objects=shop.objects,
            store_key=shop.store_key,
            gateways={gateway.name: gateway},
            accept_batch=SelfClocked.over(
                shop.db, accept_n, name="accept", key=lambda wanted: wanted.stamp_id
            ),
            ringer=Ringer(shop.db),
            doorbell=doorbell,
            serial_key=shop.serial_key,
            trust=lambda: Trust(roots=trust.roots, now=utc_now()),
            signer_health=shop.signer.is_well,
            environment=Environment.TEST,
            public_url=PUBLIC_URL,
            form_key=secrets.token_bytes(32),
            person_key=PersonKey(secrets.token_bytes(32)),
            hasher=Hasher(),
            letters=sender.letters,
            standing=StandingBoard(shop.db),
        )
        app = create_app(services)
        anyone = await stack.enter_async_context(_client(app))
        yield Site(
            app=app,
            services=services,
            shop=shop,
            dsns=dsns,
            gateway=process,
            anyone=anyone,
            sender=sender,
        )
    await gateway.close()


def _client(app: Litestar) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 50_000))  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL, timeout=60)


@asynccontextmanager
async def _shop(dsns: Dsns, sandbox: Sandbox, folder: Path) -> AsyncIterator[tuple[Workshop, Trust]]:
    """A worker's workshop, with the signer's own server beside it."""
    async with (
        await Database.open(dsns.app, size=8) as db,
        await Database.open(dsns.signer, size=2) as signer_db,
        signing(signer_db, folder / "signer") as (signer, chain, trust),
    ):
        yield workshop(db, sandbox, signer, chain, folder), trust
