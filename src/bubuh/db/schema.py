"""The schema as one file: what all migrations together make. `python -m bubuh.db.schema` writes it."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import asyncpg

from bubuh.db.binaries import Binaries, find_binaries
from bubuh.db.local import LocalPostgres
from bubuh.db.migrate import migrate
from bubuh.db.roles import OWNER
from bubuh.db.split import split

SCHEMA_FILE: Final = Path(__file__).with_name("schema.sql")
_HEAD: Final = (
    "-- Made by `python -m bubuh.db.schema` from the migrations, which alone are applied. Do not edit.\n\n"
)
_META: Final = re.compile(r"^\\(un)?restrict .*\n", re.MULTILINE)
_SESSION: Final = re.compile(r"SET |SELECT pg_catalog\.set_config")


def describe(dsn: str, binaries: Binaries) -> str:
    """The schema behind `dsn` in the words of pg_dump, without its comments and session settings."""
    dump = subprocess.run(  # noqa: S603 - our own programs, no shell
        [binaries.program("pg_dump"), "--schema-only", f"--dbname={dsn}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    statements = [text for text in split(_META.sub("", dump.stdout)) if not _SESSION.match(text)]
    return _HEAD + "".join(f"{statement};\n\n" for statement in statements).rstrip("\n") + "\n"


def make() -> str:
    """The schema of a database of our own, migrated from nothing."""
    folder = Path(tempfile.mkdtemp(prefix="bubuh-schema-"))
    folder.chmod(0o755)
    server = LocalPostgres(folder)
    try:
        server.start()
        asyncio.run(_migrate(server.dsn(OWNER)))
        return describe(server.dsn(OWNER), find_binaries())
    finally:
        server.stop()
        shutil.rmtree(folder)


async def _migrate(dsn: str) -> None:
    conn = await asyncpg.connect(dsn)
    try:
        await migrate(conn)
    finally:
        await conn.close()


if __name__ == "__main__":
    SCHEMA_FILE.write_text(make(), encoding="utf-8")
