"""Which blobs make which runs, in whatever order they land."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from emulators.azure_openai.config import Pace
from tests.e2e.datasets import training_set, validation_set
from tests.e2e.world import a_world


@pytest.fixture
async def world(storage):
    """Return a product in which every slow resource of Azure is finished at once."""
    async with a_world(storage, pace=Pace.instant()) as world:
        yield world


@asynccontextmanager
async def grace(world):
    """Hold the virtual clock, so that no grace period passes within the block."""
    with world.host.hub.hold():
        yield


async def drop_training_first(world):
    """Drop the pair of a folder, the training file first."""
    await world.drop("training_set.jsonl", training_set())
    await world.drop("validation_set.jsonl", validation_set())


async def drop_validation_first(world):
    """Drop the pair of a folder, the validation file first."""
    await world.drop("validation_set.jsonl", validation_set())
    await world.drop("training_set.jsonl", training_set())


async def drop_both_at_once(world):
    """Drop the pair of a folder, with both events at the same moment."""
    paths = [world.put("training_set.jsonl", training_set()), world.put("validation_set.jsonl", validation_set())]
    await asyncio.gather(*(world.event(path) for path in paths))


async def drop_a_named_pair(world):
    """Drop a pair that is named after its training file."""
    await world.drop("parrot.jsonl", training_set())
    await world.drop("parrot.validation.jsonl", validation_set())


@pytest.mark.parametrize("drop", [drop_training_first, drop_validation_first, drop_both_at_once, drop_a_named_pair])
async def test_a_pair_makes_one_run_in_whatever_order_it_lands(world, drop):
    """Training and validation files make one run, which trains with both."""
    async with grace(world):
        await drop(world)
    run = await world.only_run()
    assert run["status"] == "succeeded"
    assert run["plan"]["validation"]["path"].rpartition("/")[2] in ("validation_set.jsonl", "parrot.validation.jsonl")
    assert run["files"]["validation"]


async def test_a_training_file_alone_is_trained_without_validation(world):
    """Once the grace period is over, a training file does not wait for a partner any more."""
    await world.drop("training_set.jsonl", training_set())
    run = await world.only_run()
    assert (run["status"], run["plan"]["validation"], run["files"]["validation"]) == ("succeeded", None, "")


async def test_a_split_is_held_out_where_the_options_ask_for_it(world):
    """With validation_split and no validation file, every example lands in exactly one of the two uploaded files."""
    world.put("big.options.json", json.dumps({"validation_split": 0.3}).encode())
    await world.drop("big.jsonl", training_set(60))
    run = await world.only_run()
    assert run["status"] == "succeeded", run["failure"]
    sizes = [run["validation"][split]["examples"] for split in ("training", "validation")]
    assert sum(sizes) == 60
    assert min(sizes) >= 10


@pytest.mark.parametrize("name", ["validation_set.jsonl", "a.validation.jsonl", "finetune.json", "notes.txt", "a.csv"])
async def test_what_is_no_training_file_starts_nothing(world, name):
    """Validation files, options and blobs of other suffixes start no run."""
    await world.drop(name, validation_set())
    assert await world.runs() == []


async def test_events_that_come_twice_make_one_run(world):
    """Duplicate events, also at the same moment and after the run has ended, lead to the run that exists."""
    path = await world.drop("training_set.jsonl", training_set())
    await asyncio.gather(*(world.event(path) for _ in range(5)))
    first = await world.only_run()
    await world.event(path)
    assert (await world.only_run())["finished_at"] == first["finished_at"]
    assert world.emulator.state["counts"]["create_fine_tuning_job"] == 1


async def test_a_dataset_replaced_within_the_grace_period_is_superseded(world):
    """The run of the older version ends as superseded, and the newer version has a run of its own."""
    async with grace(world):
        await world.drop("training_set.jsonl", training_set(12))
        await world.drop("training_set.jsonl", training_set(14))
    runs = [await world.finished(row["run_id"]) for row in await world.runs()]
    assert sorted(run["status"] for run in runs) == ["succeeded", "superseded"]
    assert world.emulator.state["counts"]["create_fine_tuning_job"] == 1


async def test_an_event_for_a_blob_that_is_gone_starts_nothing(world):
    """A late event finds no blob and ends there."""
    await world.event(f"{world.folder}/training_set.jsonl")
    assert await world.runs() == []


async def test_http_and_blob_event_of_one_version_are_one_run(world):
    """A start by HTTP without options is the run that the blob's event has started: 200 with its place."""
    path = await world.drop("training_set.jsonl", training_set())
    run = await world.only_run()
    status, headers, body = await world.call("POST", "runs", {"dataset": path})
    assert (status, headers["Location"]) == (200, f"/api/runs/{run['run_id']}")
    assert body["run_id"] == run["run_id"]


async def test_options_of_an_http_start_go_before_the_file(world):
    """What the call gives wins, field by field; the rest comes from the options file."""
    world.put("finetune.json", json.dumps({"seed": 5, "hyperparameters": {"n_epochs": 2, "batch_size": 3}}).encode())
    path = world.put("training_set.jsonl", training_set())
    options = {"hyperparameters": {"n_epochs": 4}, "suffix": "mine"}
    status, headers, body = await world.call("POST", "runs", {"dataset": path, "options": options})
    assert (status, headers["Location"]) == (202, f"/api/runs/{body['run_id']}")
    plan = (await world.finished(body["run_id"]))["plan"]
    assert (plan["seed"], plan["suffix"], plan["hyperparameters"]["n_epochs"]) == (5, "mine", 4)
    assert plan["hyperparameters"]["batch_size"] == 3
