"""Splitting a training blob in two."""

import pytest
from msgspec.structs import replace

from shared.core.lines import MAX_LINE_BYTES
from shared.core.plans import Plan
from shared.core.splits import belongs_to_validation
from shared.errors import BlobChanged
from shared.stages.splitting import split_dataset
from tests.builders import RUN_ID, a_plan
from tests.fakes import FakeBlobs

LINES = [b'{"messages": [%d]}' % n for n in range(200)]


def plan_for(blobs: FakeBlobs, data: bytes, fraction: float = 0.2) -> Plan:
    """Return a plan that pins a training blob of these bytes."""
    training = blobs.write("datasets", "demo/training_set.jsonl", data)
    return a_plan(training=training, validation=None, validation_split=fraction)


def parts_of(data: bytes, fraction: float = 0.2, chunk_bytes: int = 7) -> tuple[bytes, bytes]:
    """Return the bytes of both parts."""
    blobs = FakeBlobs(chunk_bytes=chunk_bytes)
    training, validation = split_dataset(blobs, plan_for(blobs, data, fraction), "tunedrop")
    return b"".join(blobs.stream(training)), b"".join(blobs.stream(validation))


def test_every_line_is_in_exactly_one_part_in_its_order() -> None:
    """Both parts together are the dataset; each line went where its content says."""
    training, validation = parts_of(b"\n".join(LINES) + b"\n")
    assert validation == b"".join(line + b"\n" for line in LINES if belongs_to_validation(line, 0.2))
    assert training == b"".join(line + b"\n" for line in LINES if not belongs_to_validation(line, 0.2))
    assert 20 <= validation.count(b"\n") <= 60


def test_the_parts_lie_in_the_runs_folder_and_are_pinned() -> None:
    """The blobs returned are the versions written, under the run's private names."""
    blobs = FakeBlobs()
    parts = split_dataset(blobs, plan_for(blobs, b"\n".join(LINES)), "tunedrop")
    assert [part.path for part in parts] == [f"runs/{RUN_ID}/training.jsonl", f"runs/{RUN_ID}/validation.jsonl"]
    assert list(parts) == [blobs.look("tunedrop", part.path) for part in parts]


def test_bytes_are_kept_as_they_are() -> None:
    """A byte order mark, carriage returns and a last line without a newline survive on either side."""
    written = [b"\xef\xbb\xbf" + LINES[0] + b"\r\n", *[line + b"\r\n" for line in LINES[1:-1]], LINES[-1]]
    training, validation = parts_of(b"".join(written))
    assert validation == b"".join(line for line in written if belongs_to_validation(line, 0.2))
    assert training == b"".join(line for line in written if not belongs_to_validation(line, 0.2))


def test_doing_it_twice_changes_nothing() -> None:
    """A second try returns the same versions, even when the dataset has been replaced since."""
    blobs = FakeBlobs()
    plan = plan_for(blobs, b"\n".join(LINES))
    first = split_dataset(blobs, plan, "tunedrop")
    blobs.write("datasets", "demo/training_set.jsonl", b"newer")
    assert split_dataset(blobs, plan, "tunedrop") == first


def test_a_part_that_an_interrupted_try_left_out_is_written() -> None:
    """Half the work is finished, and the half that was done keeps its version."""
    blobs = FakeBlobs()
    plan = plan_for(blobs, b"\n".join(LINES))
    training, validation = split_dataset(blobs, plan, "tunedrop")
    blobs.delete("tunedrop", validation.path)
    again = split_dataset(blobs, plan, "tunedrop")
    assert again[0] == training
    assert again[1] == replace(validation, etag=again[1].etag)


def test_a_dataset_that_was_replaced_is_not_split() -> None:
    """The pinned version is gone, and nothing is written."""
    blobs = FakeBlobs()
    plan = plan_for(blobs, b"\n".join(LINES))
    blobs.write("datasets", "demo/training_set.jsonl", b"newer")
    with pytest.raises(BlobChanged):
        split_dataset(blobs, plan, "tunedrop")
    assert blobs.look("tunedrop", f"runs/{RUN_ID}/training.jsonl") is None


def test_a_line_that_is_too_long_stays_too_long_in_the_training_part() -> None:
    """Validation finds it there, however the fraction falls."""
    training, validation = parts_of(b"x" * (MAX_LINE_BYTES + 99) + b"\n{}\n", 0.5, chunk_bytes=2**20)
    assert len(training.split(b"\n")[0]) == MAX_LINE_BYTES + 1
    assert (training + validation).endswith(b"\n{}\n")


def test_what_is_no_jsonl_is_kept_in_one_piece() -> None:
    """An archive is not torn in two, so that validation can say that it is one."""
    archive = b"\x1f\x8b" + b"\n".join(LINES)
    assert parts_of(archive, 0.5) == (archive, b"")
