"""`scripts/production-secrets` makes what `docker-compose.prod.yml` mounts, once."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import make_url

from server.settings import load
from tests.fixtures.server import ROOT
from tests.production.test_compose import COMPOSE

SCRIPT = ROOT / "scripts" / "production-secrets"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the secrets are after a first run."""
    (tmp_path / "a b" / "scripts").mkdir(parents=True)
    shutil.copy(SCRIPT, tmp_path / "a b" / "scripts")
    folder = tmp_path / "a b" / "secrets"
    run(folder)
    return folder


def run(folder: Path, **environment: str) -> str:
    """What it says."""
    script = folder.parent / "scripts" / SCRIPT.name
    inherited = {name: value for name, value in os.environ.items() if name != "OPENAI_API_KEY"}
    ended = subprocess.run(
        [script], cwd="/", env=inherited | environment, capture_output=True, text=True, timeout=30, check=True
    )
    return ended.stdout


def held(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text().strip() for file in folder.iterdir()}


def test_each_secret_of_compose_is_made(folder: Path) -> None:
    assert held(folder).keys() == COMPOSE["secrets"].keys()


def test_the_program_takes_them(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PARLEY_DATABASE_URL", "PARLEY_REDIS_URL", "PARLEY_SECRET_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(folder)
    settings, files = load(secrets_dir=folder), held(folder)
    assert settings.secret_key is not None
    assert settings.secret_key.get_secret_value() == files["parley_secret_key"]
    assert settings.openai_api_key is None
    database = make_url(settings.database)
    assert (database.host, database.database, database.username) == ("mysql", "parley", "parley")
    assert database.password == files["mysql_password"]
    assert f"requirepass {make_url(files['parley_redis_url']).password}" == files["redis_conf"]


def test_they_are_long_and_all_different(folder: Path) -> None:
    files = held(folder)
    words = [
        files["mysql_password"],
        files["mysql_root_password"],
        files["parley_secret_key"],
        files["redis_conf"].split()[1],
    ]
    assert len(set(words)) == 4
    assert all(len(word) == 48 and word.isascii() and word.isalnum() for word in words)


def test_the_folder_is_closed_and_its_files_can_be_read_where_they_are_mounted(folder: Path) -> None:
    """By users of other numbers than whoever made them: Compose mounts a file as it is."""
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o644}


def test_nothing_is_overwritten(folder: Path) -> None:
    before = held(folder)
    assert run(folder, OPENAI_API_KEY="sk-other") == ""
    assert held(folder) == before


def test_what_is_missing_is_made_to_fit_the_rest(folder: Path) -> None:
    before = held(folder)
    for name in ("parley_database_url", "parley_redis_url"):
        (folder / name).unlink()
    assert run(folder).splitlines() == ["· Made secrets/parley_database_url", "· Made secrets/parley_redis_url"]
    assert held(folder) == before


def test_a_key_of_the_environment_is_taken_over(folder: Path) -> None:
    (folder / "openai_api_key").unlink()
    run(folder, OPENAI_API_KEY="sk-1")
    assert held(folder)["openai_api_key"] == "sk-1"
