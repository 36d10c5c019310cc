"""What an operator's Prometheus reads. Names follow its conventions: base units, ``_total`` for counters.

The processes of one fleet share their values through files (the library's multiprocess mode, which the environment
variable switches on before this is imported), so that whichever of them is asked answers for all.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""The library's variable: a folder of one fleet's own."""
CONTENT_TYPE = CONTENT_TYPE_LATEST

QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds: buckets for what should take milliseconds."""

CONNECTIONS = Gauge("parley_connections", "Open sockets.", multiprocess_mode="livesum")
LIVE_TURNS = Gauge("parley_live_turns", "Answers that are being written.", multiprocess_mode="livesum")
TURNS = Counter("parley_turns", "Answers that have ended, by how.", ["status"])
FIRST_WORDS = Histogram(
    "parley_first_words_seconds",
    "From the start of a run to the model's first words.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0),
)
COMMANDS = Counter("parley_commands", "Commands carried out, by their type and what came of them.", ["type", "outcome"])
COMMAND_SECONDS = Histogram("parley_command_seconds", "From a command to its reply.", ["type"], buckets=QUICK)
CHECKPOINT_SECONDS = Histogram(
    "parley_checkpoint_seconds", "Saving the texts so far of all live answers of a process.", buckets=QUICK
)
CHECKPOINTS_MISSED = Counter("parley_checkpoints_missed", "Checkpoints that the database did not take.")
LOG_LAG = Histogram(
    "parley_log_lag_seconds",
    "From the moment an entry of the event log is due to its arrival at a reader in the same process.",
    buckets=QUICK,
)
LOG_RENEWED = Counter("parley_log_renewed", "Logs of a user that had to begin anew, so that tabs took a snapshot.")
LOG_UNREACHABLE = Counter("parley_log_unreachable", "Appends that the event log did not take.")
TAKEN_OVER = Counter("parley_turns_reaped", "Answers that were taken from a dead process and ended.")
BURIED = Counter("parley_workers_buried", "Processes that were found dead.")
READERS_DROPPED = Counter("parley_readers_dropped", "Sockets that were cut off by the server, by why.", ["reason"])
SOCKETS_REFUSED = Counter("parley_sockets_refused", "Sockets that were turned away at the door, by why.", ["reason"])
DATABASE_SECONDS = Histogram("parley_database_seconds", "Transactions, waiting included.", ["kind"], buckets=QUICK)
DATABASE_FAILED = Counter("parley_database_failed", "Transactions that the database did not carry out.")
REQUESTS = Counter("parley_http_requests", "HTTP requests, by status.", ["status"])


# Prometheus sees no increase where a series begins with its first event: these begin with 0.
for _status in ("complete", "stopped", "failed", "interrupted", "truncated"):
    TURNS.labels(_status)
for _reason in ("stalled", "silent", "flooded"):
    READERS_DROPPED.labels(_reason)


@contextmanager
def timed(histogram: Histogram) -> Iterator[None]:
    """Also of what fails."""
    began = perf_counter()
    try:
        yield
    finally:
        histogram.observe(perf_counter() - began)


def exposition() -> bytes:
    """Prometheus's text format. May read files."""
    if SHARED not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def forget_process(pid: int, folder: str) -> None:
    """Its gauges count no more; its counters go on counting."""
    mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]
