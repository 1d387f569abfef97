"""Named statements: a slice's `queries.sql`, read when the slice is imported."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from importlib import resources
from typing import Any, Final

import aiosql
from aiosql.queries import Queries as LoadedQueries
from aiosql.types import SQLOperationType
from aiosql.utils import VAR_REF

from bubuh.db.pool import Conn, Row

Given = Mapping[str, object]

_HEAD: Final = re.compile(r"^--\s*name\s*:\s*(?P<name>[\w-]+)\s*\((?P<names>[^)]*)\)", re.MULTILINE)


class Queries(LoadedQueries):
    """The statements of one file, by name.

    `SQL.act.sql` is the text, with $1, $2 … in the order in which the name line declares them: the way for
    many rows is `await conn.fetch(SQL.act.sql, shard, ids)`. `await SQL.act(conn, shard=…, id=…)` runs one
    whose name line ends in `^` (one row or None), `$` (one value), `!` (its tag) or `<!` (what it returns);
    without a mark it is an async generator over rows.
    """

    def __getattr__(self, name: str) -> Any:
        """Called for what the file does not hold."""
        raise AttributeError(f"no statement is named {name}: there are {', '.join(self.available_queries)}")


def load_queries(package: str, *, file_name: str = "queries.sql") -> Queries:
    """The statements in `file_name` of `package` (`__package__` of the slice).

    Read while importing, because a process that gave up its rights may not reach the file any more. A
    parameter that is used but not declared, or declared but not used, is an error here.
    """
    text = resources.files(package).joinpath(file_name).read_text(encoding="utf-8")
    adapter: Any = _Adapter
    loaded: Queries = aiosql.from_str(
        text,
        adapter,
        queries_cls=Queries,
        attribute=None,
        kwargs={"declared": _declared(text)},
    )
    return loaded


def columns(rows: Sequence[object], *names: str) -> list[list[object]]:
    """The attributes `names` of `rows`, one list a name: the arrays of a set-based statement."""
    return [[getattr(row, name) for row in rows] for name in names]


def _declared(text: str) -> dict[str, list[str]]:
    """The parameters of each statement, in the order of its name line."""
    return {
        found["name"].replace("-", "_"): [name.strip() for name in found["names"].split(",") if name.strip()]
        for found in _HEAD.finditer(text)
    }


class _Adapter:
    """Between aiosql and asyncpg. Numbers parameters by declaration, where aiosql's own goes by first use."""

    is_aio_driver = True

    def __init__(self, declared: Mapping[str, Sequence[str]]) -> None:
        self._declared = declared

    def process_sql(self, name: str, _mark: SQLOperationType, sql: str) -> str:
        """`sql` with $n for :name."""

        def number(found: re.Match[str]) -> str:
            if found["var_name"] is None:  # a string or a quoted name
                return found[0]
            return f"{found['lead']}${self._declared[name].index(found['var_name']) + 1}"

        return VAR_REF.sub(number, sql)

    async def select(
        self, conn: Conn, name: str, sql: str, given: Given, _record: None
    ) -> AsyncIterator[Row]:
        for row in await conn.fetch(sql, *self._in_order(name, given)):
            yield row

    async def select_one(self, conn: Conn, name: str, sql: str, given: Given, _record: None) -> Row | None:
        return await conn.fetchrow(sql, *self._in_order(name, given))

    async def select_value(self, conn: Conn, name: str, sql: str, given: Given) -> Any:
        return await conn.fetchval(sql, *self._in_order(name, given))

    async def insert_returning(self, conn: Conn, name: str, sql: str, given: Given) -> Any:
        row = await conn.fetchrow(sql, *self._in_order(name, given))
        return row[0] if row is not None and len(row) == 1 else row

    async def insert_update_delete(self, conn: Conn, name: str, sql: str, given: Given) -> str:
        return await conn.execute(sql, *self._in_order(name, given))

    def _in_order(self, name: str, given: Given) -> list[object]:
        if unknown := given.keys() - set(self._declared[name]):
            raise TypeError(f"{name} has no parameters {sorted(unknown)}")
        return [given[parameter] for parameter in self._declared[name]]
