"""On what it was measured: a figure without its machine means nothing."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

from tests.fixtures.browser import find_chromium


def machine() -> str:
    """One line. The load says whether others were at work."""
    one, five, _ = os.getloadavg()
    return (
        f"{os.cpu_count()} cores ({_processor()}), {platform.system()} {platform.machine()}, "
        f"CPython {platform.python_version()}, {_chromium()}; load {one:.1f} at the end, {five:.1f} over 5 minutes"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _chromium() -> str:
    path = find_chromium()
    if path is None:
        return "no Chromium"
    return subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout.strip()
