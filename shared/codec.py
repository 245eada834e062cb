"""The only place where the product's types become JSON values and back."""

from typing import Any

import msgspec

from shared.errors import PayloadError


def encode(value: Any) -> Any:
    """Return `value` as plain JSON values (dict, list, str, int, float, bool, None)."""
    return msgspec.to_builtins(value, str_keys=True)


def decode[T](value: Any, kind: type[T]) -> T:
    """Return plain JSON values as a `kind`; unknown fields are ignored, so an older release reads a newer payload.

    Raises:
        PayloadError: with the path of the offending field.
    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise PayloadError(f"{kind.__name__}: {error}") from error


def to_json(value: Any) -> bytes:
    """Return `value` as indented UTF-8 JSON, keys in the order of their declaration."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2)


def from_json[T](data: bytes, kind: type[T]) -> T:
    """Return the `kind` that UTF-8 JSON describes.

    Raises:
        PayloadError: when it is not JSON or not of that shape.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.DecodeError as error:
        raise PayloadError(f"{kind.__name__}: {error}") from error
    except (UnicodeDecodeError, RecursionError):
        # `from None`: the first one's text quotes the bytes.
        raise PayloadError(f"{kind.__name__}: neither valid UTF-8 nor JSON of a sane depth") from None
