"""How commands talk: a few plain lines for people, one JSON object for programs."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, Final

import msgspec
import typer
from rich.console import Console
from rich.markup import escape

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")]

PEOPLE: Final = Console(highlight=False, soft_wrap=True)
ASIDE: Final = Console(stderr=True, highlight=False, soft_wrap=True)


def answer(facts: Mapping[str, object], *, as_json: bool, words: str | None = None) -> None:
    """Print `facts` as one line of JSON, or `words` (by default the facts, a line each)."""
    if as_json:
        sys.stdout.write(msgspec.json.encode(facts).decode() + "\n")
        sys.stdout.flush()
        return
    if words is not None:
        PEOPLE.print(words)
        return
    width = max(len(name) for name in facts)
    for name, value in facts.items():
        PEOPLE.print(f"[dim]{name:<{width}}[/dim]  {escape(_plain(str(value)))}")


def _plain(text: str) -> str:
    """`text` without what steers a terminal: strangers write some of what is shown."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "?" for sign in text)
