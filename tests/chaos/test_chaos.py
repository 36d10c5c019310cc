"""The storm, for some seconds: what `scripts/chaos` does for as long as one likes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.storm import storm

pytestmark = pytest.mark.anyio

FAULTS = {
    "sqlite": (
        "lines cut in a frame",
        "kill -9 of a worker",
        "a worker frozen",
        "database locked",
        "SIGTERM to a worker",
        "lines half open",
    ),
    "fleet": (
        "lines cut in a frame",
        "kill -9 of a worker",
        "Redis flushed",
        "MariaDB connections cut",
        "SIGTERM to a worker",
    ),
}
SEED = 7
SECONDS = 300.0
"""Far more than these faults take."""


NEEDS = [pytest.mark.mysql, pytest.mark.redis]


@pytest.mark.timeout(400)
@pytest.mark.parametrize("kind", ["sqlite", pytest.param("fleet", marks=NEEDS)])
async def test_nothing_is_lost_doubled_or_torn(tmp_path: Path, kind: str, request: pytest.FixtureRequest) -> None:
    """Some faults, some of them at once, while two people are at work in three tabs each."""
    if kind == "fleet":
        request.getfixturevalue("mysql_server")  # which says what is missing; the storm has one of its own
    faults = FAULTS[kind]
    report = await storm(kind, SECONDS, SEED, tmp_path, print, only=faults, long=False, people=2, tabs=3, pause=0.4)
    assert report.good, report.table()
    assert report.ledger.counts["acknowledged"] > 0
