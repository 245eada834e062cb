"""Splitting: a training blob without a validation blob becomes two blobs of the run's own."""

from collections.abc import Iterator

from shared.core.examples import other_format
from shared.core.intake import private_path
from shared.core.lines import lines_of
from shared.core.plans import Blob, Plan
from shared.core.splits import belongs_to_validation
from shared.core.validation import SplitName
from shared.ports import BlobStore


def split_dataset(blobs: BlobStore, plan: Plan, container: str) -> tuple[Blob, Blob]:
    """Write the plan's training and validation part into the run's folder of `container` and return both.

    Each part takes one pass over the pinned blob, so neither memory nor a disk holds it. A part that an earlier try has
    written is taken as it is: a run has one dataset version and one fraction, so it could only be written the same, and
    a new ETag would look like a change.

    Raises:
        BlobChanged: the dataset was replaced since it was pinned.
    """
    return _part(blobs, plan, container, "training"), _part(blobs, plan, container, "validation")


def _part(blobs: BlobStore, plan: Plan, container: str, split: SplitName) -> Blob:
    path = private_path(plan.run_id, f"{split}.jsonl")
    return blobs.look(container, path) or blobs.write_stream(container, path, _lines(blobs, plan, split))


def _lines(blobs: BlobStore, plan: Plan, split: SplitName) -> Iterator[bytes]:
    fraction = plan.validation_split or 0
    for line in lines_of(blobs.stream(plan.training)):
        if line.number == 1 and other_format(line.data):
            fraction = 0  # the training part keeps the whole file, so that validation can still tell what it is
        # A line that is too long is never held as a whole. Its beginning goes to the training part and is itself too
        # long, so that validation finds and refuses it there.
        held_out = not line.too_long and belongs_to_validation(line.data, fraction)
        if held_out == (split == "validation"):
            yield line.data
            if line.ended:
                yield b"\n"
