"""A server takes no more sockets than it may open files."""

from __future__ import annotations

import subprocess
import sys

import pytest

from server.open_files import OTHERS
from tests.fixtures.server import ROOT

PROGRAM = """
import resource, sys
from server.open_files import make_room
from server.settings import Settings
soft, hard, wanted = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
settings = make_room(Settings(_env_file=None, connections=wanted))
print(settings.connections, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.parametrize(
    ("soft", "hard", "wanted", "sockets", "files"),
    [
        (OTHERS + 100, OTHERS + 100, 100, 100, OTHERS + 100),
        (256, OTHERS + 200, 100, 100, OTHERS + 100),
        (256, OTHERS + 3000, 4000, 3000, OTHERS + 3000),
        (256, 1000, 2000, 500, 1000),
    ],
    ids=["enough", "raised", "fewer sockets", "far too few files"],
)
def test_room(soft: int, hard: int, wanted: int, sockets: int, files: int) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(soft), str(hard), str(wanted)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.stdout.splitlines()[-1] == f"{sockets} {files}", ended.stderr
    assert ("connections.fewer" in ended.stdout) is (sockets < wanted)
