"""`scripts/bench`: which figures, and where they go."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import client
from bench.machine import machine

BENCHES = {"client": client.measure}


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measures, and prints a table in Markdown.")
    parser.add_argument("what", choices=BENCHES)
    given = parser.parse_args()
    with TemporaryDirectory(prefix="parley-bench-") as folder:
        table = asyncio.run(BENCHES[given.what](Path(folder)))
    print(f"{machine()}\n\n{table}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
