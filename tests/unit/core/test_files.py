"""What the states of a file at Azure OpenAI mean."""

import pytest

from shared.core.files import file_name_for, file_outcome


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("processed", "processed"),
        ("error", "failed"),
        ("deleted", "failed"),
        ("deleting", "failed"),
        ("uploaded", "wait"),
        ("pending", "wait"),
        ("running", "wait"),
        ("", "wait"),
        ("Processed", "wait"),
        ("a status of next year", "wait"),
    ],
)
def test_only_processed_is_ready_and_the_unknown_is_waited_on(status, outcome):
    """Training on a file that is not processed would be refused; every other end is a failure."""
    assert file_outcome(status) == outcome


def test_a_file_carries_its_run_and_split():
    """The name marks a file as this run's, so that it is found again and never mistaken."""
    assert file_name_for("demo-0123456789ab", "training") == "demo-0123456789ab-training.jsonl"
    assert file_name_for("demo-0123456789ab", "validation") == "demo-0123456789ab-validation.jsonl"
