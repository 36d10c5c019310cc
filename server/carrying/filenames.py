"""Names of files, from titles in any script, that every system can keep."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import quote

MAX_CHARS = 60
_UNFIT = re.compile(r'[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff"*/:<>?\\|]+')
"""What Windows refuses, what ends a header, and what makes a name look like another one."""
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def stem(title: str) -> str:
    name = " ".join(_UNFIT.sub(" ", title).split())[:MAX_CHARS].strip(". ")
    return "conversation" if not name or _DEVICES.fullmatch(name) else name


def in_archive(title: str, id: str, created_at: datetime, ending: str) -> str:
    """Sorted by day, and never the same twice."""
    return f"{created_at:%Y-%m-%d} {stem(title)} {id[:12]}.{ending}"


def disposition(name: str) -> str:
    """``Content-Disposition`` by RFC 6266: for old readers in ASCII, for all others as it is."""
    plain = re.sub(r"[^\x20-\x7e]+", "_", name).replace("%", "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
