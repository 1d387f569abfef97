"""Cut a file of SQL into statements, without a parser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_TOKEN: Final = re.compile(
    r"""
      (?P<comment> --[^\n]* | /\* )
    | (?P<escaped> [eE]'(?:[^'\\]|''|\\.)*' )
    | (?P<string> '(?:[^']|'')*' )
    | (?P<quoted> "(?:[^"]|"")*" )
    | (?P<dollar> \$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$ )
    | (?P<word> [^\W\d][\w$]* )
    | (?P<number> [\d][\w$.]* )
    | (?P<space> \s+ )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_BLOCK_COMMENT: Final = re.compile(r"/\*|\*/")
_DOLLAR: Final = re.compile(r"\$(?:[^\W\d]\w*)?\$")
_BODY_OPENERS: Final = {
    "begin",
    "case",
}  # of CREATE FUNCTION … BEGIN ATOMIC … END, whose body holds semicolons


class UnfinishedSql(ValueError):
    """A string, comment or quotation does not end."""


def split(sql: str) -> list[str]:
    """The statements of `sql` in order, each as written, without its semicolon and outer comments.

    Semicolons do not count inside strings, quoted names, dollar quotes, comments (which nest), parentheses
    and BEGIN ATOMIC bodies.

    Source: PostgreSQL manual, 4.1 "Lexical structure"; psqlscan.l for bodies and parentheses.
    """
    return [text for start, end in _slices(sql) if (text := sql[start:end])]


def _slices(sql: str) -> Iterator[tuple[int, int]]:
    """Where each statement begins (its first token) and ends (after its last)."""
    start, end, parentheses = -1, -1, 0
    words: list[str] = []
    body = 0
    for kind, text, at in _tokens(sql):
        if text == ";" and kind == "other" and parentheses == 0 and body == 0:
            if start >= 0:
                yield start, end
            start, words = -1, []
            continue
        start, end = (at if start < 0 else start), at + len(text)
        if kind == "other":
            parentheses = max(0, parentheses + (text == "(") - (text == ")"))
        elif kind == "word":
            words.append(text.lower())
            body = _body_depth(body, words)
    if start >= 0:
        yield start, end


def _body_depth(depth: int, words: list[str]) -> int:
    """How deep inside a BEGIN ATOMIC body its newest word leaves us."""
    if "function" not in words[1:4] and "procedure" not in words[1:4]:
        return depth
    if words[0] != "create":
        return depth
    if words[-1] == "end":
        return max(0, depth - 1)
    opens = words[-1] in _BODY_OPENERS if depth else words[-2:] == ["begin", "atomic"]
    return depth + opens


def _tokens(sql: str) -> Iterator[tuple[str, str, int]]:
    """Kind, text and place of every token but space and comments."""
    at = 0
    while at < len(sql):
        found = _TOKEN.match(sql, at)
        assert found is not None
        assert found.lastgroup is not None
        kind = "dollar" if found["dollar"] else found.lastgroup
        text = found[0]
        if text == "/*":
            at = _end_of_comment(sql, at)
            continue
        if kind == "other" and (text in {"'", '"'} or _DOLLAR.match(sql, at)):
            raise UnfinishedSql(f"at character {at}: {sql[at : at + 40]!r} does not end")
        if kind not in {"space", "comment"}:
            yield kind, text, at
        at = found.end()


def _end_of_comment(sql: str, at: int) -> int:
    """The place after the block comment that begins at `at`; comments nest."""
    depth = 0
    for mark in _BLOCK_COMMENT.finditer(sql, at):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end()
    raise UnfinishedSql(f"at character {at}: the comment does not end")
