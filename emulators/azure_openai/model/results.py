"""The results file of a training, in the service's columns."""

import csv
import io
from collections.abc import Iterable

from emulators.azure_openai.model.training import Metrics

_COLUMNS = (
    "step",
    "train_loss",
    "train_mean_token_accuracy",
    "valid_loss",
    "valid_mean_token_accuracy",
    "full_valid_loss",
    "full_valid_mean_token_accuracy",
)


def metric_values(metrics: Metrics) -> dict[str, float]:
    """Return the metrics of a step under the service's names; what was not measured is left out."""
    values: dict[str, float] = {"step": metrics.step}
    for name, score in (("train", metrics.train), ("valid", metrics.valid), ("full_valid", metrics.full_valid)):
        if score is not None:
            values[f"{name}_loss"] = score.loss
            values[f"{name}_mean_token_accuracy"] = score.accuracy
    return values


def results_csv(rows: Iterable[Metrics]) -> bytes:
    """Return the metrics as plain UTF-8 CSV; a cell is empty where nothing was measured."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list[str](_COLUMNS), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(metric_values(row) for row in rows)
    return text.getvalue().encode()
