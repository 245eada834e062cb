"""Intake: one claim for one dataset version, then its parts pinned by ETag and its plan settled."""

from typing import Any

from msgspec import Struct

from shared import codec
from shared.core.failures import Failure, failure
from shared.core.intake import Parts, claim_path, options_paths_for, private_path, validation_paths_for
from shared.core.options import MAX_OPTIONS_BYTES, Defaults, merge_options, parse_options, plan_for
from shared.core.plans import Blob, Bounds, Plan
from shared.core.runs import RunRequest
from shared.ports import BlobStore
from shared.stages.parts import beginning_of


class Claim(Struct, frozen=True, kw_only=True):
    """The record that makes a run the only one of its dataset version."""

    request: RunRequest
    options: dict[str, Any] = {}


class Intake(Struct, frozen=True, kw_only=True):
    """How intake ended: with a plan, or with the reason why there is none."""

    plan: Plan | None = None
    failure: Failure | None = None


def claim_run(blobs: BlobStore, container: str, request: RunRequest, options: dict[str, Any]) -> bool:
    """Claim a dataset version for a run, atomically; tell whether this call was the first."""
    data = codec.to_json(Claim(request=request, options=options))
    return blobs.create(container, claim_path(request.run_id), data)


def find_parts(blobs: BlobStore, container: str, training_path: str) -> Parts:
    """Return the parts of a dataset that exist now; its own options file goes before the folder's."""
    return Parts(
        training=blobs.look(container, training_path),
        validation=_first(blobs, container, validation_paths_for(training_path)),
        options_file=_first(blobs, container, options_paths_for(training_path)),
    )


def settle_plan(
    blobs: BlobStore, state_container: str, request: RunRequest, defaults: Defaults, bounds: Bounds
) -> Intake:
    """Pin the dataset's parts as they are now and settle what the run will do; its questions go to a private blob."""
    parts = find_parts(blobs, request.container, request.path)
    problem = _problem_with(parts.training, request)
    if problem:
        return Intake(failure=problem)
    raw = _options_of(blobs, state_container, request, parts.options_file)
    if isinstance(raw, Failure):
        return Intake(failure=raw)
    settled = plan_for(request, parts, raw, defaults, bounds)
    if isinstance(settled, Failure):
        return Intake(failure=settled)
    plan, script = settled
    blobs.write(state_container, private_path(request.run_id, "script.json"), codec.to_json(script))
    return Intake(plan=plan)


def _first(blobs: BlobStore, container: str, paths: tuple[str, ...]) -> Blob | None:
    found = (blobs.look(container, path) for path in paths)
    return next((blob for blob in found if blob is not None), None)


def _problem_with(training: Blob | None, request: RunRequest) -> Failure | None:
    if training is None:
        return failure("dataset-missing", f"{request.path} was there when the run was asked for, and is gone.")
    if training.etag != request.etag:
        return failure("dataset-changed", f"{request.path} was replaced before the run began.")
    if training.size == 0:
        return failure("empty-dataset", f"{request.path} has no bytes.")
    return None


def _options_of(
    blobs: BlobStore, state_container: str, request: RunRequest, options_file: Blob | None
) -> dict[str, Any] | Failure:
    """Return the merged options: the file's, overridden by what the HTTP call gave."""
    claim = blobs.read(state_container, claim_path(request.run_id))
    explicit = codec.from_json(claim, Claim).options if claim else {}
    if options_file is None:
        return explicit
    # One byte more than is allowed, so that a file which is too large shows as such.
    from_file = parse_options(beginning_of(blobs, options_file, MAX_OPTIONS_BYTES + 1))
    return from_file if isinstance(from_file, Failure) else merge_options(from_file, explicit)
