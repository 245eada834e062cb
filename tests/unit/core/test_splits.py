"""The split by content."""

import pytest

from shared.core.splits import belongs_to_validation


@pytest.mark.parametrize("same", [b'{"a":1}', b'{"a":1}\n', b'{"a":1}\r\n', b'\xef\xbb\xbf{"a":1}'])
def test_the_same_example_lands_on_the_same_side(same: bytes) -> None:
    """How a line ends, and a byte order mark before it, do not move an example."""
    # The first 8 bytes of its SHA-256 stand for 0.0053.
    assert belongs_to_validation(same, 0.006)
    assert not belongs_to_validation(same, 0.005)


def test_the_fraction_is_met_over_many_examples() -> None:
    """Of 20,000 distinct examples, a fraction of 0.2 holds out 4,000 give or take 3 standard deviations (170)."""
    held_out = sum(belongs_to_validation(b'{"n":%d}' % n, 0.2) for n in range(20_000))
    assert abs(held_out - 4_000) < 170


def test_a_larger_fraction_only_adds() -> None:
    """An example held out at one fraction is held out at every larger one."""
    lines = [b"%d" % n for n in range(1_000)]
    small = {line for line in lines if belongs_to_validation(line, 0.1)}
    assert small < {line for line in lines if belongs_to_validation(line, 0.3)}
