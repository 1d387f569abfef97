"""Every statement we run: prepared on the migrated schema, and in shape for many servers (ADR-0002)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from pglast import ast, parse_plpgsql, parse_sql

import bubuh
from bubuh.db.migrate import MIGRATIONS
from bubuh.db.pool import Conn
from bubuh.db.queries import Queries, load_queries
from bubuh.db.split import split
from bubuh.db.tables import HOT_TABLES, HOT_VIEWS
from tests.db.shape import Rules, Statement, calls_in, tables_in

ROOT = Path(bubuh.__file__).parent


@dataclass(frozen=True)
class Function:
    """A function of the migrations: its first parameter and the statements of its body."""

    name: str
    first: str | None
    statements: tuple[str, ...]


def functions() -> Iterator[Function]:
    for migration in MIGRATIONS:
        for text in split(migration.sql):
            node = parse_sql(text)[0].stmt
            if isinstance(node, ast.CreateFunctionStmt):
                yield read_function(node, text)


def read_function(node: Any, text: str) -> Function:
    options = {option.defname: option.arg for option in node.options}
    parameters = node.parameters or ()
    first = parameters[0] if parameters else None
    shard = first.name if first is not None and first.argType.names[-1].sval == "int2" else None
    body = options["as"][0].sval
    statements = plpgsql_statements(text) if options["language"].sval == "plpgsql" else split(body)
    return Function(node.funcname[-1].sval, shard, tuple(statements))


def plpgsql_statements(text: str) -> list[str]:
    """The SQL inside a plpgsql function: whole statements, and expressions as `SELECT …`."""
    found: list[str] = []

    def collect(node: Any) -> None:
        if isinstance(node, dict):
            if "PLpgSQL_expr" in node:
                found.append(as_statement(node["PLpgSQL_expr"]))
            for child in node.values():
                collect(child)
        elif isinstance(node, list):
            for child in node:
                collect(child)

    collect(parse_plpgsql(text))
    return found


def as_statement(expression: dict[str, Any]) -> str:
    query: str = expression["query"]
    if expression["parseMode"] == 0:
        return query
    return "SELECT " + query.partition(":=")[2] if expression["parseMode"] > 2 else "SELECT " + query


FUNCTIONS = {function.name: function for function in functions()}


def hot_functions() -> set[str]:
    """Functions that touch a hot table, themselves or through another."""
    found = {
        name
        for name, function in FUNCTIONS.items()
        if any(tables_in(text) & (HOT_TABLES | HOT_VIEWS) for text in function.statements)
    }
    while more := {
        name
        for name, function in FUNCTIONS.items()
        if name not in found and any(calls_in(text) & found for text in function.statements)
    }:
        found |= more
    return found


HOT_FUNCTIONS = hot_functions()


def named_statements(file_name: str = "queries.sql") -> dict[str, Any]:
    """Every statement of every slice's file, by slice and name."""
    found: dict[str, Any] = {}
    for path in sorted(ROOT.rglob(file_name)):
        package = ".".join(path.parent.relative_to(ROOT.parent).parts)
        queries: Queries = load_queries(package, file_name=file_name)
        for name in queries.available_queries:
            if not name.endswith("_cursor"):
                found[f"{package}.{name}"] = getattr(queries, name)
    return found


STATEMENTS = named_statements()
OTHER_FILES = {
    name: statement
    for path in sorted(ROOT.rglob("*.sql"))
    if path.parent not in {ROOT / "db", ROOT / "db" / "migrations"} and path.name != "queries.sql"
    for name, statement in named_statements(path.name).items()
}


async def rules(conn: Conn) -> Rules:
    keys = await conn.fetch(
        "SELECT i.indrelid::regclass::text AS name, array_agg(a.attname::text) AS columns FROM pg_index AS i "
        "JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey) "
        "WHERE i.indisprimary GROUP BY 1"
    )
    volatile = await conn.fetch("SELECT DISTINCT proname::text AS name FROM pg_proc WHERE provolatile = 'v'")
    return Rules(
        hot=HOT_TABLES | HOT_VIEWS,
        keys={row["name"]: row["columns"] for row in keys},
        volatile={row["name"] for row in volatile},
        hot_functions=HOT_FUNCTIONS,
    )


async def test_every_function_keeps_to_one_shard(owner_conn: Conn) -> None:
    known = await rules(owner_conn)
    found = [
        f"{function.name}: {breach}"
        for function in FUNCTIONS.values()
        for text in function.statements
        for breach in Statement(text, shard_name=function.first, rules=known).breaches()
    ]
    found += [f"{name}: no smallint shard first" for name in HOT_FUNCTIONS if FUNCTIONS[name].first is None]
    assert found == []
    assert HOT_FUNCTIONS


async def test_every_named_statement_keeps_to_one_shard(owner_conn: Conn) -> None:
    known = await rules(owner_conn)
    found = []
    for name, statement in STATEMENTS.items():
        numbers = {parameter: number for number, parameter in enumerate(statement.parameters, 1)}
        checked = Statement(statement.sql, shard_number=numbers.get("shard"), rules=known)
        found += [f"{name}: {breach}" for breach in checked.breaches()]
    assert found == []
    assert STATEMENTS


async def test_every_named_statement_prepares(owner_conn: Conn) -> None:
    found = []
    for name, statement in (STATEMENTS | OTHER_FILES).items():
        try:
            prepared = await owner_conn.prepare(statement.sql)
        except asyncpg.PostgresError as error:
            found.append(f"{name}: {error}")
        else:
            if len(prepared.get_parameters()) != len(statement.parameters):
                found.append(f"{name}: PostgreSQL counts other parameters")
    assert found == []


FAULTS = [
    ("SELECT free FROM quota_balances WHERE account_id = $2", "not bound to the shard"),
    ("SELECT free FROM quota_balances WHERE shard = $2", "not bound to the shard"),
    ("SELECT free FROM quota_balances WHERE shard = 7", "not bound to the shard"),
    ("SELECT free FROM quota_balances WHERE shard = $1 OR account_id = $2", "not bound to the shard"),
    ("SELECT free FROM quota_balances WHERE shard = ANY($1)", "not bound to the shard"),
    (
        "SELECT 1 FROM stamps AS s JOIN seals AS l ON l.serial = s.serial WHERE s.shard = $1",
        "seals as l is not",
    ),
    ("SELECT 1 FROM stamps AS s WHERE s.shard = $1 AND s.id IN (SELECT s.id FROM stamps AS s)", "not bound"),
    ("SELECT id FROM stamps FOR UPDATE SKIP LOCKED", "not bound to the shard"),
    ("UPDATE stamps SET reason = 'x' WHERE id = $2", "not bound to the shard"),
    ("DELETE FROM stamps WHERE id = $2", "not bound to the shard"),
    ("INSERT INTO stamp_events (account_id, stamp_id, state) VALUES ($2, $3, 'x')", "does not name shard"),
    ("INSERT INTO audit_heads (no, shard) VALUES ($1, $2)", "shard from elsewhere"),
    (
        "INSERT INTO audit_heads (shard) SELECT x.n FROM stamps AS s, unnest($2) AS x (n) WHERE s.shard = $1",
        "shard from elsewhere",
    ),
    ("INSERT INTO audit_heads (shard, no) SELECT $1, n FROM unnest($2::int[]) AS n", "from no hot table"),
    ("INSERT INTO audit_heads (shard, hash) VALUES ($1, gen_random_uuid())", "gen_random_uuid is volatile"),
    ("UPDATE stamps SET ended_at = clock_timestamp() WHERE shard = $1", "clock_timestamp is volatile"),
    ("WITH x AS (INSERT INTO audit_heads (shard) VALUES ($1) RETURNING no) SELECT no FROM x", "inside WITH"),
    (
        "UPDATE stamps AS s SET page = o.page FROM stamps AS o WHERE s.shard = $1 AND o.shard = s.shard",
        "read and written",
    ),
    ("UPDATE stamps SET id = $2 WHERE shard = $1", "stamps.id is a key"),
    (
        "INSERT INTO audit_heads (shard, no) VALUES ($1, 1) ON CONFLICT (shard) DO UPDATE SET shard = 3",
        "shard is a key",
    ),
    ("SELECT pg_advisory_xact_lock(1)", "no part of correctness"),
    ("NOTIFY stamps", "no part of correctness"),
    ("SELECT quota_hold_n($2, $1)", "without the shard first"),
]


@pytest.mark.parametrize(("text", "breach"), FAULTS)
async def test_a_statement_out_of_shape_is_found(text: str, breach: str, owner_conn: Conn) -> None:
    found = Statement(text, shard_number=1, rules=await rules(owner_conn)).breaches()
    assert any(breach in words for words in found), found


SOUND = """
SELECT free FROM quota_balances AS b WHERE b.shard = $1 AND b.account_id = $2;
SELECT 1 FROM stamps AS s LEFT JOIN seals AS l ON l.shard = s.shard AND l.serial = s.serial
 WHERE $1 = s.shard;
SELECT 1 FROM stamps AS s WHERE s.shard = $1::smallint AND EXISTS
    (SELECT FROM seals AS l WHERE l.shard = s.shard);
INSERT INTO stamp_events (shard, account_id, stamp_id, state)
SELECT b.shard, b.account_id, x.id, 'accepted'
  FROM quota_balances AS b JOIN unnest($2::uuid[]) AS x (id) ON true WHERE b.shard = $1
ON CONFLICT DO NOTHING;
UPDATE stamps AS s SET ended_at = now() FROM unnest($2::uuid[]) AS x (id)
 WHERE s.shard = $1 AND s.id = x.id;
SELECT id FROM accounts WHERE id = $1;
INSERT INTO users (id) VALUES (gen_random_uuid());
"""


@pytest.mark.parametrize("text", split(SOUND))
async def test_a_statement_in_shape_is_left_alone(text: str, owner_conn: Conn) -> None:
    assert Statement(text, shard_number=1, rules=await rules(owner_conn)).breaches() == []
