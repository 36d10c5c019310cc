"""The tree of a conversation: siblings in the order of their making, and paths from the root."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from server.transcript.branch import Node, Tree, common_prefix

START = datetime(2026, 1, 1, tzinfo=UTC)


def node(id: str, parent: str | None, second: int = 0) -> Node:
    return Node(id, parent, START + timedelta(seconds=second))


@st.composite
def trees(draw: st.DrawFn) -> list[Node]:
    """Any shape, several roots included; every message is younger than its parent, or as old."""
    nodes: list[Node] = []
    for number in range(draw(st.integers(0, 12))):
        parent = draw(st.sampled_from([None, *(known.id for known in nodes)]))
        nodes.append(node(str(number), parent, number // 2))
    return draw(st.permutations(nodes))


def test_siblings_are_told_oldest_first_whoever_asks() -> None:
    tree = Tree([node("c", "q", 3), node("a", "q", 1), node("q", None), node("b", "q", 2)])
    assert tree.siblings("c") == tree.siblings("a") == tree.children("q") == ["a", "b", "c"]
    assert tree.siblings("q") == tree.children(None) == ["q"]


def test_what_was_made_at_the_same_moment_has_an_order_all_the_same() -> None:
    tree = Tree([node("b", None), node("a", None)])
    assert tree.siblings("a") == ["a", "b"]


def test_an_empty_path() -> None:
    assert Tree([]).path(None) == []
    assert Tree([]).children(None) == []
    assert "x" not in Tree([])


@settings(derandomize=True, deadline=None)
@given(trees())
def test_paths_and_siblings_agree_with_the_parents(nodes: list[Node]) -> None:
    tree = Tree(nodes)
    parents = {made.id: made.parent for made in nodes}
    for made in nodes:
        path = tree.path(made.id)
        assert path[-1] == made.id
        assert [parents[id] for id in path] == [None, *path[:-1]]
        assert set(tree.siblings(made.id)) == {other.id for other in nodes if other.parent == made.parent}


@settings(derandomize=True, deadline=None)
@given(trees(), st.data())
def test_two_paths_share_their_common_ancestors_and_no_more(nodes: list[Node], data: st.DataObject) -> None:
    tree = Tree(nodes)
    names = st.sampled_from([None, *(made.id for made in nodes)])
    old, new = tree.path(data.draw(names)), tree.path(data.draw(names))
    shared = common_prefix(old, new)
    assert old[:shared] == new[:shared] == [id for id in old if id in new]
