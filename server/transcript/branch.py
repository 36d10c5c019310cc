"""The tree of a conversation: which messages are siblings, and which path is shown. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple


class Node(NamedTuple):
    """A message without its text."""

    id: str
    parent: str | None
    created_at: datetime
    active_at: datetime
    """When the path that ends here was last made the active one."""


class Tree:
    """All messages of one conversation. Siblings stand in the order in which they were created."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self._nodes = {node.id: node for node in nodes}
        self._children: dict[str | None, list[str]] = defaultdict(list)
        for node in sorted(self._nodes.values(), key=lambda node: (node.created_at, node.id)):
            self._children[node.parent].append(node.id)

    def add(self, node: Node) -> None:
        """A message that has just been created: the youngest of its siblings."""
        self._nodes[node.id] = node
        self._children[node.parent].append(node.id)

    def __contains__(self, message: str) -> bool:
        return message in self._nodes

    def parent(self, message: str) -> str | None:
        return self._nodes[message].parent

    def children(self, message: str | None) -> list[str]:
        return list(self._children.get(message, ()))

    def siblings(self, message: str) -> list[str]:
        """Ids of all messages with the same parent, ``message`` included."""
        return self.children(self._nodes[message].parent)

    def end_below(self, message: str) -> str:
        """The end of the path through ``message`` that was active last; of those that never were, the newest."""
        ends, open_ = [], [message]
        while open_:
            children = self._children.get(open_[-1])
            if children:
                open_[-1:] = children
            else:
                ends.append(self._nodes[open_.pop()])
        return max(ends, key=lambda node: (node.active_at, node.created_at, node.id)).id

    def path(self, leaf: str | None) -> list[str]:
        """From the root to ``leaf``; empty for None."""
        path = []
        while leaf is not None:
            path.append(leaf)
            leaf = self._nodes[leaf].parent
        return path[::-1]


def common_prefix(old: list[str], new: list[str]) -> int:
    """How many messages two paths share from the root on."""
    for index, (left, right) in enumerate(zip(old, new, strict=False)):
        if left != right:
            return index
    return min(len(old), len(new))
