"""``parley doctor``: one line for each thing that was looked at."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from io import TextIOWrapper
from typing import Annotated

import typer

SIGNS = {"good": "✓", "doubtful": "!", "wrong": "✗"}


def doctor(as_json: Annotated[bool, typer.Option("--json", help="For programs to read.")] = False) -> None:
    """Look whether Parley can run here, and say what is wrong and what to do. Exit status 1 if something is wrong."""
    from server.operations.doctor.examine import examine

    found = examine()
    ok = all(finding.level != "wrong" for findings in found.values() for finding in findings)
    if as_json:
        told = {area: [asdict(finding) for finding in findings] for area, findings in found.items()}
        typer.echo(json.dumps({"ok": ok, "checks": told}, ensure_ascii=False, indent=2))
    else:
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # not every terminal knows the signs
        for area, findings in found.items():
            for finding in findings:
                typer.echo(f"{SIGNS[finding.level]} {area:<12} {finding.words} {finding.remedy}".rstrip())
    raise typer.Exit(0 if ok else 1)
