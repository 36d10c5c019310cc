"""The parser of server-sent events reads the same, however the network cuts the bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.llm.sse import EventParser, EventTooLong

lines = st.sampled_from(
    [
        b"",
        b"",
        b"data: one",
        b"data:two",
        b"data: \xe4\xbd\xa0\xe5\xa5\xbd",
        b"data",
        b"data:  x",
        b": note",
        b"id: 7",
        b"x",
    ]
)
streams = st.lists(st.tuples(lines, st.sampled_from([b"\n", b"\r\n", b"\r"])), max_size=20).map(
    lambda pairs: b"".join(line + end for line, end in pairs)
)


def parse(*chunks: bytes) -> list[bytes]:
    parser = EventParser()
    return [event for chunk in chunks for event in parser.feed(chunk)] + parser.finish()


@given(streams, st.data())
def test_any_chunking_gives_the_same_events(stream: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    chunks = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert parse(*chunks) == parse(stream) == parse(*(stream[i : i + 1] for i in range(len(stream))))


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: a\n\ndata: b\n\n", [b"a", b"b"]),
        (b"data:a\r\n\r\ndata:b\r\rdata:c\n\n", [b"a", b"b", b"c"]),
        (b"data:  two spaces\n\n", [b" two spaces"]),
        (b"data: first\ndata: second\ndata\n\n", [b"first\nsecond\n"]),
        (b": comment\nevent: error\nid: 1\nretry: 5\ndata: a\n\n", [b"a"]),
        (b"\xef\xbb\xbfdata: after a byte order mark\n\n", [b"after a byte order mark"]),
        (b"\n\n\ndatax: no\n\nDATA: no\n\n", []),
        (b"data: without an end", [b"without an end"]),
        (b"", []),
    ],
)
def test_what_counts_as_an_event(stream: bytes, events: list[bytes]) -> None:
    assert parse(stream) == events


def test_an_event_is_given_out_with_the_byte_that_ends_it() -> None:
    parser = EventParser()
    assert parser.feed(b"data: a\r\n\r") == [b"a"]
    assert parser.feed(b"\ndata: b\n") == []
    assert parser.feed(b"\n") == [b"b"]


@pytest.mark.parametrize("chunk", [b"data: " + b"x" * 50, b"data: x\n", b": comment without end"])
def test_what_never_ends_is_refused(chunk: bytes) -> None:
    """One line without end, and one event of lines without end."""
    parser = EventParser(max_event_bytes=1000)

    def endless() -> None:
        while True:
            parser.feed(chunk)

    with pytest.raises(EventTooLong):
        endless()


def test_many_events_are_no_long_event() -> None:
    parser = EventParser(max_event_bytes=100)
    assert len([event for _ in range(1000) for event in parser.feed(b"data: twenty bytes of it\n: ping\n\n")]) == 1000
