"""A bucket never lets through more than its rate says, however what is counted is spread."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.rate import Bucket, Rate
from tests.fixtures.accounts import Clock

RATE = Rate(burst=10, seconds=2)
CLOSE = 1e-3
"""The clock counts whole microseconds."""


@given(st.lists(st.tuples(st.floats(0.1, 10), st.floats(0, 30)), max_size=60))
def test_never_more_than_the_rate_says(steps: list[tuple[float, float]]) -> None:
    clock = Clock()
    bucket = Bucket(RATE, clock.seconds)
    passed = spent = 0.0
    for cost, pause in steps:
        clock.forward(seconds=pause)
        passed += pause
        wait = bucket.take(cost)
        assert wait <= cost * RATE.seconds + CLOSE
        if wait == 0:
            spent += cost
        assert spent <= RATE.burst + passed / RATE.seconds + CLOSE


def test_the_wait_is_what_it_says() -> None:
    clock = Clock()
    bucket = Bucket(RATE, clock.seconds)
    assert bucket.take(10) == 0
    assert bucket.take(3) == pytest.approx(6)
    clock.forward(seconds=5.5)
    assert bucket.take(3) == pytest.approx(0.5)
    clock.forward(seconds=0.5)
    assert bucket.take(3) == 0


def test_what_is_refused_is_not_counted() -> None:
    bucket = Bucket(RATE, Clock().seconds)
    bucket.fill(10)
    assert [bucket.take() for _ in range(3)] == [2, 2, 2]


def test_what_costs_more_than_all_gets_through_when_nothing_else_was_counted_for_long() -> None:
    clock = Clock()
    bucket = Bucket(RATE, clock.seconds)
    wait = bucket.take(15)
    clock.forward(seconds=wait)
    assert bucket.take(15) == 0
