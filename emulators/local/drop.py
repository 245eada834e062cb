"""Drops a dataset as a person would: into one folder of the container, with the storage SDK."""

from dataclasses import dataclass
from pathlib import Path

from azure.storage.blob import BlobServiceClient

from emulators.local.stack import DATASETS, PROJECT

SAMPLES = PROJECT / "samples"


class DatasetError(Exception):
    """What is wrong with the files that were named, in one line."""


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """The files of a dataset on this machine; only the training part must be there."""

    training: Path
    validation: Path | None = None
    options: Path | None = None

    @property
    def folder(self) -> str:
        """Return the folder to drop it in: "demo" for the samples, else the training file's name."""
        return "demo" if self.training.resolve() == SAMPLES / "training_set.jsonl" else self.training.stem

    @property
    def path(self) -> str:
        """Return the path of the training blob, which is what the app calls the dataset."""
        return f"{self.folder}/training_set.jsonl"


def dataset_for(training: Path | None, validation: Path | None, options: Path | None) -> Dataset:
    """Return the dataset of these files; without a training file the samples fill what was not named.

    Raises:
        DatasetError: a file is missing, no file, or cannot be read.
    """
    if training is None:
        training = SAMPLES / "training_set.jsonl"
        validation = validation or SAMPLES / "validation_set.jsonl"
        options = options or SAMPLES / "finetune.json"
    for kind, file in (("training", training), ("validation", validation), ("options", options)):
        if file is not None:
            _check(kind, file)
    return Dataset(training=training, validation=validation, options=options)


def drop(storage: BlobServiceClient, dataset: Dataset) -> None:
    """Upload the parts; the training part last, since its arrival starts the run."""
    container = storage.get_container_client(DATASETS)
    parts = {
        "finetune.json": dataset.options,
        "validation_set.jsonl": dataset.validation,
        "training_set.jsonl": dataset.training,
    }
    for name, file in parts.items():
        if file is not None:
            with file.open("rb") as content:
                container.upload_blob(f"{dataset.folder}/{name}", content, overwrite=True)


def _check(kind: str, file: Path) -> None:
    try:
        with file.open("rb"):
            return
    except OSError as error:
        msg = f"the {kind} file {file} cannot be read: {error.strerror}"
        raise DatasetError(msg) from None
