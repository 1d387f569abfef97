"""`/health`: for machines that ask whether to send us work."""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec
from litestar import get

from bubuh.api.reply import Parts, Reply, reply
from bubuh.core.errors import DatabaseUnavailable
from bubuh.edge.calls import Answer, Body, Call, told
from bubuh.edge.guards import Public
from bubuh.edge.services import Services
from bubuh.stamping.refusals import SignerUnavailable

PATIENCE_S: Final = 3.0


class HealthView(msgspec.Struct, frozen=True, kw_only=True):
    """That all is well; anything else is a problem."""

    status: str = "ok"


_OK: Final = Body(shape=HealthView, example={"status": "ok"})


@get(
    "/health/live",
    guards=[Public("health")],
    opt=told(
        Call(
            summary="Is the process alive?",
            summary_id="Apakah proses hidup?",
            tag="health",
            answers={200: Answer(says="It is.", body=_OK)},
        )
    ),
)
async def get_live() -> Reply:
    """Whether this process answers. Says nothing about what it needs."""
    return reply(HealthView())


@get(
    "/health/ready",
    guards=[Public("health")],
    opt=told(
        Call(
            summary="Can it take work?",
            summary_id="Siap melayani?",
            tag="health",
            answers={200: Answer(says="Database and signer answer.", body=_OK)},
        )
    ),
)
async def get_ready(services: Parts) -> Reply:
    """Whether the database and the signer answer; 503 when one does not."""
    await asyncio.gather(_ask_database(services), _ask_signer(services))
    return reply(HealthView())


HANDLERS = [get_live, get_ready]


async def _ask_database(services: Services) -> None:
    try:
        async with asyncio.timeout(PATIENCE_S):
            await services.db.fetchval("SELECT 1")
    except TimeoutError as error:
        raise DatabaseUnavailable(f"no answer within {PATIENCE_S} s") from error


async def _ask_signer(services: Services) -> None:
    try:
        async with asyncio.timeout(PATIENCE_S):
            is_well = await services.signer_health()
    except TimeoutError as error:
        raise SignerUnavailable(f"no answer within {PATIENCE_S} s") from error
    if not is_well:
        raise SignerUnavailable("not well")
