"""What a newcomer reads before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bubuh import __version__
from bubuh.cli import app, main


def said_by(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What the command says on its way out with 1, on one line."""
    monkeypatch.setattr("sys.argv", ["bubuh", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    told = capsys.readouterr()
    assert told.out == ""
    return " ".join(told.err.split())


def test_the_version_is_told() -> None:
    done = CliRunner().invoke(app, ["--version"])
    assert (done.exit_code, done.stdout) == (0, f"{__version__}\n")


def test_a_groups_help_is_of_the_group_alone() -> None:
    done = CliRunner().invoke(app, ["quota", "--help"])
    assert "reconcile" in done.stdout
    assert "--install-completion" not in done.stdout


def test_where_nothing_runs_the_command_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("BUBUH_DATA", str(tmp_path))
    told = said_by(monkeypatch, capsys, "quota", "show", "acc_0000000000001")
    assert told.startswith("not_running no service runs in ")
    assert "BUBUH_DATA" in told


def test_a_refusal_is_a_sentence_with_its_facts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("BUBUH_DATA", str(tmp_path))
    (tmp_path / "surat.pdf").write_bytes(b"%PDF-1.7")
    told = said_by(monkeypatch, capsys, "verify", str(tmp_path / "surat.pdf"))
    assert told.startswith("no_root No root certificate to believe: give `--trust`")
    assert "path=" in told
