"""How long to wait before asking again, and when to stop."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.failures import failure
from shared.core.polling import CHECKS_PER_GENERATION, MAX_SILENT_CHECKS, Wait, given_up, poll_delay
from shared.core.runs import Pace
from tests.builders import NOON

PACE = Pace(min_poll_seconds=15, max_poll_seconds=600)


def a_wait(**changes):
    """Return a wait of an hour at most, begun at noon."""
    ordinary = {
        "activity": "check_file",
        "target": {},
        "waiting_for": "the file",
        "started_at": NOON,
        "deadline_seconds": 3_600,
        "pace": PACE,
    }
    return Wait(**{**ordinary, **changes})


@pytest.mark.parametrize(
    ("age", "delay"),
    [(0, 15), (300, 15), (301, 15.05), (1_200, 60), (12_000, 600), (86_400 * 30, 600)],
)
def test_a_wait_of_five_percent_within_the_pace(age, delay):
    """What is young is asked for soon, what is old seldom."""
    assert poll_delay(timedelta(seconds=age), PACE) == timedelta(seconds=delay)


@pytest.mark.parametrize(
    ("retry_after", "delay"),
    [(0, 60), (1, 60), (60, 60), (61, 61), (1_000, 1_000), (3_600, 3_600), (86_400, 3_600), (-5, 60)],
)
def test_a_longer_retry_after_is_honoured_up_to_an_hour(retry_after, delay):
    """A service that asks for more time gets it; one that asks for less, or for a day, does not."""
    waited = poll_delay(timedelta(minutes=20), PACE, retry_after=timedelta(seconds=retry_after))
    assert waited == timedelta(seconds=delay)


@given(
    st.floats(0, 86_400 * 400),
    st.floats(0.001, 1_000),
    st.floats(0, 100_000),
    st.none() | st.floats(-1_000, 10**6),
)
def test_a_delay_never_leaves_its_bounds(age, shortest, more, retry_after):
    """Never under the shortest, never over the longest poll, unless the service asks: then never over an hour."""
    pace = Pace(min_poll_seconds=shortest, max_poll_seconds=shortest + more)
    asked = None if retry_after is None else timedelta(seconds=retry_after)
    delay = poll_delay(timedelta(seconds=age), pace, retry_after=asked)
    longest = timedelta(seconds=shortest + more)
    assert timedelta(seconds=shortest) <= delay <= (longest if asked is None else max(longest, timedelta(hours=1)))


@pytest.mark.parametrize(("seconds", "ends"), [(0, False), (3_599, False), (3_600, True), (10_000, True)])
def test_a_wait_ends_at_its_deadline(seconds, ends):
    """Unknown statuses and slow services are waited on within a bound."""
    failed = given_up(a_wait(), NOON + timedelta(seconds=seconds))
    assert (failed is not None) is ends
    assert failed is None or (failed.code, failed.message) == ("timed-out", "Waited 3,600 seconds for the file.")


def test_a_wait_can_end_under_a_code_of_its_own():
    """A deployment that never answers has a remedy of its own."""
    failed = given_up(a_wait(deadline_code="deployment-silent"), NOON + timedelta(hours=1))
    assert failed is not None
    assert failed.code == "deployment-silent"


def test_twenty_failed_checks_in_a_row_end_a_wait():
    """An outage of hours is survived, a longer one ends the run."""
    assert given_up(a_wait(silent_checks=MAX_SILENT_CHECKS - 1), NOON) is None
    failed = given_up(a_wait(silent_checks=MAX_SILENT_CHECKS), NOON)
    assert failed is not None
    assert (failed.code, failed.message) == (
        "service-silent",
        "20 checks in a row failed while waiting for the file.",
    )


def test_a_wait_that_ends_says_why_its_checks_failed():
    """A missing role is named as such, with the service's own words."""
    last_error = failure("permission-denied", "…", detail="azure-openai check_job: 403")
    failed = given_up(a_wait(silent_checks=MAX_SILENT_CHECKS, last_error=last_error), NOON)
    assert failed is not None
    assert (failed.code, failed.detail) == ("permission-denied", "azure-openai check_job: 403")


def test_a_month_of_training_costs_few_wake_ups():
    """The longest training takes a few thousand checks, and a generation's history stays under 100 events."""
    age, checks = timedelta(0), 0
    while age < timedelta(days=30):
        age += poll_delay(age, Pace())
        checks += 1
    assert 4_000 < checks < 5_000
    assert CHECKS_PER_GENERATION * 8 < 100
