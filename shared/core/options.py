"""From what a dropper wrote to a plan within the bounds."""

import hashlib
import re
from typing import Any

import msgspec

from shared.core.failures import Failure, failure
from shared.core.intake import Parts, slug_for
from shared.core.models import canonical_model
from shared.core.plans import Bounds, Options, Plan, Script
from shared.core.runs import RunRequest
from shared.core.verification import Question

# An options file of more than this is no options file.
MAX_OPTIONS_BYTES = 256 * 1024


class Defaults(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings choose where the options are silent."""

    base_model: str
    method: str
    training_type: str
    sku: str
    capacity: int


def parse_options(data: bytes) -> dict[str, Any] | Failure:
    """Return what an options file says, checked, as plain JSON; a BOM is allowed."""
    if len(data) > MAX_OPTIONS_BYTES:
        return failure("options-invalid", f"The options file has more than {MAX_OPTIONS_BYTES} bytes.")
    try:
        raw = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):  # bytes that are not UTF-8 are a ValueError as well
        return failure("options-invalid", "The options file is not JSON.")
    return check_options(raw) or raw


def check_options(raw: Any) -> Failure | None:
    """Return what is wrong with options, or None; the message names the field, never its value."""
    try:
        msgspec.convert(raw, Options)
    except msgspec.ValidationError as error:
        # The library quotes a value that is not among the allowed ones; a value may be prompt text. So may a name that
        # does not look like one.
        said = re.sub(r"enum value .* - at", "value - at", str(error), flags=re.DOTALL)
        said = re.sub(r"unknown field `(?!\w{1,40}`).*`", "unknown field `…`", said, flags=re.DOTALL)
        return failure("options-invalid", f"The options are not valid: {said[:200]}.")
    return None


def merge_options(file: dict[str, Any], explicit: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a run: what the HTTP call gave wins over the file, field by field."""
    merged = dict(file)
    for name, value in explicit.items():
        ours = merged.get(name)
        merged[name] = merge_options(ours, value) if isinstance(ours, dict) and isinstance(value, dict) else value
    return merged


def plan_for(
    request: RunRequest, parts: Parts, raw: dict[str, Any], defaults: Defaults, bounds: Bounds
) -> tuple[Plan, Script] | Failure:
    """Return what the run will do and what it will ask its model, or the bound that its options exceed."""
    options = msgspec.convert(raw, Options)
    digest = hashlib.sha256(request.run_id.encode()).digest()
    training = parts.training
    assert training is not None, "a plan is made of pinned parts"  # noqa: S101 - the caller has pinned it
    slug = slug_for(request.path)
    plan = Plan(
        run_id=request.run_id,
        training=training,
        validation=parts.validation,
        options_file=parts.options_file,
        base_model=canonical_model(options.base_model or defaults.base_model),
        method=options.method or msgspec.convert(defaults.method, type=Any),
        # A seed that follows from the run makes it repeatable, even when nobody chose one.
        seed=options.seed if options.seed is not None else int.from_bytes(digest[:4]) % 2**31,
        suffix=options.suffix or slug[:18].strip("-"),
        hyperparameters=options.hyperparameters,
        training_type=options.training_type or msgspec.convert(defaults.training_type, type=Any),
        deployment_name=options.deployment.name or f"{slug}-{request.run_id[-12:]}",
        sku=_as_allowed(options.deployment.sku or defaults.sku, bounds.skus),
        capacity=options.deployment.capacity or defaults.capacity,
        validation_split=options.validation_split,
        questions=len(options.verification.questions),
    )
    return exceeded_bound(plan, bounds) or (plan, _script(options))


def exceeded_bound(plan: Plan, bounds: Bounds) -> Failure | None:
    """Return the first bound that a plan exceeds, by the name of its setting, or None."""
    choices = [
        ("ALLOWED_BASE_MODELS", plan.base_model, tuple(canonical_model(name) for name in bounds.base_models)),
        ("ALLOWED_METHODS", plan.method, bounds.methods),
        ("ALLOWED_TRAINING_TYPES", plan.training_type, bounds.training_types),
        ("ALLOWED_SKUS", plan.sku, bounds.skus),
    ]
    for setting, asked, allowed in choices:
        if asked.casefold() not in (name.casefold() for name in allowed):
            return exceeded(setting, f"{asked[:64]!r} was asked for; allowed: {', '.join(allowed)}")
    sizes = [
        ("MAX_EPOCHS", plan.hyperparameters.n_epochs or 0, bounds.max_epochs),
        ("MAX_CAPACITY", plan.capacity, bounds.max_capacity),
        ("MAX_FILE_BYTES", plan.training.size, bounds.max_file_bytes),
        ("MAX_FILE_BYTES", plan.validation.size if plan.validation else 0, bounds.max_file_bytes),
    ]
    for setting, asked, allowed in sizes:
        if asked > allowed:
            return exceeded(setting, f"{asked:,} was asked for; allowed: {allowed:,}")
    return None


def exceeded(setting: str, explanation: str) -> Failure:
    """Return the failure of a run that asks for more than a setting allows."""
    return failure("bound-exceeded", f"{setting}: {explanation}.")


def _as_allowed(asked: str, allowed: tuple[str, ...]) -> str:
    """Return a name in the settings' spelling, which the table of prices knows; ARM does not mind letter case."""
    return next((name for name in allowed if name.casefold() == asked.casefold()), asked)


def _script(options: Options) -> Script:
    questions = [
        Question(
            messages=[
                *([{"role": "system", "content": asked.system}] if asked.system else []),
                {"role": "user", "content": asked.prompt},
            ],
            expected=asked.expected or options.verification.expected,
        )
        for asked in options.verification.questions
    ]
    return Script(questions=questions, expected=options.verification.expected)
