"""Deployments: their names, whose they are, and what their states mean."""

from typing import Literal

from msgspec import Struct

# The fingerprint: a deployment is ours only if its ARM tags carry this pair.
OWNER_TAG, OWNER = "managed-by", "tunedrop"
RUN_TAG = "tunedrop-run"


class DeploymentSnapshot(Struct, frozen=True, kw_only=True):
    """A deployment as ARM last described it; `provisioning_state` verbatim; `capacity` in thousand tokens a minute."""

    name: str
    model: str
    sku: str
    capacity: int
    provisioning_state: str
    run_id: str = ""
    owned: bool = False


DeploymentOutcome = Literal["wait", "succeeded", "failed"]


def deployment_outcome(provisioning_state: str) -> DeploymentOutcome:
    """Return what a provisioning state means for the run; anything unknown is waited on (within a deadline)."""
    outcomes: dict[str, DeploymentOutcome] = {
        "succeeded": "succeeded",
        "failed": "failed",
        "canceled": "failed",
        "disabled": "failed",
        "deleting": "failed",
    }
    return outcomes.get(provisioning_state.lower(), "wait")


def fingerprint_tags(run_id: str) -> dict[str, str]:
    """Return the ARM tags that mark a deployment as made by this run."""
    return {OWNER_TAG: OWNER, RUN_TAG: run_id}


def is_ours(tags: dict[str, str]) -> bool:
    """Tell whether ARM tags carry the product's fingerprint."""
    return tags.get(OWNER_TAG) == OWNER and bool(tags.get(RUN_TAG))
