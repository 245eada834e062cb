"""What is known of runs, read from their orchestrations."""

import azure.durable_functions as df
from durabletask.client import OrchestrationQuery, OrchestrationState, OrchestrationStatus

from shared import codec
from shared.blueprints.names import RUN_DATASET
from shared.core.failures import failure
from shared.core.runs import LiveProgress, RunRequest, RunState
from shared.core.transitions import end_with, finish
from shared.core.views import with_live
from shared.errors import PayloadError

_BROKEN = (OrchestrationStatus.FAILED, OrchestrationStatus.TERMINATED)


def read_run(client: df.SyncDurableFunctionsClient, run_id: str) -> RunState | None:
    """Return all that is known of a run now, or None when there is no such run."""
    found = client.get_orchestration_state(run_id)
    if found is None or found.name != RUN_DATASET:
        return None
    state = _state_of(found)
    if state is None or not state.waiting_instance or found.runtime_status in _BROKEN:
        return state
    waiting = client.get_orchestration_state(state.waiting_instance)
    live = waiting.get_custom_status() if waiting else None
    return with_live(state, codec.decode(live, LiveProgress)) if live else state


def read_runs(client: df.SyncDurableFunctionsClient) -> list[RunState]:
    """Return all runs that Durable remembers, newest first; reads them all, since Durable cannot sort."""
    query = OrchestrationQuery(fetch_inputs_and_outputs=True)
    found = [row for row in client.get_all_orchestration_states(query) if row.name == RUN_DATASET]
    states = [state for state in map(_state_of, found) if state is not None]
    return sorted(states, key=lambda state: state.requested_at, reverse=True)


def _state_of(found: OrchestrationState) -> RunState | None:
    """Return a run's state from its output, else its custom status, else its input; None when none is readable."""
    try:
        if found.runtime_status is OrchestrationStatus.COMPLETED:
            return codec.decode(found.get_output(), RunState)
        told = found.get_custom_status()
        state = codec.decode(told, RunState) if told else _state_before_start(found)
    except PayloadError:
        return None
    if found.runtime_status in _BROKEN:
        message = f"The orchestration ended as {found.runtime_status.name.lower()}."
        end_with(state, failure("unexpected-error", message), found.last_updated_at)
        finish(state, found.last_updated_at)
    return state


def _state_before_start(found: OrchestrationState) -> RunState:
    request = codec.decode(found.get_input(), RunRequest)
    return RunState(
        run_id=request.run_id,
        dataset=request.path,
        etag=request.etag,
        source=request.source,
        requested_at=request.requested_at,
        waiting_for="its turn to start",
    )
