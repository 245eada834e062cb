"""Upload: each split becomes one file, however often it is tried."""

import pytest
from msgspec.structs import replace

from shared.core.files import FileSnapshot
from shared.errors import NotFound, RequestRefused, ServiceUnavailable
from shared.stages.upload import check_file, upload_file
from tests.builders import RUN_ID, a_plan
from tests.fakes import FakeBlobs
from tests.fakes_openai import FakeFineTuning

NAME = f"{RUN_ID}-training.jsonl"


@pytest.fixture
def blobs():
    """Return a storage account with both splits, read in pieces."""
    blobs = FakeBlobs(chunk_bytes=4)
    blobs.write("datasets", "t.jsonl", b"training bytes")
    blobs.write("datasets", "v.jsonl", b"validation bytes")
    return blobs


def plan_of(blobs):
    """Return a plan that pins both splits."""
    return a_plan(training=blobs.look("datasets", "t.jsonl"), validation=blobs.look("datasets", "v.jsonl"))


@pytest.mark.parametrize(("split", "data"), [("training", b"training bytes"), ("validation", b"validation bytes")])
def test_a_split_is_uploaded_whole_under_the_runs_name(blobs, split, data):
    """The file is the pinned blob, byte for byte, and its name says whose it is."""
    tuning = FakeFineTuning()
    result = upload_file(blobs, tuning, plan_of(blobs), split)
    assert result.done
    assert result.file is not None
    assert result.file.filename == f"{RUN_ID}-{split}.jsonl"
    assert tuning.contents[result.file.id] == data


def test_uploading_twice_makes_one_file(blobs):
    """The second try adopts what the first has made."""
    tuning = FakeFineTuning()
    first = upload_file(blobs, tuning, plan_of(blobs), "training")
    assert upload_file(blobs, tuning, plan_of(blobs), "training") == first
    assert len(tuning.files) == 1


def test_a_file_behind_a_lost_answer_is_adopted(blobs):
    """A connection that broke after the effect leads to no second file."""
    tuning = FakeFineTuning()
    tuning.trouble.fail("create_file", ServiceUnavailable("azure-openai", "create_file"))
    with pytest.raises(ServiceUnavailable):
        upload_file(blobs, tuning, plan_of(blobs), "training")
    assert upload_file(blobs, tuning, plan_of(blobs), "training").done
    assert len(tuning.files) == 1


def test_a_file_that_failed_is_not_adopted(blobs):
    """A file in error would fail the run again: a new one is made beside it."""
    tuning = FakeFineTuning()
    tuning.files["old"] = FileSnapshot(id="old", filename=NAME, status="error")
    result = upload_file(blobs, tuning, plan_of(blobs), "training")
    assert result.file is not None
    assert result.file.id != "old"


def test_what_the_service_refuses_ends_the_run_in_its_words(blobs):
    """A refusal would be repeated: it is returned, not raised."""
    tuning = FakeFineTuning()
    refused = RequestRefused(
        "azure-openai", "create_file", status=400, service_code="quotaExceeded", said="The maximum is 500."
    )
    tuning.trouble.fail("create_file", refused)
    failure = upload_file(blobs, tuning, plan_of(blobs), "training").failure
    assert failure is not None
    assert (failure.code, failure.detail) == ("file-refused", "quotaExceeded: The maximum is 500.")


@pytest.mark.parametrize(
    ("split", "path", "data", "code"),
    [
        ("training", "t.jsonl", b"a newer dataset", "dataset-changed"),
        ("training", "t.jsonl", None, "dataset-missing"),
        ("validation", "v.jsonl", b"a newer dataset", "validation-set-changed"),
        ("validation", "v.jsonl", None, "validation-set-changed"),
    ],
)
def test_a_changed_blob_is_reported_and_never_mixed_in(blobs, split, path, data, code):
    """What is no longer the pinned version is not uploaded, and the failure says which part it was."""
    plan, tuning = plan_of(blobs), FakeFineTuning()
    if data is None:
        blobs.delete("datasets", path)
    else:
        blobs.write("datasets", path, data)
    failure = upload_file(blobs, tuning, plan, split).failure
    assert failure is not None
    assert failure.code == code
    assert tuning.files == {}


def test_a_blob_that_changes_in_the_middle_is_noticed(blobs):
    """The pin holds from the first byte to the last."""
    plan = plan_of(blobs)

    class Overtaken(FakeFineTuning):
        def create_file(self, filename, blob, chunks):
            assert next(chunks) == b"trai"
            blobs.write("datasets", "t.jsonl", b"XXXXXXXXXXXXXX")
            return super().create_file(filename, blob, chunks)

    failure = upload_file(blobs, Overtaken(), plan, "training").failure
    assert failure is not None
    assert failure.code == "dataset-changed"


def test_a_service_that_is_not_there_is_not_a_missing_dataset(blobs):
    """A 404 of Azure OpenAI is raised: the engine tries again."""
    tuning = FakeFineTuning()
    tuning.trouble.fail("create_file", NotFound("azure-openai", "create_file", status=404))
    with pytest.raises(NotFound):
        upload_file(blobs, tuning, plan_of(blobs), "training")


@pytest.mark.parametrize(
    ("status", "done", "code"),
    [
        ("processed", True, None),
        ("pending", False, None),
        ("running", False, None),
        ("a status of next year", False, None),
        ("error", False, "file-refused"),
        ("deleted", False, "file-refused"),
    ],
)
def test_only_a_processed_file_is_ready(status, done, code):
    """Other states are waited on or end the run, the unknown ones never do either at once."""
    tuning = FakeFineTuning()
    tuning.files["f"] = FileSnapshot(id="f", filename=NAME, status=status, detail="Line 3 is broken.")
    result = check_file(tuning, "f", "training")
    assert (result.done, result.failure.code if result.failure else None) == (done, code)
    assert result.failure is None or result.failure.detail == "Line 3 is broken."
    assert result.done or result.failure or result.waiting_for == f"the training file ({status})"


def test_a_file_that_becomes_ready_is_noticed():
    """The same check, later."""
    tuning = FakeFineTuning()
    tuning.files["f"] = FileSnapshot(id="f", filename=NAME, status="pending")
    assert not check_file(tuning, "f", "training").done
    tuning.files["f"] = replace(tuning.files["f"], status="processed")
    assert check_file(tuning, "f", "training").done
