"""What is written down of one run, in between its words."""

from __future__ import annotations

from server.protocol.codes import Part
from server.turns.recording import Recording
from server.turns.repository import Run


def recording_of_a_first_run() -> Recording:
    return Recording(Run("turn", "conversation", "user", "worker", 1), "epoch", give_up=lambda: None)


def test_the_database_follows_the_log() -> None:
    """Words that the log has not are neither saved nor taken for saved."""
    recording = recording_of_a_first_run()
    recording.write(Part.ANSWER, "one ")
    recording.take()
    recording.write(Part.ANSWER, "two")
    assert recording.unsaved
    assert recording.written().text == "one "
    recording.unsaved = False  # as a checkpoint leaves it
    (delta,) = recording.take()
    assert (delta.from_, delta.text) == (4, "two")
    assert recording.unsaved
    assert recording.written().text == "one two"
    assert recording.take() == []


def test_each_stretch_of_a_part_is_a_delta_of_its_own() -> None:
    recording = recording_of_a_first_run()
    for part, text in ((Part.REASONING, "a"), (Part.REASONING, "b"), (Part.ANSWER, "🌊"), (Part.REASONING, "c")):
        recording.write(part, text)
    taken = [(delta.part, delta.from_, delta.text) for delta in recording.take()]
    assert taken == [(Part.REASONING, 0, "ab"), (Part.ANSWER, 0, "🌊"), (Part.REASONING, 2, "c")]
