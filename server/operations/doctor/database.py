"""The database: whether it answers, is what the program expects, and is set as its promises need it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, text

from server import db
from server.operations.connecting import existing, is_mariadb
from server.operations.doctor.findings import Finding, doubtful, good, wrong
from server.operations.status import status
from server.settings import Settings

ANSWER_SECONDS = 5.0
CLOCK_SECONDS = 2.0
"""By how much clocks may differ. Workers are taken for dead by the database's clock after some seconds of silence."""
MARIADB, MYSQL = (10, 6), (8, 0)
"""The first that do each change of a table wholly or not at all."""
PACKET_BYTES = 16 << 20
"""A message of 1,000,000 characters, with its encoding and quotes; MariaDB's own default."""
VARIABLES = (
    "character_set_database",
    "sql_mode",
    "transaction_isolation",
    "tx_isolation",
    "innodb_flush_log_at_trx_commit",
    "max_allowed_packet",
    "max_connections",
)


def check(settings: Settings) -> Iterator[Finding]:
    url = db.address(settings)
    sqlite = url.get_backend_name() == "sqlite"
    if sqlite and not Path(url.database or "").exists():
        yield good(f"There is none yet; the first start makes it at {url.database}.")
        return
    found = status(settings)
    if found.kind is None:
        yield wrong(
            f"{found.place}: {found.trouble}",
            "" if sqlite else "See that it runs, and that PARLEY_DATABASE_URL is right.",
        )
        return
    yield good(f"{found.kind} at {found.place}, revision {found.revision or 'none'}.")
    if found.trouble:
        yield wrong(found.trouble)
    elif found.unfinished and found.running:
        yield doubtful("An upgrade or a restore is running at this moment.")
    elif found.unfinished:
        yield wrong(str(found.unfinished))
    elif found.pending:
        steps = ", ".join(step.revision for step in found.pending)
        yield wrong(f"It lacks what this program needs (revision {steps}).", "Run `parley db upgrade`.")
    elif found.drift.differences:
        yield wrong(
            f"Its tables are not as the program expects them: {'; '.join(found.drift.differences[:3])}.",
            "`parley db status` names all; undo what was changed by hand.",
        )
    if not sqlite:
        yield from _mysql(settings)
    else:
        yield from _sqlite(settings)


def _sqlite(settings: Settings) -> Iterator[Finding]:
    with existing(settings) as engine, engine.connect() as connection:
        if (mode := connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()) != "wal":
            yield wrong(
                f"SQLite cannot keep a write-ahead log here (its mode is {mode}).",
                "Put the data folder on a disk of this machine.",
            )


def _mysql(settings: Settings) -> Iterator[Finding]:
    with existing(settings, answer_seconds=ANSWER_SECONDS) as engine, engine.connect() as connection:
        rows = connection.execute(text("SHOW VARIABLES"))
        variables = {row[0].lower(): str(row[1]) for row in rows if row[0].lower() in VARIABLES}
        yield from _version(connection)
        yield from _variables(variables, settings)
        yield from _clock(connection)


def _version(connection: Connection) -> Iterator[Finding]:
    version = connection.dialect.server_version_info or ()
    name, least = ("MariaDB", MARIADB) if is_mariadb(connection) else ("MySQL", MYSQL)
    if tuple(version[:2]) < least:
        yield wrong(
            f"This {name} is older than {'.'.join(map(str, least))}, which an upgrade that breaks off may not survive.",
            "Upgrade it.",
        )


def _variables(variables: dict[str, str], settings: Settings) -> Iterator[Finding]:
    if (charset := variables.get("character_set_database", "")) != "utf8mb4":
        yield wrong(
            f"The character set of the database is {charset}, which lacks many characters.",
            "Run: ALTER DATABASE … CHARACTER SET utf8mb4, before the first start.",
        )
    if not {"STRICT_TRANS_TABLES", "STRICT_ALL_TABLES", "TRADITIONAL"} & {*variables.get("sql_mode", "").split(",")}:
        yield wrong(
            "sql_mode is not strict: the database would cut texts that are too long and say nothing.",
            "Add STRICT_TRANS_TABLES to sql_mode.",
        )
    isolation = variables.get("transaction_isolation") or variables.get("tx_isolation", "")
    if isolation not in ("REPEATABLE-READ", "READ-COMMITTED"):
        yield wrong(f"The isolation of transactions is {isolation}.", "Set it to REPEATABLE-READ, the default.")
    if variables.get("innodb_flush_log_at_trx_commit") != "1":
        yield doubtful(
            "innodb_flush_log_at_trx_commit is not 1: a power cut can take the last second of what was acknowledged.",
            "Set it to 1.",
        )
    if int(variables.get("max_allowed_packet", PACKET_BYTES)) < PACKET_BYTES:
        yield doubtful("max_allowed_packet is below 16 MiB, which a long answer can pass.", "Set it to 64M.")
    needed = settings.workers * 2 * db.READERS  # a pool for what reads, and one for what writes
    if int(variables.get("max_connections", needed)) <= needed:
        yield wrong(
            f"max_connections is {variables['max_connections']}, and {settings.workers} workers open up to {needed}.",
            "Raise it.",
        )


def _clock(connection: Connection) -> Iterator[Finding]:
    before = datetime.now(UTC)
    told: datetime = connection.execute(text("SELECT UTC_TIMESTAMP(6)")).scalar_one()
    after = datetime.now(UTC)
    apart = (told.replace(tzinfo=UTC) - before - (after - before) / 2).total_seconds()
    if abs(apart) > CLOCK_SECONDS:
        yield doubtful(
            f"The database's clock is {abs(apart):.1f} s {'ahead of' if apart > 0 else 'behind'} this machine's.",
            "Have both set by NTP.",
        )
