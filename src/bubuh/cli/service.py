"""How a command reaches the running service: its database, its facts, and who is acting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, TypeVar

import typer

from bubuh.core.errors import Refusal
from bubuh.db.pool import Database
from bubuh.db.roles import APP
from bubuh.identity.authenticate import authenticate_operator
from bubuh.identity.model import LOCAL_OPERATOR, Environment
from bubuh.identity.people.keys import PersonKey
from bubuh.settings import RunFile, Settings, data_folder
from bubuh.wiring.facts import read_facts
from bubuh.wiring.folder import DataFolder

Answer = TypeVar("Answer")

As = Annotated[str | None, typer.Option("--as", metavar="KEY", help="The operator's API key.")]


class OperatorKeyNeeded(Refusal):
    """Outside development an operator's act needs `--as KEY`: it must be known who did it."""

    code = "operator_key_needed"


def database_address(settings: Settings) -> str:
    """How this command connects; raises `NotRunning` when nobody says."""
    return settings.database_url or RunFile.read(data_folder(settings)).databases[APP]


@asynccontextmanager
async def database(settings: Settings, *, size: int = 1) -> AsyncIterator[Database]:
    """The service's database, as its application; `size` connections."""
    async with await Database.open(database_address(settings), size=size) as db:
        yield db


def with_database(act: Callable[[Database], Awaitable[Answer]], *, size: int = 1) -> Answer:
    """Run `act` on the database that the environment names."""

    async def run() -> Answer:
        async with database(Settings.from_env(), size=size) as db:
            return await act(db)

    return asyncio.run(run())


async def acting_operator(db: Database, key: str | None) -> str:
    """Who acts, as ledgers and audit name them.

    Raises:
        OperatorKeyNeeded: no key, and this is not a development data folder.
        KeyRefused, NotAnOperator, ScopeMissing: the key is not an operator's.
    """
    environment = (await read_facts(db)).environment
    if key is not None:
        return (await authenticate_operator(db, key, environment)).actor
    if environment is not Environment.TEST:
        raise OperatorKeyNeeded
    return LOCAL_OPERATOR


def read_person_key() -> PersonKey:
    """What people's words and addresses are sealed under: an operator on the service's own machine has it."""
    return PersonKey(DataFolder(data_folder(Settings.from_env())).read_secret("person.key"))
