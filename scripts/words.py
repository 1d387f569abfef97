"""Bring `src/bubuh/web/locale/en.po` up to the pages: new messages come in empty, unsaid ones go.

    .venv/bin/python scripts/words.py          # then fill in what is empty

A test fails while anything is missing. A message that is said both alone and counted is refused: the
catalogue has one entry for both, and one of them would lose its English.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

WEB: Final = Path(__file__).parents[1] / "src/bubuh/web"
ENGLISH: Final = WEB / "locale/en.po"
_METHODS: Final = [("**.py", "python"), ("**.html", "jinja2.ext:babel_extract")]
_KEYWORDS: Final = {"_": None, "say": None, "ngettext": (1, 2), "N_": None}


class SaidTwice(ValueError):
    """A message stands alone in one place and is counted in another."""


def said() -> Catalog:
    """Every message that the pages and handlers say; raises `SaidTwice`."""
    extracted = extract_from_dir(
        WEB, _METHODS, {"**.html": {"trimmed": "true", "newstyle_gettext": "true"}}, _KEYWORDS
    )
    return gathered([*(message for _, _, message, _, _ in extracted), *called()])


def gathered(messages: Iterable[str | tuple[str, ...]]) -> Catalog:
    """A catalogue of `messages`, those that count as (one, many); raises `SaidTwice`."""
    wanted = set(messages)
    counted = {message[0] for message in wanted if isinstance(message, tuple)}
    if both := sorted(message for message in wanted if isinstance(message, str) and message in counted):
        raise SaidTwice(f"said alone and in ngettext, reword one of them: {', '.join(map(repr, both))}")
    catalogue = Catalog(locale="en", charset="utf-8")
    for message in wanted:
        catalogue.add(message)
    return catalogue


def called() -> Iterator[str]:
    """What handlers say at once, `say(request)("…")`, or within an f-string: the extractor sees neither."""
    for path in sorted(WEB.rglob("*.py")):
        with path.open("rb") as source:
            yield from _said_at_once(source.read().decode())


def _said_at_once(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Call(func=ast.Name(id="say")), args=[ast.Constant(value=str(message))]):
                yield message
            case ast.Call(func=ast.Name(id="say"), args=[ast.Constant(value=str(message))]):
                yield message


def main() -> None:
    """Write the catalogue anew, what was translated kept."""
    with ENGLISH.open("rb") as file:
        known = read_po(file, locale="en")
    renewed = said()
    for message in renewed:
        before = known.get(message.id) if message.id else None
        if before is not None and before.pluralizable == message.pluralizable:
            message.string = before.string
    written = BytesIO()
    write_po(written, renewed, width=0, sort_output=True, omit_header=True, no_location=True)
    ENGLISH.write_bytes(written.getvalue())
    empty = [m for m in renewed if m.id and not (all(m.string) if isinstance(m.string, tuple) else m.string)]
    sys.stdout.write(f"{len(renewed)} messages, {len(empty)} without English\n")


if __name__ == "__main__":
    main()
