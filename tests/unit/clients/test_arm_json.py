"""ARM's JSON becomes the product's deployments, and the other way round."""

from shared.clients.arm import deployment_from, deployment_request
from shared.core.deployments import DeploymentSnapshot
from shared.core.plans import Blob, Hyperparameters, Plan

PLAN = Plan(
    run_id="demo-0123456789ab",
    training=Blob(container="datasets", path="demo/training_set.jsonl", etag='"1"', size=10),
    base_model="gpt-4o-mini-2024-07-18",
    method="supervised",
    seed=7,
    suffix="lighthouse",
    hyperparameters=Hyperparameters(),
    training_type="GlobalStandard",
    deployment_name="demo",
    sku="DeveloperTier",
    capacity=10,
)


def test_a_deployment_request() -> None:
    """The model is version 1 of format OpenAI, never upgraded, and the tags carry the run."""
    assert deployment_request(PLAN, "gpt-4o-mini-2024-07-18.ft-1") == {
        "sku": {"name": "DeveloperTier", "capacity": 10},
        "properties": {
            "model": {"format": "OpenAI", "name": "gpt-4o-mini-2024-07-18.ft-1", "version": "1"},
            "versionUpgradeOption": "NoAutoUpgrade",
        },
        "tags": {"managed-by": "tunedrop", "tunedrop-run": "demo-0123456789ab"},
    }


def test_a_deployment_of_ours() -> None:
    """Both tags make it ours and name its run; the state is kept verbatim."""
    answer = {
        "name": "demo",
        "sku": {"name": "GlobalStandard", "capacity": 10},
        "properties": {"model": {"format": "OpenAI", "name": "m", "version": "1"}, "provisioningState": "Creating"},
        "tags": {"managed-by": "tunedrop", "tunedrop-run": "demo-1", "team": "blue"},
    }
    assert deployment_from(answer, "demo") == DeploymentSnapshot(
        name="demo",
        model="m",
        sku="GlobalStandard",
        capacity=10,
        provisioning_state="Creating",
        run_id="demo-1",
        owned=True,
    )


def test_a_strangers_deployment_with_gaps() -> None:
    """Without both tags it is not ours, and what ARM leaves out or sets to null is empty."""
    expected = DeploymentSnapshot(name="demo", model="", sku="", capacity=0, provisioning_state="")
    assert deployment_from({"tags": {"managed-by": "tunedrop"}, "properties": None, "sku": None}, "demo") == expected
    assert deployment_from({"tags": None}, "demo") == expected
