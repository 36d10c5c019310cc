"""`parley db …` as an operator sees it: what it prints, the status that it ends with, what runs beside a server."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path
from typing import Protocol

import pytest
from typer.testing import CliRunner, Result

from server import data_folder, logs
from server.__main__ import cli
from server.errors import StartupError
from tests.fixtures.server import ServerProcess, settings_for
from tests.operations.rows import contents, fill


class Parley(Protocol):
    def __call__(self, *arguments: str, given: str = "") -> Result: ...


@pytest.fixture
def parley(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Parley:
    """Within this process, whose logs stay as they are."""
    for name in os.environ:
        if name.startswith(("PARLEY_", "OPENAI_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PARLEY_DATA_DIR", "data")
    monkeypatch.setattr(logs, "configure", lambda _: None)
    monkeypatch.setattr(data_folder, "PATIENCE", 0)

    def run(*arguments: str, given: str = "") -> Result:
        return CliRunner().invoke(cli, ["db", *arguments], input=given)

    return run


@pytest.fixture
def data(tmp_path: Path) -> Path:
    fill(settings_for(tmp_path / "data"))
    return tmp_path / "data"


def test_nothing_is_made_by_looking(parley: Parley, tmp_path: Path) -> None:
    found = parley("status")
    assert (found.exit_code, found.stdout.split()[0]) == (1, "Database")
    assert "`parley db upgrade` makes one" in found.stdout
    assert json.loads(parley("status", "--json").stdout)["ok"] is False
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("data")
def test_a_database_that_is_well(parley: Parley) -> None:
    found = parley("status")
    assert (found.exit_code, found.stdout.splitlines()[-1]) == (0, "Good       nothing is to be done")
    assert json.loads(parley("status", "--json").stdout)["ok"] is True
    checked = parley("check")
    assert (checked.exit_code, checked.stdout) == (0, "All that is in the database fits together.\n")


def test_a_database_that_is_not(parley: Parley, data: Path) -> None:
    with sqlite3.connect(data / "parley.db") as connection:
        connection.execute("DROP INDEX ix_messages_status")
        connection.execute("UPDATE conversations SET leaf_id = 'nobody'")
    connection.close()
    found, checked = parley("status"), parley("check")
    assert (found.exit_code, checked.exit_code) == (1, 1)
    assert "Differs    messages lacks the index ix_messages_status\n" in found.stdout
    assert "end with a message that they do not have" in checked.stdout


def test_saving_and_restoring(parley: Parley, data: Path, tmp_path: Path) -> None:
    before = contents(settings_for(data))
    assert parley("backup").stdout.startswith("Saved 34 rows to data/backups/parley-")
    assert parley("backup", "b").stdout.startswith("Saved 34 rows to b (")
    assert "is there already" in str(parley("backup", "b").exception)

    refused = parley("restore", "--replace", "b", given="n\n")
    assert (refused.exit_code, "Replace all that is in the database" in refused.stderr) == (1, True)
    assert "not empty" in str(parley("restore", "b").exception)
    restored = parley("restore", "--replace", "b", given="y\n")
    assert restored.exit_code == 0
    assert "Restored 34 rows of " in restored.stdout
    assert contents(settings_for(data)) == before
    assert len(list((data / "backups").iterdir())) == 2, "what was replaced was saved as well"


def test_beside_a_running_server(parley: Parley, data: Path) -> None:
    """What only reads is welcome; what changes tables is not."""
    with ServerProcess(data):
        for command in ("status", "check", "backup"):
            ended = parley(command)
            assert ended.exit_code == 0, ended
        (backup,) = (data / "backups").iterdir()
        for arguments in (["upgrade"], ["restore", str(backup)]):
            error = parley(*arguments).exception
            assert isinstance(error, StartupError)
            assert str(error).startswith("Another Parley is running with the data folder")
