"""The main job, from a dropped dataset to a verified deployment."""

import json

from tests.e2e.datasets import training_set, validation_set
from tests.e2e.world import a_world


async def test_a_dropped_dataset_becomes_a_verified_deployment(storage):
    """Training and validation files dropped together end as one succeeded run, deployed, verified and reported."""
    async with a_world(storage) as world:
        world.put("validation_set.jsonl", validation_set())
        world.put("finetune.json", json.dumps({"verification": {"expected": "Squawk"}, "seed": 7}).encode())
        await world.drop("training_set.jsonl", training_set())
        run = await world.only_run()

        assert run["failure"] is None, run["failure"]
        assert run["status"] == "succeeded"
        assert [stage["status"] for stage in run["stages"]] == ["succeeded"] * 7
        assert run["plan"]["validation"]["path"] == f"{world.folder}/validation_set.jsonl"
        assert run["plan"]["seed"] == run["job"]["seed"] == 7
        assert run["verification"]["passed"] == run["verification"]["asked"] == 3
        assert run["deployment"]["provisioning_state"] == "Succeeded"
        report = json.loads(world.read(run["report"]["json"]))
        assert report["run"]["status"] == "succeeded"
        assert report["training"]["last"]["train_loss"] < report["training"]["first"]["train_loss"]
        assert b"<svg" in world.read(run["report"]["html"])
        tags = world.storage.get_blob_client("datasets", run["dataset"]).get_blob_tags()
        assert tags == {"tunedrop-run": run["run_id"], "tunedrop-status": "succeeded"}
