"""Verdicts as an agency keeps them: a table for programs (CSV), a page for people (HTML)."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Final, TextIO

COLUMNS: Final = (
    "file",
    "verdict",
    "indication",
    "sub_indication",
    "serial",
    "reasons",
    "findings",
    "details",
    "sha256",
)
WORDS: Final = {
    "genuine": "asli",
    "not_genuine": "tidak asli",
    "not_provable": "tidak dapat dibuktikan",
}

Row = dict[str, object]
Write = Callable[[Row], None]

_HEAD: Final = """\
<!doctype html>
<html lang="id"><head><meta charset="utf-8"><title>Pemeriksaan meterai elektronik</title>
<style>
body{{font:16px/1.5 system-ui,sans-serif;margin:2rem;color:#1b2430}}
table{{border-collapse:collapse;width:100%}}
th,td{{text-align:left;padding:.4rem .6rem;border-bottom:1px solid #ccc}}
td:last-child{{font:12px monospace;word-break:break-all}}
.genuine{{color:#0a5c36}} .not_genuine{{color:#9b1c1c}} .not_provable{{color:#7a5200}}
</style></head><body>
<h1>Pemeriksaan meterai elektronik</h1>
<p>{when:%Y-%m-%d %H:%M} UTC · {asked}</p>
<table><thead>
<tr><th>Berkas</th><th>Putusan</th><th>Nomor seri</th><th>Alasan</th><th>SHA-256</th></tr>
</thead><tbody>
"""


@contextmanager
def kept(csv_path: Path | None, html_path: Path | None, *, now: datetime, asked: str) -> Iterator[Write]:
    """Give a function that adds a verdict to the reports wanted; they are whole when the block ends."""
    with ExitStack() as stack:
        writers: list[Write] = []
        if csv_path is not None:
            writers.append(_csv(stack.enter_context(csv_path.open("w", encoding="utf-8", newline=""))))
        if html_path is not None:
            writers.append(stack.enter_context(_html(html_path, now=now, asked=asked)))

        def write(row: Row) -> None:
            for writer in writers:
                writer(row)

        yield write


def _csv(file: TextIO) -> Write:
    table = csv.writer(file)
    table.writerow(COLUMNS)
    return lambda row: table.writerow([_cell(row[name]) for name in COLUMNS])


@contextmanager
def _html(path: Path, *, now: datetime, asked: str) -> Iterator[Write]:
    counts: dict[str, int] = {}
    with path.open("w", encoding="utf-8") as file:
        file.write(_HEAD.format(when=now, asked=escape(asked)))

        def write(row: Row) -> None:
            verdict = str(row["verdict"])
            counts[verdict] = counts.get(verdict, 0) + 1
            cells = (row["file"], WORDS[verdict], row["serial"], row["details"], row["sha256"])
            told = "".join(f"<td>{escape(_text(cell))}</td>" for cell in cells)
            file.write(f'<tr class="{verdict}">{told}</tr>\n')

        yield write
        total = ", ".join(f"{WORDS[verdict]}: {count}" for verdict, count in sorted(counts.items()))
        words = escape(total) or "Tidak ada berkas."
        file.write(f"</tbody></table>\n<p><strong>{words}</strong></p></body></html>\n")


def _text(value: object) -> str:
    if isinstance(value, list):
        return (
            " ".join(map(str, value))
            if any(" " in str(item) for item in value)
            else ", ".join(map(str, value))
        )
    return "" if value is None else str(value)


def _cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = _text(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
