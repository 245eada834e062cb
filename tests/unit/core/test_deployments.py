"""What the states of a deployment mean, and whose it is."""

import pytest

from shared.core.deployments import deployment_outcome, fingerprint_tags, is_ours


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        ("Succeeded", "succeeded"),
        ("succeeded", "succeeded"),
        ("Failed", "failed"),
        ("Canceled", "failed"),
        ("Disabled", "failed"),
        ("Deleting", "failed"),
        ("Accepted", "wait"),
        ("Creating", "wait"),
        ("Updating", "wait"),
        ("Moving", "wait"),
        ("", "wait"),
        ("AStateOfNextYear", "wait"),
    ],
)
def test_the_unknown_state_of_a_deployment_is_waited_on(state, outcome):
    """ARM's states mean the same in any letter case; one that nobody knows does not end a run."""
    assert deployment_outcome(state) == outcome


def test_a_fingerprint_marks_a_deployment_as_ours():
    """What a run tags is recognised as the product's own."""
    assert fingerprint_tags("demo-1") == {"managed-by": "tunedrop", "tunedrop-run": "demo-1"}
    assert is_ours(fingerprint_tags("demo-1"))
    assert is_ours({**fingerprint_tags("demo-1"), "team": "lighthouse"})


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"managed-by": "tunedrop"},
        {"managed-by": "tunedrop", "tunedrop-run": ""},
        {"tunedrop-run": "demo-1"},
        {"managed-by": "terraform", "tunedrop-run": "demo-1"},
        {"managed-by": "Tunedrop", "tunedrop-run": "demo-1"},
    ],
)
def test_anything_less_than_the_fingerprint_is_not_ours(tags):
    """A deployment without both tags is somebody else's and stays untouched."""
    assert not is_ours(tags)
