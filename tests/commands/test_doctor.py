"""`parley doctor` looks at everything at once, whatever hangs or fails, and never says a secret."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.operations.doctor.examine import examine
from server.operations.doctor.findings import Finding, Level, good
from server.settings import Settings
from tests.fixtures.server import NOWHERE, ROOT

CANARY = "canary-7f3a"


@pytest.fixture(autouse=True)
def _nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("PARLEY_", "OPENAI_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def doctor(**settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "server", "doctor", "--json"],
        env=os.environ | {"PYTHONPATH": str(ROOT), "PARLEY_OLLAMA_URL": NOWHERE} | settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_where_nothing_is_set_up_nothing_is_wrong(tmp_path: Path) -> None:
    ended = doctor()
    assert ended.returncode == 0, ended
    assert json.loads(ended.stdout)["ok"] is True
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_works_all_of_it_is_told_and_no_secret() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        ended = doctor(
            PARLEY_DATABASE_URL=f"mysql://me:{CANARY}@127.0.0.1:1/parley",
            PARLEY_REDIS_URL=f"redis://me:{CANARY}@127.0.0.1:{port}/0",
            PARLEY_SECRET_KEY=f"{CANARY * 4}",
            OPENAI_BASE_URL=f"{NOWHERE}/v1",
            OPENAI_API_KEY=f"sk-{CANARY}",
            PARLEY_DATA_DIR="/proc/parley",
        )
    told = json.loads(ended.stdout)
    assert (ended.returncode, told["ok"], ended.stderr) == (1, False, "")
    wrong = {area for area, found in told["checks"].items() if any(each["level"] == "wrong" for each in found)}
    assert wrong == {"settings", "data folder", "database", "redis", "models"}
    assert CANARY not in ended.stdout


def test_a_setting_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_PORT", "http")
    (finding,) = examine()["settings"]
    assert finding.words == "PARLEY_PORT: a whole number is expected, not 'http'."


def test_a_check_that_hangs_and_one_that_fails_hold_up_nobody() -> None:
    end = threading.Event()

    def hangs(_: Settings) -> Iterator[Finding]:
        yield good("So far.")
        end.wait()

    def fails(_: Settings) -> Iterator[Finding]:
        yield good("So far.")
        raise KeyError(CANARY)

    def works(_: Settings) -> Iterator[Finding]:
        yield good("Fine.")

    found = examine({"hangs": hangs, "fails": fails, "works": works}, seconds=0.5)
    end.set()
    assert [(each.level, each.words) for each in found["hangs"]] == [
        (Level.GOOD, "So far."),
        (Level.WRONG, "It did not answer in time."),
    ]
    assert [each.level for each in found["fails"]] == [Level.GOOD, Level.WRONG]
    assert found["works"] == [good("Fine.")]
    assert CANARY not in str(found)
