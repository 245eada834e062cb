"""The doors: a blob event or an HTTP call becomes one run."""

import logging
import os

import azure.durable_functions as df
import azure.functions as func
import azurefunctions.extensions.bindings.blob as blob_binding
import msgspec

from shared import codec
from shared.blueprints.problems import problem
from shared.blueprints.reading import read_run
from shared.blueprints.starting import start_run
from shared.core.failures import REMEDIES
from shared.core.intake import is_blob_path, path_kind
from shared.core.options import MAX_OPTIONS_BYTES, check_options
from shared.errors import ServiceError
from shared.services import services
from shared.settings import DATASETS_CONNECTION, DATASETS_CONTAINER, trigger_source

LOG = logging.getLogger(__name__)

bp = df.Blueprint()


class StartBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of POST /api/runs."""

    dataset: str
    options: dict[str, object] = {}


@bp.blob_trigger(
    arg_name="blob",
    path=f"{DATASETS_CONTAINER}/{{name}}",
    connection=DATASETS_CONNECTION,
    source=func.BlobSource(trigger_source(os.environ)),
)
@bp.durable_client_input(client_name="client")
def on_dataset_blob(blob: blob_binding.BlobClient, client: df.SyncDurableFunctionsClient) -> None:
    """Start a run for a training file; partners and options files are found by the run that waits for them."""
    path = str(blob.blob_name)
    kind = path_kind(path)
    if kind != "training":
        LOG.info("%s starts nothing: it is of the kind %s", path, kind)
        return
    training = services().blobs.look(DATASETS_CONTAINER, path)
    if training is None:
        LOG.info("%s starts nothing: it is gone", path)
        return
    start_run(client, training, {}, "blob")


@bp.route(route="runs", methods=["POST"])
@bp.durable_client_input(client_name="client")
def start_run_by_http(req: func.HttpRequest, client: df.SyncDurableFunctionsClient) -> func.HttpResponse:
    """Start a run for a dataset that lies in the container; options given here go before those of the options file."""
    body = _body_of(req)
    if isinstance(body, func.HttpResponse):
        return body
    try:
        return _answer(body, client)
    except ServiceError as error:
        LOG.warning("a start by HTTP failed: %s", error)
        detail = f"The {error.service} service did not do what a start needs: {error.operation}."
        return problem(503, error.code, detail, REMEDIES.get(error.code, REMEDIES["service-refused"]))


def _answer(body: StartBody, client: df.SyncDurableFunctionsClient) -> func.HttpResponse:
    """Start the run that a call asks for, and answer with it."""
    training = services().blobs.look(DATASETS_CONTAINER, body.dataset)
    if training is None:
        detail = f"There is no blob {body.dataset[:200]!r} in the container {DATASETS_CONTAINER}."
        return problem(404, "dataset-not-found", detail, "Drop the dataset first, or mend the path.")
    request, started = start_run(client, training, dict(body.options), "http")
    state = read_run(client, request.run_id)
    return func.HttpResponse(
        msgspec.json.encode(codec.encode(state) if state else {"run_id": request.run_id}),
        status_code=202 if started else 200,
        mimetype="application/json",
        headers={"Location": f"/api/runs/{request.run_id}"},
    )


def _body_of(req: func.HttpRequest) -> StartBody | func.HttpResponse:
    """Return the call's body, or the problem with it."""
    remedy = 'Send {"dataset": "<blob path>", "options": {…}} as JSON.'
    raw = req.get_body()
    if len(raw) > MAX_OPTIONS_BYTES:
        return problem(400, "body-too-large", f"The body has more than {MAX_OPTIONS_BYTES} bytes.", remedy)
    try:
        body = msgspec.json.decode(raw, type=StartBody)
    except msgspec.ValidationError as error:
        return problem(400, "body-invalid", f"The body is not a start of a run: {str(error)[:200]}.", remedy)
    except (msgspec.DecodeError, ValueError, RecursionError):  # ValueError: a string that is not UTF-8
        return problem(400, "body-not-json", "The body is not JSON.", remedy)
    if not is_blob_path(body.dataset) or path_kind(body.dataset) != "training":
        detail = f"{body.dataset[:200]!r} is not the path of a training file (.jsonl, and no validation file)."
        return problem(400, "dataset-not-training", detail, "Name the training file; its partner is found by its name.")
    invalid = check_options(dict(body.options))
    if invalid:
        return problem(400, invalid.code, invalid.message, REMEDIES[invalid.code])
    return body
