"""The pinned parts of a dataset: reading the beginning of one, and saying which one is no longer as it was pinned."""

from shared.core.failures import Failure, failure
from shared.core.plans import Blob, Plan
from shared.ports import BlobStore


def beginning_of(blobs: BlobStore, blob: Blob, size: int) -> bytes:
    """Return at most the first `size` bytes of a pinned blob, however large it is."""
    beginning = b""
    for chunk in blobs.stream(blob):
        beginning += chunk
        if len(beginning) >= size:
            break
    return beginning[:size]


def lost_part(blobs: BlobStore, plan: Plan) -> Failure:
    """Return why a pinned part could not be read.

    A new training file has a run of its own; a new validation file has none, since it starts nothing by itself.
    """
    if plan.validation and _is_lost(blobs, plan.validation) and not _is_lost(blobs, plan.training):
        return failure("validation-set-changed", f"{plan.validation.path} was replaced or deleted after it was pinned.")
    if blobs.look(plan.training.container, plan.training.path) is None:
        return failure("dataset-missing", f"{plan.training.path} was deleted while the run needed it.")
    return failure("dataset-changed", f"{plan.training.path} was replaced while the run was reading it.")


def _is_lost(blobs: BlobStore, pinned: Blob) -> bool:
    now = blobs.look(pinned.container, pinned.path)
    return now is None or now.etag.strip('"') != pinned.etag.strip('"')
