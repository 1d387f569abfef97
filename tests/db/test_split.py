from __future__ import annotations

import pglast
import pytest
from hypothesis import given, strategies as st

from bubuh.db.migrate import MIGRATIONS, Migration
from bubuh.db.split import UnfinishedSql, split

PIECES = [
    "SELECT 1",
    "SELECT 'a;b', E'it\\'s; so', 'it''s;', U&'d\\0061t;a'",
    'SELECT 1 AS "semi;colon ""quoted"""',
    "SELECT $$ body; with 'quotes $$",
    "SELECT $a$ nested $$ ; $b$ ; $$ $a$",
    "SELECT a$b$c FROM t AS x (a$b$c)",
    "SELECT $1, $2 -- why; not",
    "SELECT 1 /* a; /* nested; */ still; */ + 2",
    "-- only; a comment\nSELECT 3",
    "SELECT - -3, 4 - 5, 6 / 2, 'x' || 'y'",
    "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END; $$",
    "CREATE FUNCTION g(a int) RETURNS int BEGIN ATOMIC SELECT CASE WHEN a > 1 THEN 2 END; SELECT 3; END",
    "CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC INSERT INTO t VALUES (1); DELETE FROM t; END",
    "CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM u; DELETE FROM v)",
    "BEGIN",
    "SELECT CASE WHEN true THEN 1 END",
    "COMMIT",
    "INSERT INTO t (größe) VALUES ('äö;ü')",
    "",
    "/* nothing; here */",
]


def meaning(statement: str) -> str:
    return str(pglast.fingerprint(statement))


def judged(sql: str) -> list[str]:
    return [meaning(statement) for statement in pglast.split(sql) if statement.strip()]


@given(st.lists(st.sampled_from(PIECES), max_size=8), st.sampled_from([";", ";\n", " ; ", ";;"]))
def test_statements_are_cut_where_postgresql_cuts_them(pieces: list[str], between: str) -> None:
    ended = [piece + "\n" for piece in pieces]  # a line comment would swallow the semicolon
    sql = between.join(ended)
    assert [meaning(statement) for statement in split(sql)] == judged(sql)


@pytest.mark.parametrize("migration", MIGRATIONS, ids=lambda migration: migration.title)
def test_every_migration_is_cut_where_postgresql_cuts_it(migration: Migration) -> None:
    statements = split(migration.sql)
    assert [meaning(statement) for statement in statements] == judged(migration.sql)
    assert len(statements) > 1


@pytest.mark.parametrize(
    "sql", ["SELECT 'open", 'SELECT "open', "SELECT $$ open", "SELECT $a$ x $b$", "/* /* */"]
)
def test_what_does_not_end_is_refused(sql: str) -> None:
    with pytest.raises(UnfinishedSql):
        split(sql)
