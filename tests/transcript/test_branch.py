"""The tree of a conversation: siblings in the order of their making, and paths from the root."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from server.transcript.branch import Node, Tree, common_prefix

START = datetime(2026, 1, 1, tzinfo=UTC)


def node(id: str, parent: str | None, second: int = 0, active: int | None = None) -> Node:
    made, left = (START + timedelta(seconds=at) for at in (second, second if active is None else active))
    return Node(id, parent, made, left)


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


def test_below_a_message_the_path_that_was_active_last_goes_on() -> None:
    """Else the newest; of an end itself, nothing is below."""
    branches = [node("q", None), node("a", "q", 1), node("b", "q", 2), node("c", "b", 3), node("d", "b", 4)]
    assert Tree(branches).end_below("q") == "d"
    assert Tree([*branches, node("e", "a", 5)]).end_below("q") == "e"
    branches[1] = node("a", "q", 1, active=6)
    assert Tree(branches).end_below("q") == "a"
    assert Tree(branches).end_below("b") == "d"
    assert Tree(branches).end_below("a") == "a"


@settings(derandomize=True, deadline=None)
@given(st.data())
def test_who_goes_back_and_forth_comes_to_where_they_were(data: st.DataObject) -> None:
    """Whatever is asked, and whichever paths are chosen: below each message the end is the one that was shown last."""
    made: dict[str, Node] = {}
    shown: list[str] = []
    """Ends of the active paths, one after the other."""
    for second, selects in enumerate(data.draw(st.lists(st.booleans(), min_size=1, max_size=14))):
        if made and selects:
            leaf = Tree(made.values()).end_below(data.draw(st.sampled_from(sorted(made))))
            made[leaf] = made[leaf]._replace(active_at=START + timedelta(seconds=second))
        else:
            leaf = str(second)
            made[leaf] = node(leaf, data.draw(st.sampled_from([None, *sorted(made)])), second)
        shown.append(leaf)
    tree = Tree(made.values())
    for name in made:
        last = next(end for end in reversed(shown) if name in tree.path(end))
        assert tree.end_below(name) == tree.end_below(last)
        assert name in tree.path(tree.end_below(name))
