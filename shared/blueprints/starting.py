"""The one way into a run, for blob events and HTTP calls alike: one claim, one orchestration."""

import logging
from datetime import UTC, datetime
from typing import Any, Literal

import azure.durable_functions as df
import grpc

from shared import codec
from shared.blueprints.names import RUN_DATASET
from shared.core.intake import request_for
from shared.core.plans import Blob
from shared.core.reports import report_links_for
from shared.core.runs import RunRequest
from shared.services import services
from shared.stages.intake import claim_run

LOG = logging.getLogger(__name__)


def start_run(
    client: df.SyncDurableFunctionsClient, training: Blob, options: dict[str, Any], source: Literal["blob", "http"]
) -> tuple[RunRequest, bool]:
    """Start the one run of a dataset version, unless it has been started; tell whether this call started it."""
    settings, blobs = services().settings, services().blobs
    request = request_for(training, options, source=source, now=datetime.now(UTC), pace=settings.pace)
    claimed = claim_run(blobs, settings.state_container, request, options)
    if not claimed and not _was_lost(client, request):
        LOG.info("run %s exists already", request.run_id)
        return request, False
    try:
        client.schedule_new_orchestration(RUN_DATASET, input=codec.encode(request), instance_id=request.run_id)
    except grpc.RpcError:
        # Another event was faster between our look and our start; any other cause is raised again.
        if client.get_orchestration_state(request.run_id) is None:
            raise
        return request, False
    LOG.info("run %s started for %s", request.run_id, training.path)
    return request, True


def _was_lost(client: df.SyncDurableFunctionsClient, request: RunRequest) -> bool:
    """Tell whether a claimed run never began: its claimer died before it could start the orchestration."""
    if client.get_orchestration_state(request.run_id) is not None:
        return False
    # A run whose history has been purged has left its report.
    links = report_links_for(services().settings.reports_container, request.path, request.run_id)
    container, _, path = links.json.partition("/")
    return services().blobs.look(container, path) is None
