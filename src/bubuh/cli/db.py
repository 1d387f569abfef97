"""`bubuh db`: the database's own commands."""

from __future__ import annotations

import asyncio

import typer

from bubuh.cli.output import Json, answer
from bubuh.db.migrate import migrate
from bubuh.db.pool import connect
from bubuh.db.roles import OWNER
from bubuh.settings import RunFile, Settings, data_folder

db = typer.Typer(no_args_is_help=True)


@db.callback()
def db_group() -> None:
    """The database."""


@db.command("migrate")
def migrate_command(as_json: Json = False) -> None:
    """Apply the migrations that are not applied yet. A given database: BUBUH_OWNER_DATABASE_URL."""
    settings = Settings.from_env()
    address = (
        settings.owner_database_url
        or settings.database_url
        or RunFile.read(data_folder(settings)).databases[OWNER]
    )
    applied = asyncio.run(apply_migrations(address))
    words = "\n".join(applied) or "nothing to apply"
    answer({"applied": applied}, as_json=as_json, words=words)


async def apply_migrations(address: str) -> list[str]:
    """Migrate the database at `address`; answers the migrations it applied."""
    conn = await connect(address, role_checks=False)
    try:
        return list(await migrate(conn))
    finally:
        await conn.close()
