"""Migrations of a test's own, and databases to run them on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from server import db
from server.migrations import revisions
from tests.fixtures.databases import ENGINES, create_mysql, settings_for
from tests.migrations.scratch import Scratch


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    """Takes the place of the program's migrations."""
    made = Scratch(tmp_path)
    monkeypatch.setattr(revisions, "ROOT", made.root)
    return made


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Of an empty database."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/parley.db"
    else:
        url = create_mysql(request.getfixturevalue("mysql_server"), "resumed")
    made = db.engine_of(db.address(settings_for(url, tmp_path)))
    yield made
    made.dispose()
