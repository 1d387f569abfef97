from __future__ import annotations

import asyncpg
import pytest

from bubuh.db.home import SUPERUSER
from bubuh.db.local import LocalPostgres
from bubuh.db.roles import APP, OWNER, ROLES, RolesMissing, ensure_roles


async def test_on_somebody_elses_server_roles_are_made_without_a_login(server: LocalPostgres) -> None:
    admin = await asyncpg.connect(server.dsn(SUPERUSER))
    await admin.execute(f"REVOKE ALL ON DATABASE bubuh FROM {APP}")
    await admin.execute(f"DROP ROLE {APP}")
    await admin.execute(f"ALTER ROLE {OWNER} SET statement_timeout = '7s'")
    await ensure_roles(admin)
    rows = await admin.fetch(
        "SELECT rolname, rolcanlogin, rolconfig FROM pg_roles WHERE rolname = ANY($1)", ROLES
    )
    found = {row["rolname"]: row for row in rows}
    assert set(found) == set(ROLES)
    assert not found[APP]["rolcanlogin"]
    assert "statement_timeout=10s" in found[APP]["rolconfig"]
    assert "statement_timeout=7s" in found[OWNER]["rolconfig"], "an administrator's own setting is kept"
    await admin.close()


async def test_who_may_not_make_roles_is_told_what_to_ask_for(server: LocalPostgres) -> None:
    admin = await asyncpg.connect(server.dsn(SUPERUSER))
    await admin.execute(f"REVOKE ALL ON DATABASE bubuh FROM {APP}")
    await admin.execute(f"DROP ROLE {APP}")
    await admin.close()
    owner = await asyncpg.connect(server.dsn(OWNER))
    with pytest.raises(RolesMissing, match=f"CREATE ROLE {APP} NOLOGIN;"):
        await ensure_roles(owner)
    await owner.close()
