"""Brings the database to the revision that this code was written for, and tells how far it is.

revisions      which there are, which the database is at
running        runs what is missing, alone, and goes on where another run broke off
  journal      on MySQL: how far within a revision it came, which no transaction could undo
  mark         stands in the database for work that was begun and has not ended
foreign_keys   switched off for work on whole tables
comparing      how tables and models are compared
"""

from __future__ import annotations

from server.migrations.mark import Unfinished, unfinished
from server.migrations.revisions import ROOT, Step, current, head, pending, steps
from server.migrations.running import alone, check, run_missing, upgrade, upgrade_to

__all__ = [
    "ROOT",
    "Step",
    "Unfinished",
    "alone",
    "check",
    "current",
    "head",
    "pending",
    "run_missing",
    "steps",
    "unfinished",
    "upgrade",
    "upgrade_to",
]
