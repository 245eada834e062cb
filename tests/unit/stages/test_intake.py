"""Intake: one claim for one dataset version, its parts pinned, its plan settled."""

import json

import pytest

from shared import codec
from shared.core.failures import Failure
from shared.core.intake import claim_path
from shared.core.plans import Plan, Script
from shared.stages.intake import claim_run, find_parts, settle_plan
from tests.builders import RUN_ID, a_request, some_bounds, some_defaults
from tests.fakes import FakeBlobs

FOLDER = "demo"
TRAINING = f"{FOLDER}/training_set.jsonl"
CANARY = "tell nobody"


def dropped(**files):
    """Return a storage account with these blobs in the folder of the dataset; `__` stands for a dot."""
    blobs = FakeBlobs()
    for name, data in files.items():
        blobs.write("datasets", f"{FOLDER}/{name.replace('__', '.')}", data)
    return blobs


def settled(blobs, *, explicit=None, bounds=None, **request):
    """Claim and settle the run of the training file as it lies there now."""
    training = blobs.look("datasets", TRAINING)
    request = a_request(**{"etag": training.etag if training else '"0x0"', **request})
    claim_run(blobs, "tunedrop", request, explicit or {})
    return settle_plan(blobs, "tunedrop", request, some_defaults(), bounds or some_bounds())


def plan_of(blobs, **more) -> Plan:
    """Return the plan that must come of it."""
    intake = settled(blobs, **more)
    assert intake.failure is None, intake.failure
    assert intake.plan is not None
    return intake.plan


def failure_of(blobs, **more) -> Failure:
    """Return the failure that must come of it."""
    intake = settled(blobs, **more)
    assert intake.plan is None
    assert intake.failure is not None
    return intake.failure


def test_a_version_is_claimed_once():
    """Of many events for one version, one claims it; another version is another claim."""
    blobs = FakeBlobs()
    assert claim_run(blobs, "tunedrop", a_request(), {}) is True
    assert claim_run(blobs, "tunedrop", a_request(), {}) is False
    assert claim_run(blobs, "tunedrop", a_request(run_id="demo-ffffffffffff"), {}) is True


def test_a_claim_keeps_the_explicit_options_privately():
    """What an HTTP call asked for may hold prompt text: it lies in the private container and nowhere else."""
    blobs = FakeBlobs()
    claim_run(blobs, "tunedrop", a_request(), {"verification": {"expected": CANARY}})
    assert blobs.writes == [claim_path(RUN_ID)]
    assert CANARY.encode() in (blobs.read("tunedrop", claim_path(RUN_ID)) or b"")


def test_a_loser_leaves_the_claim_as_it_is():
    """The first caller's options hold."""
    blobs = dropped(training_set__jsonl=b"{}")
    etag = blobs.look("datasets", TRAINING).etag
    claim_run(blobs, "tunedrop", a_request(etag=etag), {"seed": 1})
    claim_run(blobs, "tunedrop", a_request(etag=etag), {"seed": 2})
    assert plan_of(blobs, explicit={"seed": 3}).seed == 1


@pytest.mark.parametrize(
    ("files", "validation", "options"),
    [
        (["training_set.jsonl"], None, None),
        (["training_set.jsonl", "validation_set.jsonl"], "validation_set.jsonl", None),
        (["validation_set.jsonl", "training_set.jsonl"], "validation_set.jsonl", None),
        (["training_set.jsonl", "training_set.validation.jsonl"], "training_set.validation.jsonl", None),
        (
            ["training_set.jsonl", "training_set.validation.jsonl", "validation_set.jsonl"],
            "validation_set.jsonl",
            None,
        ),
        (["training_set.jsonl", "other.validation.jsonl", "other.options.json"], None, None),
        (["training_set.jsonl", "finetune.json"], None, "finetune.json"),
        (["training_set.jsonl", "finetune.json", "training_set.options.json"], None, "training_set.options.json"),
        (
            ["training_set.jsonl", "finetune.json", "validation_set.jsonl"],
            "validation_set.jsonl",
            "finetune.json",
        ),
    ],
)
def test_parts_are_found_whichever_landed_first(files, validation, options):
    """Partner and options are what lies in the same folder, whatever the order of their arrival."""
    blobs = FakeBlobs()
    for name in files:
        blobs.write("datasets", f"{FOLDER}/{name}", b"{}")
    blobs.write("datasets", "validation_set.jsonl", b"another folder's")
    parts = find_parts(blobs, "datasets", TRAINING)
    assert parts.training == blobs.look("datasets", TRAINING)
    assert parts.validation == (blobs.look("datasets", f"{FOLDER}/{validation}") if validation else None)
    assert parts.options_file == (blobs.look("datasets", f"{FOLDER}/{options}") if options else None)


def test_a_named_pair_belongs_together():
    """`<name>.jsonl` finds `<name>.validation.jsonl`, not the folder's validation_set.jsonl."""
    blobs = FakeBlobs()
    for name in ("chat.jsonl", "chat.validation.jsonl", "validation_set.jsonl"):
        blobs.write("datasets", name, b"{}")
    validation = find_parts(blobs, "datasets", "chat.jsonl").validation
    assert validation is not None
    assert validation.path == "chat.validation.jsonl"


def test_every_part_is_pinned_by_its_etag():
    """The plan holds the version of each part that was there when intake ended."""
    blobs = dropped(training_set__jsonl=b"{}", validation_set__jsonl=b"{}", finetune__json=b'{"seed": 5}')
    plan = plan_of(blobs)
    assert plan.training == blobs.look("datasets", TRAINING)
    assert plan.validation == blobs.look("datasets", f"{FOLDER}/validation_set.jsonl")
    assert plan.options_file == blobs.look("datasets", f"{FOLDER}/finetune.json")
    assert plan.seed == 5


def test_an_http_call_goes_before_the_options_file():
    """Field by field, what was given explicitly wins."""
    blobs = dropped(training_set__jsonl=b"{}", finetune__json=b'{"seed": 5, "suffix": "file"}')
    plan = plan_of(blobs, explicit={"seed": 6})
    assert (plan.seed, plan.suffix) == (6, "file")


def test_questions_go_to_a_private_blob():
    """The plan tells how many there are; their text lies beside the run's other private blobs."""
    options = {"verification": {"questions": [{"prompt": CANARY}], "expected": CANARY}}
    blobs = dropped(training_set__jsonl=b"{}", finetune__json=json.dumps(options).encode())
    intake = settled(blobs)
    assert CANARY not in json.dumps(codec.encode(intake))
    script = codec.from_json(blobs.read("tunedrop", f"runs/{RUN_ID}/script.json") or b"", Script)
    assert [question.messages for question in script.questions] == [[{"role": "user", "content": CANARY}]]


@pytest.mark.parametrize(
    ("files", "request_etag", "code"),
    [
        ({}, '"0x1"', "dataset-missing"),
        ({"training_set__jsonl": b"{}"}, '"0x99"', "dataset-changed"),
        ({"training_set__jsonl": b""}, None, "empty-dataset"),
        ({"training_set__jsonl": b"{}", "finetune__json": b"{"}, None, "options-invalid"),
        ({"training_set__jsonl": b"{}", "finetune__json": b""}, None, "options-invalid"),
        ({"training_set__jsonl": b"{}", "finetune__json": b"\xff"}, None, "options-invalid"),
        ({"training_set__jsonl": b"{}", "finetune__json": b'{"seed": -1}'}, None, "options-invalid"),
        ({"training_set__jsonl": b"{}", "finetune__json": b'{"method": "dpo"}'}, None, "bound-exceeded"),
        ({"training_set__jsonl": b"x" * 1_001}, None, "bound-exceeded"),
        ({"training_set__jsonl": b"{}", "validation_set__jsonl": b"x" * 1_001}, None, "bound-exceeded"),
    ],
)
def test_what_cannot_become_a_plan_has_its_answer(files, request_etag, code):
    """Gone, replaced, empty, wrongly described or too large: each ends the run with its own code."""
    blobs = dropped(**files)
    assert failure_of(blobs, **({"etag": request_etag} if request_etag else {})).code == code


def test_options_of_the_call_cannot_widen_a_bound_either():
    """The bounds hold for the merged options."""
    blobs = dropped(training_set__jsonl=b"{}")
    failure = failure_of(blobs, explicit={"deployment": {"capacity": 51}})
    assert failure.message.startswith("MAX_CAPACITY")


def test_a_huge_options_file_is_not_read_to_its_end():
    """A file of gigabytes under the name of an options file costs one chunk, and is refused."""
    blobs = FakeBlobs(chunk_bytes=300_000)
    blobs.write("datasets", TRAINING, b"{}")
    blobs.write("datasets", f"{FOLDER}/finetune.json", b" " * 3_000_000 + b"{}")
    chunks = CountedBlobs(blobs)
    failure = failure_of(chunks)
    assert (failure.code, failure.message) == ("options-invalid", "The options file has more than 262144 bytes.")
    assert chunks.streamed == 1


class CountedBlobs(FakeBlobs):
    """A storage account that counts the chunks that are read."""

    def __init__(self, blobs):
        super().__init__(chunk_bytes=blobs.chunk_bytes)
        self._bytes, self._versions = blobs._bytes, blobs._versions
        self.streamed = 0

    def stream(self, blob):
        for chunk in super().stream(blob):
            self.streamed += 1
            yield chunk


def test_settling_twice_is_as_good_as_once():
    """An activity that runs twice gives the same plan."""
    blobs = dropped(training_set__jsonl=b"{}", finetune__json=b'{"seed": 5}')
    assert plan_of(blobs) == plan_of(blobs)
