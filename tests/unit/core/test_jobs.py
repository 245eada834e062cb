"""What the states of a fine-tuning job mean."""

import pytest

from shared.core.jobs import job_outcome


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("succeeded", "succeeded"),
        ("failed", "failed"),
        ("cancelled", "cancelled"),
        ("created", "wait"),
        ("pending", "wait"),
        ("queued", "wait"),
        ("validating_files", "wait"),
        ("running", "wait"),
        ("pausing", "wait"),
        ("paused", "wait"),
        ("resuming", "wait"),
        ("", "wait"),
        ("a status of next year", "wait"),
    ],
)
def test_three_states_end_a_job_and_every_other_is_waited_on(status, outcome):
    """Azure's vocabulary is larger than OpenAI's: what is unknown neither crashes nor ends a run."""
    assert job_outcome(status) == outcome
