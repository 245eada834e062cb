"""Values for tests: each builder gives an ordinary one, in which a test names what matters to it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from shared.core.deployments import DeploymentSnapshot
from shared.core.options import Defaults
from shared.core.plans import Blob, Bounds, Hyperparameters, Plan
from shared.core.runs import RunRequest, RunState
from shared.core.validation import CostEstimate
from shared.core.verification import ChatAnswer

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
RUN_ID = "demo-0123456789ab"
MODEL = "gpt-4o-mini-2024-07-18.ft-0011-demo"
# The smallest environment that the app starts with.
ENVIRON = {
    "DATASETS_STORAGE": "UseDevelopmentStorage=true",
    "AZURE_OPENAI_ENDPOINT": "https://res.openai.azure.com/",
    "AZURE_OPENAI_RESOURCE_ID": "/subscriptions/s/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/res",
}


def a_blob(path: str = "demo/training_set.jsonl", **changes: Any) -> Blob:
    """Return a version of a blob in the container of datasets."""
    return Blob(**{"container": "datasets", "path": path, "etag": '"0x1"', "size": 100, **changes})


def some_bounds(**changes: Any) -> Bounds:
    """Return the bounds of the settings' defaults."""
    ordinary: dict[str, Any] = {
        "base_models": ("gpt-4o-mini-2024-07-18", "gpt-4.1-2025-04-14"),
        "methods": ("supervised",),
        "training_types": ("GlobalStandard", "Standard", "developerTier"),
        "skus": ("GlobalStandard", "Standard", "DeveloperTier"),
        "max_epochs": 10,
        "max_capacity": 50,
        "max_file_bytes": 1_000,
        "max_training_tokens": 1_000_000,
        "max_usd_per_run": Decimal(100),
        "max_usd_per_day": Decimal(300),
        "max_runs_at_once": 3,
    }
    return Bounds(**{**ordinary, **changes})


def some_defaults(**changes: Any) -> Defaults:
    """Return what the settings choose where the options are silent."""
    ordinary = {
        "base_model": "gpt-4o-mini-2024-07-18",
        "method": "supervised",
        "training_type": "GlobalStandard",
        "sku": "GlobalStandard",
        "capacity": 10,
    }
    return Defaults(**{**ordinary, **changes})


def a_request(**changes: Any) -> RunRequest:
    """Return the request of the run that RUN_ID names."""
    ordinary: dict[str, Any] = {
        "run_id": RUN_ID,
        "container": "datasets",
        "path": "demo/training_set.jsonl",
        "etag": '"0x1"',
        "source": "blob",
        "requested_at": NOON,
    }
    return RunRequest(**{**ordinary, **changes})


def a_plan(**changes: Any) -> Plan:
    """Return the plan of the run that RUN_ID names."""
    ordinary: dict[str, Any] = {
        "run_id": RUN_ID,
        "training": a_blob(),
        "base_model": "gpt-4o-mini-2024-07-18",
        "method": "supervised",
        "seed": 7,
        "suffix": "demo",
        "hyperparameters": Hyperparameters(),
        "training_type": "GlobalStandard",
        "deployment_name": RUN_ID,
        "sku": "GlobalStandard",
        "capacity": 10,
    }
    return Plan(**{**ordinary, **changes})


def an_estimate(**changes: Any) -> CostEstimate:
    """Return an estimate far inside the bounds."""
    ordinary: dict[str, Any] = {
        "n_epochs": 3,
        "n_epochs_source": "cookbook rule",
        "training_tokens": 3_000,
        "training_usd": Decimal("9.0000"),
        "hosting_usd_per_hour": Decimal("1.70"),
        "prices_of": date(2026, 8, 11),
    }
    return CostEstimate(**{**ordinary, **changes})


def a_deployment(**changes: Any) -> DeploymentSnapshot:
    """Return the finished deployment of the run that RUN_ID names."""
    ordinary: dict[str, Any] = {
        "name": RUN_ID,
        "model": MODEL,
        "sku": "GlobalStandard",
        "capacity": 10,
        "provisioning_state": "Succeeded",
        "run_id": RUN_ID,
        "owned": True,
    }
    return DeploymentSnapshot(**{**ordinary, **changes})


def an_answer(**changes: Any) -> ChatAnswer:
    """Return an answer with which nothing is wrong."""
    return ChatAnswer(**{"text": "The lamp is lit.", "finish_reason": "stop", "model": MODEL, **changes})


def a_state(**changes: Any) -> RunState:
    """Return the state of a run that has just begun."""
    ordinary: dict[str, Any] = {
        "run_id": RUN_ID,
        "dataset": "demo/training_set.jsonl",
        "etag": '"0x1"',
        "source": "blob",
        "requested_at": NOON,
    }
    return RunState(**{**ordinary, **changes})
