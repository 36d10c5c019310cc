"""Guessing is held up where it happens; the owner gets in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.accounts.throttle import Limits, Throttle, network_of
from server.errors import RateLimited
from server.rate import Rate
from tests.fixtures.accounts import Clock

LIMITS = Limits(
    address=Rate(20, 10),
    account_from_address=Rate(5, 30),
    account=Rate(30, 60),
    device=Rate(3, 30),
    registration=Rate(4, 600),
)


class Door:
    """A throttle with its clock, and a word for a failed attempt."""

    def __init__(self, buckets: int = 1000) -> None:
        self.clock = Clock()
        self.throttle = Throttle(LIMITS, clock=self.clock.seconds, buckets=buckets)

    def fail(self, account: str, address: str, device: str | None = None) -> None:
        self.throttle.log_in(account, address, device)

    def wait(self, account: str, address: str, device: str | None = None) -> float:
        """Seconds that an attempt would have to wait; 0 for one that is let through, and right."""
        try:
            self.throttle.log_in(account, address, device).was_right()
        except RateLimited as error:
            return error.retry_after or 0
        return 0


def attack(door: Door, account: str, guesses: int) -> int:
    """As many guesses as get through, each from another address."""
    through = 0
    for number in range(guesses):
        try:
            door.fail(account, f"198.51.{number // 250}.{number % 250}")
            through += 1
        except RateLimited:
            pass
    return through


def test_guesses_at_one_account_from_one_address() -> None:
    door = Door()
    for _ in range(5):
        door.fail("ada", "192.0.2.9")
    assert door.wait("ada", "192.0.2.9") == 30
    assert door.wait("bob", "192.0.2.9") == 0
    assert door.wait("ada", "192.0.2.1") == 0


def test_the_wait_is_what_it_says() -> None:
    door = Door()
    for _ in range(5):
        door.fail("ada", "192.0.2.9")
    door.clock.forward(seconds=29.5)
    assert door.wait("ada", "192.0.2.9") == pytest.approx(0.5)
    door.clock.forward(seconds=0.5)
    door.fail("ada", "192.0.2.9")
    assert door.wait("ada", "192.0.2.9") == pytest.approx(30)


def test_guesses_at_many_accounts_from_one_address() -> None:
    door = Door()
    for number in range(20):
        door.fail(f"user{number}", "2001:db8:1:2::1")
    assert door.wait("ada", "2001:db8:1:2:ffff::7") == 10
    assert door.wait("ada", "2001:db8:1:3::1") == 0


def test_guesses_at_one_account_from_everywhere_hold_up_unknown_devices_only() -> None:
    door = Door()
    assert attack(door, "ada", 500) == 30
    assert door.wait("ada", "203.0.113.5") == 60
    assert door.wait("ada", "203.0.113.5", device="adas") == 0
    assert door.wait("bob", "203.0.113.5") == 0


def test_an_attacker_behind_the_owners_address_does_not_lock_the_owner_out() -> None:
    door = Door()
    for number in range(20):
        door.fail(f"user{number}", "192.0.2.1")
    assert door.wait("ada", "192.0.2.1") > 0
    assert door.wait("ada", "192.0.2.1", device="adas") == 0


def test_a_stolen_device_has_a_bucket_of_its_own_and_then_what_a_stranger_has() -> None:
    door = Door()
    for _ in range(3 + 5):
        door.fail("ada", "192.0.2.9", device="stolen")
    assert door.wait("ada", "192.0.2.9", device="stolen") > 0
    assert door.wait("ada", "192.0.2.1", device="stolen") == 0, "the owner, elsewhere, has what a stranger has"
    assert door.wait("ada", "192.0.2.9", device="another") == 0


def test_guesses_sent_all_at_once_count_before_they_are_looked_at() -> None:
    door = Door()
    attempts = [door.throttle.log_in("ada", "192.0.2.9", None) for _ in range(5)]
    with pytest.raises(RateLimited):
        door.throttle.log_in("ada", "192.0.2.9", None)
    for attempt in attempts:
        attempt.was_right()
    assert door.wait("ada", "192.0.2.9") == 0


def test_an_attempt_that_was_refused_is_not_counted() -> None:
    door = Door()
    for _ in range(5):
        door.fail("ada", "192.0.2.9")
    for _ in range(100):
        assert door.wait("ada", "192.0.2.9") == 30


def test_registrations_of_one_address() -> None:
    door = Door()
    for _ in range(4):
        door.throttle.register("192.0.2.9")
    with pytest.raises(RateLimited) as caught:
        door.throttle.register("192.0.2.9")
    assert caught.value.retry_after == 600
    door.throttle.register("192.0.2.1")


def test_passwords_typed_within_a_session() -> None:
    door = Door()
    for _ in range(3):
        door.throttle.confirm("s1")
    with pytest.raises(RateLimited):
        door.throttle.confirm("s1")
    door.throttle.confirm("s2")


def test_memory_is_bounded_and_the_oldest_goes_first() -> None:
    door = Door(buckets=30)
    for _ in range(5):
        door.fail("ada", "192.0.2.9")
    for number in range(9):
        door.fail(f"user{number}", f"198.51.100.{number}")
    assert door.wait("ada", "192.0.2.9") > 0
    for number in range(9, 99):
        door.fail(f"user{number}", f"198.51.100.{number}")
    assert len(door.throttle._empty_at) == 30
    assert door.wait("ada", "192.0.2.9") == 0


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 100)), max_size=60))
def test_never_more_failures_than_the_limit_says(steps: list[tuple[bool, float]]) -> None:
    """However attempts are spread: at most the burst, and one per period since the beginning."""
    door = Door()
    limit, failures, passed = LIMITS.account_from_address, 0, 0.0
    waits: list[float] = []
    for right, pause in steps:
        door.clock.forward(seconds=pause)
        passed += pause
        try:
            attempt = door.throttle.log_in("ada", "192.0.2.9", None)
        except RateLimited as error:
            waits.append(error.retry_after or 0)
            continue
        if right:
            attempt.was_right()
        else:
            failures += 1
    assert all(0 < wait <= limit.seconds for wait in waits)
    assert failures <= limit.burst + passed / limit.seconds + 1e-6


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
    ],
)
def test_networks(address: str, network: str) -> None:
    assert network_of(address) == network
