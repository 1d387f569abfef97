"""Rules for one statement (ADR-0002), so that the same text runs on one PostgreSQL and on many."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pglast import ast, parse_sql
from pglast.enums import A_Expr_Kind, BoolExprType

FORBIDDEN_CALLS = {"nextval", "currval", "setval", "lastval", "pg_notify"}  # and every pg_advisory_…


@dataclass(frozen=True)
class Rules:
    """What the checks must know of the schema."""

    hot: Collection[str]
    keys: Mapping[str, Collection[str]]  #: hot table to the columns of its primary key
    volatile: Collection[str]  #: names of functions that may answer otherwise each time
    hot_functions: Collection[str] = ()  #: our functions that touch hot tables


@dataclass(frozen=True)
class Statement:
    """One statement and what names its shard: the number of a parameter, or a function's parameter."""

    text: str
    shard_number: int | None = None
    shard_name: str | None = None
    rules: Rules = field(default_factory=lambda: Rules((), {}, ()))

    def breaches(self) -> list[str]:
        """Every rule that it breaks, in words."""
        found: list[str] = []
        for raw in parse_sql(self.text):
            found += self._unpinned(raw.stmt, frozenset())
            for check in (self._inserts, self._read_and_written, self._keys, self._calls, self._in_with):
                found += check(raw.stmt)
        return found

    def _unpinned(self, node: Any, outer: frozenset[str]) -> Iterator[str]:
        """Mentions of a hot table that no equality binds to the shard."""
        if isinstance(node, ast.SelectStmt | ast.UpdateStmt | ast.DeleteStmt):
            tables = dict(_tables_of(node))
            hot = {alias for alias, table in tables.items() if table in self.rules.hot}
            outer -= tables.keys()  # an alias inside hides the same one outside
            pinned = self._pinned(_conditions_of(node), hot, outer)
            for alias in sorted(hot - pinned):
                yield f"{tables[alias]} as {alias} is not bound to the shard"
            outer = outer | pinned
        for child in _children(node):
            yield from self._unpinned(child, outer)

    def _pinned(self, conditions: list[Any], hot: set[str], outer: frozenset[str]) -> frozenset[str]:
        """The aliases whose shard is the parameter, directly or through another's."""
        pinned = set(outer)
        equalities = [pair for condition in conditions if (pair := _equality(condition))]
        for _ in range(len(equalities) + 1):
            for left, right in (*equalities, *((b, a) for a, b in equalities)):
                alias = _shard_column(left, hot)
                other = _shard_column(right, hot | outer)
                if alias and (self._is_shard(right) or other in pinned):
                    pinned.add(alias)
        return frozenset(pinned)

    def _is_shard(self, node: Any) -> bool:
        if isinstance(node, ast.TypeCast):
            return self._is_shard(node.arg)
        if isinstance(node, ast.ParamRef):
            return node.number == self.shard_number
        return self.shard_name is not None and _names(node) == (self.shard_name,)

    def _inserts(self, statement: Any) -> Iterator[str]:
        """An insert names the shard, and takes rows from a hot table or from plain values."""
        for node in _of(statement, ast.InsertStmt):
            table = node.relation.relname
            if table not in self.rules.hot:
                continue
            columns = [column.name for column in node.cols or ()]
            if "shard" not in columns:
                yield f"insert into {table} does not name shard"
                continue
            place = columns.index("shard")
            source = node.selectStmt
            for values in source.valuesLists or ():
                if not self._is_shard(values[place]):
                    yield f"insert into {table} takes its shard from elsewhere"
            if source.targetList:
                yield from self._insert_select(table, source, source.targetList[place].val)

    def _insert_select(self, table: str, source: Any, shard: Any) -> Iterator[str]:
        hot = {alias for alias, name in _tables_of(source) if name in self.rules.hot}
        if not self._is_shard(shard) and not _shard_column(shard, hot):
            yield f"insert into {table} takes its shard from elsewhere"
        if source.fromClause and not hot:
            yield f"insert into {table} selects from no hot table"

    def _read_and_written(self, statement: Any) -> Iterator[str]:
        written = {node.relation.relname for node in _writes(statement)}
        targets = {id(node.relation) for node in _writes(statement)}
        read = {node.relname for node in _of(statement, ast.RangeVar) if id(node) not in targets}
        for table in sorted(written & read & set(self.rules.hot)):
            yield f"{table} is read and written"

    def _keys(self, statement: Any) -> Iterator[str]:
        for node in _writes(statement):
            keys = {"shard", "account_id", *self.rules.keys.get(node.relation.relname, ())}
            clause = getattr(node, "onConflictClause", None)
            assigned = clause.targetList if clause is not None else getattr(node, "targetList", None)
            for target in assigned or ():
                if node.relation.relname in self.rules.hot and target.name in keys:
                    yield f"{node.relation.relname}.{target.name} is a key and is changed"

    def _calls(self, statement: Any) -> Iterator[str]:
        writes_hot = any(node.relation.relname in self.rules.hot for node in _writes(statement))
        for call in _of(statement, ast.FuncCall):
            name = call.funcname[-1].sval
            if name in FORBIDDEN_CALLS or name.startswith("pg_advisory"):
                yield f"{name} is no part of correctness"
            elif name in self.rules.volatile and writes_hot:
                yield f"{name} is volatile, in a write"
            if name in self.rules.hot_functions and not (call.args and self._is_shard(call.args[0])):
                yield f"{name} is called without the shard first"
        if any(_of(statement, ast.NotifyStmt)):
            yield "NOTIFY is no part of correctness"

    def _in_with(self, statement: Any) -> Iterator[str]:
        for cte in _of(statement, ast.CommonTableExpr):
            for node in _of(cte.ctequery, ast.InsertStmt):
                yield f"insert into {node.relation.relname} inside WITH"


def tables_in(text: str) -> set[str]:
    """Every table that the statements of `text` mention."""
    return {node.relname for raw in parse_sql(text) for node in _of(raw.stmt, ast.RangeVar)}


def calls_in(text: str) -> set[str]:
    """Every function that the statements of `text` call."""
    return {node.funcname[-1].sval for raw in parse_sql(text) for node in _of(raw.stmt, ast.FuncCall)}


def _children(node: Any) -> Iterator[Any]:
    if isinstance(node, ast.Node):
        for name in type(node).__slots__:  # type: ignore[attr-defined]
            yield getattr(node, name)
    elif isinstance(node, tuple):
        yield from node


def _of(node: Any, kind: type) -> Iterator[Any]:
    if isinstance(node, kind):
        yield node
    for child in _children(node):
        yield from _of(child, kind)


def _writes(statement: Any) -> Iterator[Any]:
    for kind in (ast.InsertStmt, ast.UpdateStmt, ast.DeleteStmt, ast.MergeStmt):
        yield from _of(statement, kind)


def _tables_of(node: Any) -> Iterator[tuple[str, str]]:
    """Alias and name of each table in the FROM of `node`, itself, not of queries inside it."""
    sources = _sources_of(node)
    if not isinstance(node, ast.SelectStmt):
        sources.append(node.relation)
    while sources:
        source = sources.pop()
        if isinstance(source, ast.JoinExpr):
            sources += [source.larg, source.rarg]
        elif isinstance(source, ast.RangeVar):
            alias: Any = source.alias
            yield str(alias.aliasname if alias else source.relname), str(source.relname)


def _conditions_of(node: Any) -> list[Any]:
    """What must be true at once: the parts of WHERE and of each ON."""
    conditions: list[Any] = [node.whereClause]
    sources = _sources_of(node)
    while sources:
        source = sources.pop()
        if isinstance(source, ast.JoinExpr):
            conditions.append(source.quals)
            sources += [source.larg, source.rarg]
    parts: list[Any] = []
    while conditions:
        condition = conditions.pop()
        if isinstance(condition, ast.BoolExpr) and condition.boolop == BoolExprType.AND_EXPR:
            conditions += condition.args or ()
        elif condition is not None:
            parts.append(condition)
    return parts


def _sources_of(node: Any) -> list[Any]:
    return [*(getattr(node, "fromClause", None) or ()), *(getattr(node, "usingClause", None) or ())]


def _equality(node: Any) -> tuple[Any, Any] | None:
    if not isinstance(node, ast.A_Expr) or node.kind != A_Expr_Kind.AEXPR_OP:
        return None
    operator: Any = node.name
    return (node.lexpr, node.rexpr) if operator[-1].sval == "=" else None


def _names(node: Any) -> tuple[str, ...]:
    if not isinstance(node, ast.ColumnRef):
        return ()
    fields: Any = node.fields
    return tuple(str(part.sval) for part in fields if isinstance(part, ast.String))


def _shard_column(node: Any, aliases: Collection[str]) -> str | None:
    """Whose `shard` column `node` is; without an alias, that of the only table there is."""
    names = _names(node)
    if len(names) == 2 and names[1] == "shard" and names[0] in aliases:
        return names[0]
    if names == ("shard",) and len(aliases) == 1:
        return next(iter(aliases))
    return None
