"""The data folder, and the system that all runs on."""

from __future__ import annotations

import platform
import resource
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from server import data_folder, migrations, open_files
from server.operations.doctor.findings import Finding, doubtful, good, wrong
from server.settings import Settings

ROOM = 1 << 30
LEAST_ROOM = 100 << 20
REMOTE = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "ceph", "glusterfs")
"""File systems whose locks SQLite cannot rely on."""


def check_data_folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir.absolute()
    above = next(path for path in (folder, *folder.parents) if path.exists())
    if not above.is_dir():
        yield wrong(f"{folder} cannot be made: {above} is not a folder.", "Set PARLEY_DATA_DIR to another.")
        return
    try:
        with tempfile.TemporaryFile(dir=above):
            pass
    except OSError as error:
        yield wrong(f"{above} cannot be written ({error.strerror}).", "Let the server's user write there.")
        return
    if above != folder:
        yield good(f"The first start makes {folder}.")
    else:
        yield good(f"{folder} can be written{'; a server is running' if data_folder.is_held(settings) else ''}.")
        if folder.stat().st_mode & stat.S_IXOTH and _readable(folder):
            yield doubtful(f"Others on this machine can read the database in {folder}.", f"Run: chmod 700 {folder}")
    yield from _room(above)
    if settings.database.startswith("sqlite") and (kind := _file_system(above)) in REMOTE:
        yield wrong(f"It is on a file system of the network ({kind}), where SQLite can lose data.", "Use a local disk.")


def check_system(settings: Settings) -> Iterator[Finding]:
    yield good(f"Python {platform.python_version()} on {platform.system()} {platform.release()}.")
    _, limit = resource.getrlimit(resource.RLIMIT_NOFILE)  # the server raises its own as far as this
    words = f"The limit of open files ({limit}) leaves room for {open_files.room(limit)} sockets in a process"
    if limit == resource.RLIM_INFINITY:
        yield good("Open files are not limited.")
    elif open_files.room(limit) < settings.connections and settings.host not in ("127.0.0.1", "localhost", "::1"):
        yield doubtful(
            f"{words}, and PARLEY_CONNECTIONS is {settings.connections}.",
            "Raise it: `ulimit -n 65536`, or LimitNOFILE=65536 in a systemd unit.",
        )
    else:
        yield good(f"{words}.")
    if not (migrations.ROOT / "client" / "dist" / "index.html").exists():
        yield doubtful("The client is not built, so the server has no pages.", "Run scripts/serve once.")


def _readable(folder: Path) -> bool:
    return any(path.is_file() and path.stat().st_mode & stat.S_IROTH for path in folder.glob("parley.db*"))


def _room(folder: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(folder).free
    if free < LEAST_ROOM:
        yield wrong(f"Only {free >> 20} MiB are free where it is.", "Make room: a full disk stops everything.")
    elif free < ROOM:
        yield doubtful(f"Only {free >> 20} MiB are free where it is.", "Make room, for backups as well.")


def _file_system(folder: Path) -> str:
    """Its kind, from Linux's list of mounts; empty elsewhere."""
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return ""
    place = folder.resolve()
    rows = [line.split() for line in mounts.read_text("utf-8", "replace").splitlines()]
    around = [(len(row[1]), row[2]) for row in rows if place.is_relative_to(row[1].replace("\\040", " "))]
    return max(around, default=(0, ""))[1]
