from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from aiosql.utils import SQLParseException

from bubuh.db.pool import Conn
from bubuh.db.queries import Queries, columns, load_queries


@pytest.fixture
def sql(monkeypatch: pytest.MonkeyPatch) -> Queries:
    """The statements beside this file, found as a package's resource would be."""
    return load(monkeypatch, Path(__file__).parent, "statements.sql")


def load(monkeypatch: pytest.MonkeyPatch, folder: Path, file_name: str) -> Queries:
    monkeypatch.setattr("bubuh.db.queries.resources.files", lambda _package: folder)
    return load_queries("tests.db", file_name=file_name)


async def test_parameters_are_numbered_as_declared(sql: Queries, conn: Conn) -> None:
    row = await conn.fetchrow(sql.order_of_declaration.sql, 7, "seven")
    assert row is not None
    assert (row["first"], row["second"]) == (7, "seven")
    assert row["literal"] == ":first"


async def test_named_parameters_may_come_in_any_order(sql: Queries, conn: Conn) -> None:
    row = await sql.order_of_declaration(conn, second="seven", first=7)
    assert (row["first"], row["second"], row["document"]) == (7, "seven", {"a": 1})


async def test_each_mark_answers_in_its_own_shape(sql: Queries, owner_conn: Conn) -> None:
    await owner_conn.execute("CREATE TEMP TABLE remembered (value int)")
    assert await sql.answer(owner_conn) == 42
    assert [row["n"] async for row in sql.numbers(owner_conn, upto=3)] == [1, 2, 3]
    assert await sql.remember(owner_conn, value=1) == "INSERT 0 1"
    assert await sql.remember_and_show(owner_conn, value=2) == 2


async def test_a_parameter_nobody_declared_is_refused(sql: Queries, conn: Conn) -> None:
    with pytest.raises(TypeError, match="no parameters \\['third'\\]"):
        await sql.order_of_declaration(conn, first=1, second="x", third=3)


def test_a_statement_that_is_not_there_is_named(sql: Queries) -> None:
    with pytest.raises(AttributeError, match="no statement is named forgotten"):
        _ = sql.forgotten


@pytest.mark.parametrize("head", ["-- name: act(a, b)^", "-- name: act()^", "-- name: act^"])
def test_declared_and_used_parameters_must_agree(
    head: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "queries.sql").write_text(f"{head}\nSELECT :a::int;\n")
    with pytest.raises(SQLParseException):
        load(monkeypatch, tmp_path, "queries.sql")


def test_columns_turn_rows_into_arrays() -> None:
    @dataclass
    class Wanted:
        account_id: int
        stamps: int

    assert columns([Wanted(1, 10), Wanted(2, 20)], "stamps", "account_id") == [[10, 20], [1, 2]]
