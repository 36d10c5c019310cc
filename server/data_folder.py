"""The data folder belongs to one process at a time."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager

from server.errors import StartupError
from server.settings import Settings, make_data_folder

PATIENCE = 5.0
"""Seconds that a start waits for another that is about to be done, such as a migration or a server that ends."""
STEP = 0.05


def is_held(settings: Settings) -> bool:
    """Whether a process holds it at this moment."""
    try:
        file = (settings.data_dir / "parley.lock").open("r")
    except FileNotFoundError:
        return False
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@contextmanager
def held(settings: Settings) -> Iterator[None]:
    """Raises StartupError while another process holds it.

    A second server would take the live answers of the first for orphans, and a migration would change the tables
    under it.
    """
    make_data_folder(settings)
    try:
        file = (settings.data_dir / "parley.lock").open("w")
    except OSError as error:
        raise StartupError(f"PARLEY_DATA_DIR: {settings.data_dir} cannot be written ({error.strerror}).") from error
    with file:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    folder = settings.data_dir
                    raise StartupError(
                        f"Another Parley is running with the data folder {folder}; stop it, or set PARLEY_DATA_DIR."
                    ) from None
                time.sleep(STEP)
            else:
                break
        yield
