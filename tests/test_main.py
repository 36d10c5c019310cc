"""The command ``parley`` as whoever runs it sees it: what it prints, where, and the status that it ends with."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from server import __version__, migrations
from tests.fixtures.redis import RedisServer
from tests.fixtures.server import ServerProcess, migrate, settings_for

PARLEY = Path(sys.executable).with_name("parley")


def parley(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs to the end, in an empty folder, so that no ``.env`` is found."""
    folder.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        [PARLEY, *arguments],
        cwd=folder,
        env=surroundings(environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def surroundings(given: Mapping[str, str]) -> dict[str, str]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("PARLEY_", "OPENAI_"))}
    return {**inherited, "PARLEY_DATA_DIR": "data", "PARLEY_PORT": "0", **given}


def complaint(ended: subprocess.CompletedProcess[str]) -> str:
    """The one line on standard error."""
    assert ended.returncode == 2, ended.stderr
    assert ended.stdout == ""
    assert ended.stderr.startswith("parley: ")
    assert ended.stderr.endswith("\n")
    line = ended.stderr.removeprefix("parley: ").removesuffix("\n")
    assert "\n" not in line
    return line


def test_it_says_its_version(tmp_path: Path) -> None:
    assert parley(tmp_path, "version").stdout == f"{__version__}\n"


def test_a_wrong_value(tmp_path: Path) -> None:
    ended = parley(tmp_path, "serve", PARLEY_PORT="http")
    assert complaint(ended) == "PARLEY_PORT: a whole number is expected, not 'http'."
    assert list(tmp_path.iterdir()) == []


@pytest.mark.redis
def test_a_redis_that_does_not_let_us_in(tmp_path: Path, own_redis: RedisServer) -> None:
    migrate(settings_for(tmp_path / "data"))
    own_redis("CONFIG", "SET", "requirepass", "right")
    ended = parley(tmp_path, "serve", PARLEY_REDIS_URL=own_redis.url.replace("//", "//:canary@"))
    assert complaint(ended).startswith("PARLEY_REDIS_URL: Redis does not let us in (")
    assert "canary" not in ended.stderr
    ended = parley(tmp_path, "serve", PARLEY_REDIS_URL="localhost:6379")
    assert complaint(ended).startswith("PARLEY_REDIS_URL: not an address of Redis, such as redis://")


def test_a_port_in_use(tmp_path: Path) -> None:
    migrate(settings_for(tmp_path / "data"))
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ended = parley(tmp_path, "serve", "--port", str(port))
    assert complaint(ended) == (
        f"127.0.0.1:{port} cannot be used (Address already in use); choose another by --port or PARLEY_PORT."
    )


def test_a_second_process_on_the_same_data_folder(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "data"):
        ended = parley(tmp_path, "serve", "--migrate")
    assert complaint(ended) == ("Another Parley is running with the data folder data; stop it, or set PARLEY_DATA_DIR.")


@pytest.mark.parametrize("command", [["serve"], ["serve", "--migrate"], ["db", "upgrade"]])
def test_a_data_folder_that_cannot_be_written(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = parley(tmp_path, *command, PARLEY_DATA_DIR="file/data")
    assert complaint(ended) == "PARLEY_DATA_DIR: file/data cannot be written (Not a directory)."


def test_a_database_without_tables(tmp_path: Path) -> None:
    ended = parley(tmp_path, "serve")
    assert complaint(ended) == (
        f"The database is at revision none, this program needs {migrations.head()}: run `parley db upgrade`."
    )


@pytest.mark.parametrize("command", [["serve"], ["serve", "--migrate"], ["db", "upgrade"]])
def test_a_database_that_is_newer_than_the_program(command: list[str], tmp_path: Path) -> None:
    migrate(settings_for(tmp_path / "data"))
    with sqlite3.connect(tmp_path / "data" / "parley.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'f00000000000'")
    connection.close()
    told = complaint(parley(tmp_path, *command))
    assert told.startswith("The database is at revision f00000000000, ")
    if command != ["serve"]:
        assert told.endswith("which is newer than this program: upgrade Parley.")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("mysql", "PARLEY_DATABASE_URL: not a database address, such as mysql://user:password@host/parley"),
        ("oracle://db/x", "PARLEY_DATABASE_URL: oracle is not supported; use sqlite, mysql or mariadb."),
    ],
)
def test_a_database_of_an_unknown_kind(url: str, told: str, tmp_path: Path) -> None:
    assert complaint(parley(tmp_path, "serve", PARLEY_DATABASE_URL=url)) == told


def test_a_database_that_does_not_answer(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    told = complaint(
        parley(tmp_path, "db", "upgrade", PARLEY_DATABASE_URL=f"mysql://me:hunter2@127.0.0.1:{port}/parley")
    )
    assert told.startswith("The database does not answer: ")
    assert "hunter2" not in told


def test_it_can_be_ended_while_it_waits_for_the_database(tmp_path: Path) -> None:
    """With a handler of its own: the first process of a container does not end by the system's."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"mysql://me@127.0.0.1:{silent.getsockname()[1]}/parley"
        process = subprocess.Popen(
            [PARLEY, "serve"],
            cwd=tmp_path,
            env=surroundings({"PARLEY_DATABASE_URL": address}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        connection, _ = silent.accept()
        with connection:
            process.terminate()
            assert process.communicate(timeout=30) == ("", "")
    assert process.returncode == 0


def test_migrating_twice(tmp_path: Path) -> None:
    head = migrations.head()
    assert parley(tmp_path, "db", "upgrade").stdout == f"Revision none → {head}.\n"
    assert parley(tmp_path, "db", "upgrade").stdout == f"The database is at revision {head}.\n"


def test_several_that_start_on_an_empty_folder_at_once(tmp_path: Path) -> None:
    environment = os.environ | {"PARLEY_DATA_DIR": "data", "PARLEY_PORT": "0"}
    command = [str(PARLEY), "serve", "--migrate"]
    started = [
        subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    try:
        ends = [process.stdout.readline() if process.stdout else "" for process in started]
    finally:
        for process in started:
            process.terminate()
        errors = [process.communicate(timeout=30)[1] for process in started]
    assert sum(line.startswith("Parley is at ") for line in ends) == 1, errors
    assert not any("Traceback" in text for text in errors), errors
