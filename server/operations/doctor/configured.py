"""Settings that are read without complaint, and should still not be so."""

from __future__ import annotations

import ipaddress
import os
import stat
from collections.abc import Iterator
from urllib.parse import urlsplit

from server.operations.doctor.findings import Finding, doubtful, good, wrong
from server.settings import Settings

DISTINCT = 10
"""Characters of a key that are not the same. Of 32 random hexadecimal digits fewer are found once in 100,000 times."""
BCRYPT_ROUNDS = 10
"""OWASP's least (Password Storage Cheat Sheet)."""
MAKE_KEY = "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"


def check(settings: Settings) -> Iterator[Finding]:
    found = [*_key(settings), *_address(settings), *_processes(settings), *_ways(settings), *_passwords(settings)]
    yield from found or [good("They can be read, and fit together.")]


def _key(settings: Settings) -> Iterator[Finding]:
    path = settings.data_dir / "secret_key"
    if settings.secret_key is not None:
        key = settings.secret_key.get_secret_value()
    else:
        if settings.redis_url is not None:
            yield doubtful(
                "PARLEY_SECRET_KEY is not set, so each machine makes a key of its own and refuses the others' tokens.",
                "With more than one machine, set it to the same on all.",
            )
        try:
            key = path.read_text("ascii").strip()
            mode, owner = path.stat().st_mode, path.stat().st_uid
        except FileNotFoundError:
            return
        except (OSError, UnicodeDecodeError) as error:
            yield wrong(f"The secret key in {path} cannot be read ({error}).", "Run this as the user of the server.")
            return
        if stat.S_IMODE(mode) & 0o077:
            yield wrong(f"Others on this machine can read the secret key in {path}.", f"Run: chmod 600 {path}")
        if owner != os.geteuid():
            yield doubtful(f"The secret key in {path} belongs to another user than the one who runs this.")
    if len(set(key)) < DISTINCT:
        yield wrong(
            "The secret key is easy to guess, and who guesses it can be anybody.",
            f"Take another, such as what this prints: {MAKE_KEY}",
        )


def _address(settings: Settings) -> Iterator[Finding]:
    outside = not _is_here(settings.host)
    if outside and settings.public_url is None:
        yield doubtful(
            f"The server listens beyond this machine ({settings.host}), and PARLEY_PUBLIC_URL is not set: unless a "
            "proxy with https stands before it, passwords travel for all to read.",
            "Put such a proxy before it, and set PARLEY_PUBLIC_URL to its https address.",
        )
    if settings.public_url is not None and not settings.secure and not _is_here(_host(settings.public_url)):
        yield doubtful(
            "PARLEY_PUBLIC_URL is a plain http address: passwords travel for all to read.", "Serve it by https."
        )
    if outside and "*" in settings.trusted_proxies:
        yield doubtful(
            "PARLEY_TRUSTED_PROXIES trusts everybody, so who guesses passwords can claim a new address for each guess.",
            "Name the proxies.",
        )
    for origin in settings.allowed_origins:
        if origin.startswith("http://") and not _is_here(_host(origin)):
            yield doubtful(f"PARLEY_ALLOWED_ORIGINS admits pages that travel unencrypted: {origin}.")


def _processes(settings: Settings) -> Iterator[Finding]:
    sqlite = settings.database.startswith("sqlite")
    if settings.workers > 1 and (sqlite or settings.redis_url is None):
        yield wrong(
            f"PARLEY_WORKERS is {settings.workers}, and several processes need MySQL and Redis.",
            "Set PARLEY_DATABASE_URL and PARLEY_REDIS_URL, or leave it at 1.",
        )
    if sqlite and settings.redis_url is not None:
        yield doubtful(
            "PARLEY_REDIS_URL is set, but a SQLite database is served by one process alone, which needs no Redis."
        )


def _ways(settings: Settings) -> Iterator[Finding]:
    """What leaves this machine in the clear."""
    host = _host(settings.database)
    if not _is_here(host) and not settings.database_tls:
        yield doubtful(
            f"What goes to the database at {host} is not encrypted.",
            "Set PARLEY_DATABASE_TLS=true, unless nobody else is on the way.",
        )
    if settings.redis_url is not None:
        address = settings.redis_url.get_secret_value()
        if address.startswith("redis://") and not _is_here(_host(address)):
            yield doubtful(
                f"What goes to Redis at {_host(address)} is not encrypted.",
                "Use a rediss:// address, unless nobody else is on the way.",
            )
    models = settings.openai_base_url or ""
    if settings.openai_api_key is not None and models.startswith("http://") and not _is_here(_host(models)):
        yield doubtful("OPENAI_BASE_URL is a plain http address: the API key travels for all to read.", "Use https.")


def _passwords(settings: Settings) -> Iterator[Finding]:
    if settings.bcrypt_rounds < BCRYPT_ROUNDS:
        yield doubtful(
            f"PARLEY_BCRYPT_ROUNDS is {settings.bcrypt_rounds}: stolen hashes would be guessed quickly.",
            f"Set it to {BCRYPT_ROUNDS} or more, or leave it out.",
        )


def _host(address: str) -> str:
    """Empty when there is none, or the address is none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in ("localhost", "")
