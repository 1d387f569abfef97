from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

from bubuh.cli.report import COLUMNS, kept

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def row(file: str, verdict: str = "genuine", **other: object) -> dict[str, object]:
    facts: dict[str, object] = dict.fromkeys(COLUMNS)
    return facts | {"file": file, "verdict": verdict, "reasons": [], "findings": []} | other


def test_a_table_has_a_line_for_each_document_and_no_cell_that_a_spreadsheet_would_run(
    tmp_path: Path,
) -> None:
    with kept(tmp_path / "t.csv", None, now=NOW, asked="") as keep:
        keep(row("=cmd|' /C calc'!A0.pdf", reasons=["a", "b"]))
        keep(row("biasa, dengan koma.pdf", "not_genuine", serial="T1"))

    with (tmp_path / "t.csv").open(newline="") as file:
        head, first, second = csv.reader(file)
    assert head == list(COLUMNS)
    assert first[0].startswith("'=")
    assert first[5] == "a, b"
    assert second[:2] == ["biasa, dengan koma.pdf", "not_genuine"]


def test_a_page_counts_verdicts_and_takes_no_file_name_for_markup(tmp_path: Path) -> None:
    with kept(None, tmp_path / "p.html", now=NOW, asked="buku besar tidak ditanya") as keep:
        keep(row("<script>alert(1)</script>.pdf"))
        keep(row("b.pdf", "not_provable"))
        keep(row("c.pdf", "not_provable"))

    page = (tmp_path / "p.html").read_text()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "asli: 1, tidak dapat dibuktikan: 2" in page
    assert page.endswith("</html>\n")


def test_without_documents_a_page_says_so(tmp_path: Path) -> None:
    with kept(None, tmp_path / "p.html", now=NOW, asked=""):
        pass

    assert "Tidak ada berkas." in (tmp_path / "p.html").read_text()
