"""`scripts/chaos`: the storm over one house or over all, and the table at its end."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from random import SystemRandom
from tempfile import TemporaryDirectory
from time import monotonic

import pytest

from tests.chaos.report import Report
from tests.chaos.storm import HOUSES, storm
from tests.fixtures.mariadb import NotInstalled


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/chaos", description="Proves that nothing is lost, doubled or torn.")
    parser.add_argument("--minutes", type=float, default=20, help="for each house (default: 20)")
    parser.add_argument("--seed", type=int, help="repeats the faults and acts of an earlier storm")
    parser.add_argument("--house", choices=[*HOUSES, "all"], default="all")
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else SystemRandom().randrange(1_000_000)
    kinds = list(HOUSES) if given.house == "all" else [given.house]
    try:
        reports = [_storm(kind, given.minutes * 60, seed) for kind in kinds]
    except (NotInstalled, pytest.skip.Exception) as missing:
        print(f"The house cannot be built: {missing}. Or choose --house sqlite.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    for report in reports:
        print(f"\n{report.table()}")
    return 0 if all(report.good for report in reports) else 1


def _storm(kind: str, seconds: float, seed: int) -> Report:
    began = monotonic()

    def say(words: str) -> None:
        print(f"{monotonic() - began:7.1f} s  {words}", flush=True)

    say(f"house {kind}, seed {seed}")
    with TemporaryDirectory(prefix="parley-chaos-") as folder:
        return asyncio.run(storm(kind, seconds, seed, Path(folder), say))


if __name__ == "__main__":
    sys.exit(main())
