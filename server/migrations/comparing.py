"""How tables and models are compared, by ``alembic check`` and by ``parley db status``."""

from __future__ import annotations

from alembic.runtime.environment import NameFilterParentNames, NameFilterType

from server.migrations.mark import MARK


def is_compared(name: str | None, kind: NameFilterType, _parents: NameFilterParentNames) -> bool:
    """The mark of unfinished work belongs to no revision."""
    return not (kind == "table" and name == MARK.name)
