"""Prompt text and secrets stay where they belong: in private blobs and in report.html."""

import json
import logging

import pytest

from emulators.azure_openai.config import Pace
from tests.e2e.datasets import chat_line, training_set
from tests.e2e.world import a_world

CANARY = "canary-7f3a"


def telling_set(examples=12):
    """Return a training set with the canary in every text."""
    return b"".join(chat_line(f"{CANARY} ask {n}", f"{CANARY} say", f"{CANARY} rule") for n in range(examples))


@pytest.mark.parametrize("broken", [b"", b'{"messages": "canary-7f3a"}\n', b'{"canary-7f3a": \n'])
async def test_no_prompt_text_leaves_the_private_blobs(storage, caplog, broken):
    """Neither histories nor status, logs, API or report.json hold a word of the dataset, be it sound or broken."""
    caplog.set_level(logging.DEBUG)
    async with a_world(storage, pace=Pace.instant()) as world:
        await world.drop("training_set.jsonl", telling_set() + broken)
        run = await world.only_run()
        assert run["status"] == ("rejected" if broken else "succeeded")
        instances = [run["run_id"], *(f"{run['run_id']}:{name}" for name in ("training", "verification"))]
        told = json.dumps([world.host.history(instance) for instance in instances]) + json.dumps(run)
        assert CANARY not in told
        assert CANARY not in world.read(run["report"]["json"]).decode()
        ours = [record.getMessage() for record in caplog.records if record.name.startswith(("shared", "durabletask"))]
        assert not [message for message in ours if CANARY in message]
        # The test would prove nothing if the questions had not been asked at all.
        assert broken or CANARY in json.dumps(world.private(run["run_id"], "verification.json"))


async def test_questions_of_an_http_start_stay_private(storage):
    """Questions given in a call lie in private blobs, not in the orchestration's input."""
    async with a_world(storage, pace=Pace.instant()) as world:
        path = world.put("training_set.jsonl", training_set())
        options = {"verification": {"questions": [{"prompt": CANARY}]}}
        _, _, body = await world.call("POST", "runs", {"dataset": path, "options": options})
        run = await world.finished(body["run_id"])
        assert run["verification"]["asked"] == 1
        assert CANARY not in json.dumps(run) + json.dumps(world.host.history(run["run_id"]))


async def test_no_key_or_token_is_told(storage):
    """The API key and the identity's tokens occur in no history and in no report."""
    async with a_world(storage, pace=Pace.instant()) as world:
        await world.drop("training_set.jsonl", training_set())
        run = await world.only_run()
        told = json.dumps(world.host.history(run["run_id"])) + json.dumps(run)
        told += world.read(run["report"]["json"]).decode() + world.read(run["report"]["html"]).decode()
        secrets = [world.emulator.api_key, world.emulator.identity_environment["IDENTITY_HEADER"], "AccountKey", "eyJ"]
        assert [secret for secret in secrets if secret in told] == []
