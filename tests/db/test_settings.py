from __future__ import annotations

import json
from pathlib import Path

import pytest

from bubuh.settings import BadSetting, NotRunning, RunFile, Settings


def test_without_any_variable_there_are_defaults() -> None:
    settings = Settings.from_env({"PATH": "/bin"})
    assert settings.data == Path(".bubuh")
    assert settings.database_url is None
    assert settings.accept_wait == 86_400


def test_every_variable_is_read() -> None:
    settings = Settings.from_env(
        {
            "BUBUH_DATA": "/srv/bubuh",
            "BUBUH_DATABASE_URL": "postgresql://bubuh@db/bubuh",
            "BUBUH_PUBLIC_URL": "https://meterai.example",
            "BUBUH_ACCEPT_WAIT": "3600",
            "BUBUH_LOG": "debug",
            "BUBUH_LOG_FORMAT": "text",
            "BUBUH_TEST_DISK": "1",
        }
    )
    assert settings == Settings(
        data=Path("/srv/bubuh"),
        database_url="postgresql://bubuh@db/bubuh",
        public_url="https://meterai.example",
        accept_wait=3600,
        log="debug",
        log_format="text",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BUBUH_ACCEPT_WAIT", "a day"),
        ("BUBUH_ACCEPT_WAIT", "5"),
        ("BUBUH_LOG", "loud"),
        ("BUBUH_PUBLIC_URL", "meterai.example"),
        ("BUBUH_PUBLIC_URL", "https://meterai.example/"),
        ("BUBUH_ACEPT_WAIT", "60"),
        ("BUBUH_TSA_URL", "tsa.example"),
        ("BUBUH_LEVEL", "B-T"),
        ("BUBUH_LEVEL", "B-LTA"),
        ("BUBUH_LEVEL_WAIT", "1"),
        ("BUBUH_CRLS", "crls.pem"),
        ("BUBUH_GATEWAYS", "gateways.toml"),
        ("BUBUH_SMTP_URL", "mail.example"),
        ("BUBUH_MAIL_FROM", "kabar"),
    ],
)
def test_what_cannot_be_used_is_named(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=name):
        Settings.from_env({name: value})


def test_an_authority_is_believed_by_its_root_alone() -> None:
    given = {"BUBUH_TSA_URL": "https://tsa.example/tsr"}
    with pytest.raises(BadSetting, match="BUBUH_TSA_ROOT"):
        Settings.from_env(given)
    with pytest.raises(BadSetting, match="BUBUH_TSA_ROOT"):
        Settings.from_env(given | {"BUBUH_TSA_ROOT": "tsa.pem"})
    settings = Settings.from_env(given | {"BUBUH_TSA_ROOT": "/etc/bubuh/tsa.pem"})
    assert settings.wanted_level == "B-T"
    assert Settings.from_env({}).wanted_level == "B-B"


def test_an_empty_variable_is_an_absent_one() -> None:
    assert Settings.from_env({"BUBUH_DATABASE_URL": ""}) == Settings()


def test_settings_never_show_a_password() -> None:
    settings = Settings.from_env({"BUBUH_DATABASE_URL": "postgresql://bubuh:hunter2@db/bubuh"})
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in str(settings)


def test_the_run_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    run = RunFile(web="http://127.0.0.1:8000", databases={"bubuh_app": "postgresql://…"}, pids={"web": 7})
    run.write(tmp_path)
    assert RunFile.read(tmp_path) == run
    assert json.loads((tmp_path / "run.json").read_text())["web"] == "http://127.0.0.1:8000"
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


@pytest.mark.parametrize("text", [None, "{", '{"web": 7}'])
def test_without_a_whole_run_file_nothing_runs(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "run.json").write_text(text)
    with pytest.raises(NotRunning):
        RunFile.read(tmp_path)


def test_mail_needs_a_sender() -> None:
    with pytest.raises(BadSetting, match="BUBUH_MAIL_FROM"):
        Settings.from_env({"BUBUH_SMTP_URL": "smtp://127.0.0.1:25"})
