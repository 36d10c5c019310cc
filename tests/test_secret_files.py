"""Settings as files, one value each, as they are mounted into a container."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from server import secret_files
from server.errors import StartupError
from server.settings import PREFIX, Settings, load

LONG = "x" * 32


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the files are; nothing else is set."""
    for name in os.environ:
        if name.upper().startswith((PREFIX, "OPENAI_")):
            monkeypatch.delenv(name)
    folder = tmp_path / "secrets"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PARLEY_SECRETS_DIR", str(folder))
    return folder


def complaint() -> str:
    with pytest.raises(StartupError) as caught:
        load()
    return str(caught.value)


def secret(settings: Settings, name: str) -> str:
    return str(getattr(settings, name).get_secret_value())


def test_each_file_is_a_setting(folder: Path) -> None:
    """By the variable's name in small letters or in capitals, whether or not an editor has ended the line."""
    (folder / "parley_secret_key").write_text(f"{LONG}\n")
    (folder / "PARLEY_DATABASE_URL").write_text("mysql://parley:p%20w @db/parley\r\n")
    (folder / "openai_api_key").write_text(" sk-密钥")
    (folder / "parley_port").write_text("81")
    (folder / "mysql_root_password").write_bytes(b"\xff somebody else's")
    settings = load()
    assert secret(settings, "secret_key") == LONG
    assert secret(settings, "database_url") == "mysql://parley:p%20w @db/parley"
    assert secret(settings, "openai_api_key") == " sk-密钥"
    assert settings.port == 81


def test_the_environment_comes_before_dotenv_and_that_before_the_files(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("parley_host", "parley_redis_prefix", "openai_api_key"):
        (folder / name).write_text("file")
    (tmp_path / ".env").write_text("PARLEY_HOST=dotenv\nOPENAI_API_KEY=dotenv\n")
    monkeypatch.setenv("OPENAI_API_KEY", "environment")
    settings = load()
    assert (settings.redis_prefix, settings.host, secret(settings, "openai_api_key")) == (
        "file",
        "dotenv",
        "environment",
    )


def test_dotenv_may_say_where_they_are(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PARLEY_SECRETS_DIR")
    (folder / "parley_port").write_text("81")
    (tmp_path / ".env").write_text("PARLEY_SECRETS_DIR=secrets\n")
    assert load().port == 81


def test_an_empty_file_sets_nothing(folder: Path) -> None:
    """Like an empty variable. Compose mounts a file also for whoever has no key to put into it."""
    (folder / "openai_api_key").write_text("\n")
    assert load().openai_api_key is None


def test_files_that_are_replaced_in_one_go(folder: Path) -> None:
    """Kubernetes mounts links into a folder that a link names."""
    (folder / "..1").mkdir()
    (folder / "..1" / "parley_port").write_text("81")
    (folder / "..data").symlink_to("..1")
    (folder / "parley_port").symlink_to("..data/parley_port")
    assert load().port == 81


def test_a_wrong_value_is_told_like_that_of_a_variable(folder: Path) -> None:
    (folder / "parley_secret_key").write_text("hunter2")
    assert complaint() == "PARLEY_SECRET_KEY: at least 32 characters are expected, and these are 7."


def test_a_file_that_is_no_setting(folder: Path) -> None:
    (folder / "parley_databse_url").write_text("mysql://db/parley")
    assert complaint() == "PARLEY_DATABSE_URL is not a setting; did you mean PARLEY_DATABASE_URL?"


def test_a_file_that_cannot_be_read(folder: Path) -> None:
    """Docker makes a folder where the file that it should mount does not exist."""
    file = folder / "parley_secret_key"
    file.mkdir()
    assert complaint() == f"The file {file} cannot be read (Is a directory)."
    file.rmdir()
    file.symlink_to("nowhere")
    assert complaint() == f"The file {file} cannot be read (No such file or directory)."
    file.unlink()
    file.write_bytes("geheim ü".encode("latin-1"))
    assert complaint() == f"The file {file} cannot be read (it is not UTF-8 text)."


def test_a_folder_that_was_named_has_to_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_SECRETS_DIR", "elsewhere")
    assert complaint() == "PARLEY_SECRETS_DIR: elsewhere cannot be read (No such file or directory)."


def test_the_usual_folder_need_not_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PARLEY_SECRETS_DIR")
    monkeypatch.setattr(secret_files, "USUAL", tmp_path / "nowhere")
    assert load().openai_api_key is None
