"""The product's types as JSON and back."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from msgspec import Struct

from shared import codec
from shared.core.ledger import Ledger, Promise
from shared.core.polling import CheckResult
from shared.errors import PayloadError
from tests.builders import a_plan, a_request


class Sample(Struct, kw_only=True):
    """A type with what crosses boundaries."""

    number: int
    usd: Decimal = Decimal(0)
    at: datetime | None = None
    words: dict[str, list[str]] = {}


AT = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)


def test_encoded_values_are_plain_json():
    """Nothing but JSON's own types crosses the durable boundary; money keeps its digits."""
    encoded = codec.encode(Sample(number=1, usd=Decimal("1.50"), at=AT, words={"a": ["b"]}))
    assert encoded == {"number": 1, "usd": "1.50", "at": "2026-03-14T12:00:00Z", "words": {"a": ["b"]}}
    assert json.loads(json.dumps(encoded)) == encoded


@pytest.mark.parametrize(
    "value",
    [
        Sample(number=1, usd=Decimal("0.0001"), at=AT, words={"ü": ["💡"]}),
        a_plan(),
        a_request(),
        CheckResult(done=True),
        Ledger(promises=[Promise(run_id="a", usd=Decimal("1.10"), at=AT)]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_goes_out_comes_back(value):
    """Through history (JSON text) and through blobs (bytes), a value stays itself."""
    assert codec.decode(json.loads(json.dumps(codec.encode(value))), type(value)) == value
    assert codec.from_json(codec.to_json(value), type(value)) == value


def test_a_newer_releases_fields_are_ignored():
    """An older release can read what a newer one has written."""
    assert codec.decode({"number": 1, "colour": "red"}, Sample) == Sample(number=1)
    assert codec.from_json(b'{"number": 1, "colour": "red"}', Sample) == Sample(number=1)


@pytest.mark.parametrize("payload", [None, [], "x", {}, {"number": "1"}, {"number": 1, "at": "noon"}])
def test_a_payload_of_another_shape_is_named(payload):
    """A payload that is not what it should be says which type was expected."""
    with pytest.raises(PayloadError, match=r"^Sample: "):
        codec.decode(payload, Sample)


def test_the_path_of_an_offending_field_is_told():
    """Whoever looks for the cause finds the field, not the value."""
    with pytest.raises(PayloadError) as caught:
        codec.decode({"number": 1, "words": {"a": "tell nobody"}}, Sample)
    assert "$.words" in str(caught.value)
    assert "tell nobody" not in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"null",
        b'{"number": "1"}',
        b'{"number": 1, "words": {"a": ["\xfftell nobody"]}}',
        b'{"number": 1, "words": {"a": ["\\ud800"]}}',
        b'{"x": ' + b"[" * 200_000,
    ],
)
def test_bytes_that_are_no_such_value_are_a_payload_error(data):
    """A broken blob is an error of ours, without the blob's text, never a crash of a library."""
    with pytest.raises(PayloadError) as caught:
        codec.from_json(data, Sample)
    assert "tell nobody" not in str(caught.value)


def test_json_for_people_is_indented_in_the_order_of_declaration():
    """Reports and claims can be read as they are."""
    assert codec.to_json(Sample(number=1)).decode().splitlines()[:3] == ["{", '  "number": 1,', '  "usd": "0",']
