"""The storm, for some seconds: what `scripts/chaos` does for as long as one likes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.storm import HOUSES, storm

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
}
SEED = 7
SECONDS = 60.0
"""Far more than these faults take."""


@pytest.mark.parametrize("kind", HOUSES)
async def test_nothing_is_lost_doubled_or_torn(tmp_path: Path, kind: str) -> None:
    """Some faults, some of them at once, while two people are at work in three tabs each."""
    faults = FAULTS[kind]
    report = await storm(kind, SECONDS, SEED, tmp_path, print, only=faults, long=False, people=2, tabs=3, pause=0.4)
    assert report.good, report.table()
    assert report.ledger.counts["acknowledged"] > 0
