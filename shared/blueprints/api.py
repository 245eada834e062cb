"""Reading runs over HTTP."""

import azure.durable_functions as df
import azure.functions as func
import msgspec

from shared import codec
from shared.blueprints.problems import problem
from shared.blueprints.reading import read_run, read_runs
from shared.core.views import row_for

bp = df.Blueprint()

DEFAULT_PAGE, LARGEST_PAGE = 50, 200


@bp.route(route="runs/{run_id}", methods=["GET"])
@bp.durable_client_input(client_name="client")
def get_run(req: func.HttpRequest, client: df.SyncDurableFunctionsClient) -> func.HttpResponse:
    """Answer with all that is known of a run."""
    state = read_run(client, req.route_params["run_id"])
    if state is None:
        detail = "There is no run of that id."
        return problem(404, "run-not-found", detail, "Look for the run in GET /api/runs.")
    return _json(codec.encode(state))


@bp.route(route="runs", methods=["GET"])
@bp.durable_client_input(client_name="client")
def list_runs(req: func.HttpRequest, client: df.SyncDurableFunctionsClient) -> func.HttpResponse:
    """Answer with the runs, newest first, a page at a time (`top`, `continuation_token`)."""
    top = _number(req.params.get("top"), DEFAULT_PAGE)
    start = _number(req.params.get("continuation_token"), 0)
    if top is None or start is None or not 1 <= top <= LARGEST_PAGE:
        detail = f"top must be a number from 1 to {LARGEST_PAGE}, continuation_token one that an earlier page gave."
        return problem(400, "query-invalid", detail, "Mend the query.")
    states = read_runs(client)
    following = str(start + top) if start + top < len(states) else None
    rows = [codec.encode(row_for(state)) for state in states[start : start + top]]
    return _json({"runs": rows, "continuation_token": following})


def _number(text: str | None, default: int) -> int | None:
    if not text:
        return default
    # At most nine ASCII digits: isdigit alone would let through what int() refuses.
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _json(body: object) -> func.HttpResponse:
    return func.HttpResponse(msgspec.json.encode(body), mimetype="application/json")
