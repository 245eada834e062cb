"""Checks the body that asks for a job and resolves what it leaves open."""

import re
from typing import Any

from emulators.azure_openai.catalogue import BaseModel, bind_training_type, find_model
from emulators.azure_openai.errors import ServiceError, invalid_payload
from emulators.azure_openai.state.account import Account
from emulators.azure_openai.state.records import Hyperparameters, JobRequest

_SUFFIX = re.compile(r"[A-Za-z0-9_-]+")
_SUFFIX_LENGTH = {True: 64, False: 40}  # v1, dated (their specifications)
_MAX_SEED = 2**31 - 1
_METADATA_PAIRS, _METADATA_KEY, _METADATA_VALUE = 16, 64, 512
_ECHOED_METHODS = frozenset({"supervised", "dpo"})


def check_request(account: Account, body: dict[str, Any], generated_seed: int, *, v1: bool) -> JobRequest:
    """Return what a body asks for.

    Raises:
        ServiceError: with the text that was recorded, where there is one.
    """
    # The service binds the body as a whole: one value that does not fit makes all of it missing.
    given_type = body.get("trainingType")
    training_type = "standard" if given_type is None else bind_training_type(given_type)
    if training_type is None or not _is_text(body.get("model")) or not _is_text(body.get("training_file")):
        raise invalid_payload("The fineTuningJob field is required.")
    model, base = _resolve_model(account, body["model"])
    method = _check_method(body.get("method"), base)
    if training_type == "standard" and account.config.region not in base.standard_training:
        raise invalid_payload("The specified base model does not support fine-tuning with Standard TrainingType.")
    validation_file = body.get("validation_file")
    for file_id in [body["training_file"], *([] if validation_file is None else [validation_file])]:
        _check_file(account, file_id)
    return JobRequest(
        model=model,
        base=base,
        training_file=body["training_file"],
        validation_file=validation_file,
        hyperparameters=_check_hyperparameters(body, method),
        seed=_check_seed(body.get("seed"), generated_seed),
        training_type=training_type,
        echoed_training_type=None if given_type is None else training_type,
        suffix=_check_suffix(body.get("suffix"), v1=v1),
        method=method,
        metadata=_check_metadata(body.get("metadata")),
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _resolve_model(account: Account, name: str) -> tuple[str, BaseModel]:
    tuned = account.models.get(name)
    if tuned is not None:
        return tuned.name, tuned.base
    base = find_model(name)
    if base is None or not base.methods:
        raise invalid_payload("The specified base model does not support fine-tuning.")
    return base.full_name, base


def _check_file(account: Account, file_id: Any) -> None:
    file = account.files.get(file_id) if isinstance(file_id, str) else None
    if file is None:
        raise ServiceError(400, "invalidPayload", f"The specified file '{file_id}' does not exist.")
    if file.status != "processed":
        raise invalid_payload("The specified file reference must point to a completed file import.")
    if file.purpose != "fine-tune":
        raise invalid_payload("The specified file has not the purpose 'fine-tune'.")


def _check_method(method: Any, base: BaseModel) -> dict[str, Any] | None:
    if method is None:
        return None
    if not isinstance(method, dict) or not isinstance(method.get("type"), str):
        raise invalid_payload("The fineTuningJob field is required.")
    if method["type"] not in _ECHOED_METHODS or method["type"] not in base.methods:
        raise invalid_payload(f"The specified base model does not support the method '{method['type']}'.")
    return method


def _check_hyperparameters(body: dict[str, Any], method: dict[str, Any] | None) -> Hyperparameters:
    nested = (method.get(method["type"]) or {}).get("hyperparameters") if method else None
    given = nested or body.get("hyperparameters") or {}
    if not isinstance(given, dict):
        raise invalid_payload("The fineTuningJob field is required.")
    return Hyperparameters(
        n_epochs=_whole(given, "n_epochs", 1, 50),
        batch_size=_whole(given, "batch_size", 1, 256),
        learning_rate_multiplier=_positive(given, "learning_rate_multiplier"),
    )


def _is_automatic(value: Any) -> bool:
    return value is None or value in ("auto", -1)


def _whole(given: dict[str, Any], name: str, least: int, most: int) -> int | None:
    value = given.get(name)
    if _is_automatic(value):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise invalid_payload(f"{name} must be a whole number.")
    if not least <= value <= most:
        raise invalid_payload(f"{name} must be between {least} and {most}.")
    return int(value)


def _positive(given: dict[str, Any], name: str) -> float | None:
    value = given.get(name)
    if _is_automatic(value):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 10:
        raise invalid_payload(f"{name} must be greater than 0 and at most 10.")
    return float(value)


def _check_seed(seed: Any, generated: int) -> int:
    if seed is None:
        return generated
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= _MAX_SEED:
        raise invalid_payload(f"seed must be between 0 and {_MAX_SEED}.")
    return seed


def _check_suffix(suffix: Any, *, v1: bool) -> str | None:
    if suffix is None:
        return None
    longest = _SUFFIX_LENGTH[v1]
    if not isinstance(suffix, str) or not _SUFFIX.fullmatch(suffix) or len(suffix) > longest:
        raise invalid_payload(f"suffix must have 1 to {longest} characters of a-z, A-Z, 0-9, - and _.")
    return suffix


def _check_metadata(metadata: Any) -> dict[str, str] | None:
    if metadata is None:
        return None
    fits = isinstance(metadata, dict) and len(metadata) <= _METADATA_PAIRS
    if not fits or not all(_is_pair(key, value) for key, value in metadata.items()):
        text = f"metadata takes {_METADATA_PAIRS} pairs of text, keys up to {_METADATA_KEY} and values up to"
        raise invalid_payload(f"{text} {_METADATA_VALUE} characters.")
    return metadata


def _is_pair(key: Any, value: Any) -> bool:
    return isinstance(value, str) and len(key) <= _METADATA_KEY and len(value) <= _METADATA_VALUE
