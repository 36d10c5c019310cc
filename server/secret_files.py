"""Settings as files, one value each: what Docker, Podman and Kubernetes mount, and what systemd calls credentials.

A file is called like the variable, in lower case: ``parley_secret_key``, ``openai_api_key``.
"""

from __future__ import annotations

from pathlib import Path

from server.errors import StartupError

USUAL = Path("/run/secrets")
PREFIXES = ("parley_", "openai_")
"""Other files may lie beside ours."""


def read(folder: Path) -> dict[str, str]:
    """Values by their names in lower case. Raises StartupError for what is there and cannot be read.

    The usual folder need not exist, and is passed over when it belongs to somebody else: on some systems all programs
    have theirs there. One that somebody named has to be there.
    """
    try:
        files = sorted(file for file in folder.iterdir() if file.name.lower().startswith(PREFIXES))
    except OSError as error:
        if folder == USUAL:
            return {}
        raise StartupError(f"PARLEY_SECRETS_DIR: {folder} cannot be read ({error.strerror}).") from error
    return {file.name.lower(): _value(file) for file in files}


def _value(file: Path) -> str:
    """Without the line end that editors and ``echo`` leave."""
    try:
        return file.read_text("utf-8").rstrip("\r\n")
    except OSError as error:
        raise StartupError(f"The file {file} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise StartupError(f"The file {file} cannot be read (it is not UTF-8 text).") from error
