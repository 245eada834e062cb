"""Reading results.csv, and thinning a curve without losing what it shows."""

import base64

import pytest

from shared.core.jobs import TrainingMetrics
from shared.core.results import parse_results, thin

CSV = (
    b"step,train_loss,train_mean_token_accuracy,valid_loss,valid_mean_token_accuracy,full_valid_loss\n"
    b"1,2.5,0.5,,,\n"
    b"2,1.25,0.75,1.5,0.625,1.8\n"
)
OTHER_ORDER = (
    b"valid_loss,valid_mean_token_accuracy,train_mean_token_accuracy,Step, train_loss\n"
    b",,0.5,1.0,2.5\n"
    b"\n"
    b"1.5,0.625,0.75,2,1.25"
)
POINTS = [
    TrainingMetrics(step=1, train_loss=2.5, train_mean_token_accuracy=0.5),
    TrainingMetrics(
        step=2, train_loss=1.25, train_mean_token_accuracy=0.75, valid_loss=1.5, valid_mean_token_accuracy=0.625
    ),
]


def test_values_are_read_by_column_name() -> None:
    """An empty cell is a step that was not measured; columns that nobody asked for are ignored."""
    results = parse_results(CSV)
    assert results.points == POINTS
    assert results.skipped_rows == 0


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + CSV,
        CSV.replace(b"\n", b"\r\n"),
        base64.b64encode(CSV),
        CSV.replace(b"valid_mean", b"validation_mean"),
        OTHER_ORDER,
    ],
    ids=["byte-order-mark", "crlf", "base64", "the-documentation's-name", "other-order"],
)
def test_other_spellings_give_the_same_points(data: bytes) -> None:
    """Azure's events and its documentation differ, and services have encoded the file."""
    assert parse_results(data).points == POINTS


def test_malformed_rows_are_skipped_and_counted() -> None:
    """One bad row does not cost the curve."""
    rows = b"3,many,,,\nx,1,,,\n-1,1,,,\n4.5,1,,,\n,1,,,\n5\n" + b'6,"' + b"9" * 200_000 + b'",,,\n'
    results = parse_results(CSV + rows)
    assert [point.step for point in results.points] == [1, 2, 5]
    assert results.skipped_rows == 6


@pytest.mark.parametrize("cell", ["nan", "inf", "-inf", "1e300"])
def test_a_loss_out_of_all_bounds_is_no_number(cell: str) -> None:
    """Neither a chart nor JSON can show it; the step stays."""
    results = parse_results(f"step,train_loss\n7,{cell}\n".encode())
    assert results.points == [TrainingMetrics(step=7)]
    assert results.skipped_rows == 0


@pytest.mark.parametrize("data", [b"", b"\n", b"no,columns,we,know\n1,2,3,4\n", b"\xff\xfe\x00\x01", b"step\n"])
def test_a_file_without_steps_gives_no_points(data: bytes) -> None:
    """Whatever lies there, the report is written."""
    assert parse_results(data).points == []


def test_points_are_sorted_by_step() -> None:
    """First and last mean the first and the last step."""
    assert [point.step for point in parse_results(b"step,train_loss\n3,1\n1,3\n2,2\n").points] == [1, 2, 3]


def test_a_short_curve_is_kept_whole() -> None:
    """Nothing is lost below the limit."""
    points = [TrainingMetrics(step=step, train_loss=1.0) for step in range(300)]
    assert thin(points) == points


def test_a_long_curve_keeps_its_ends_and_its_extremes() -> None:
    """A spike of one step, high or low, in either loss, is still in the drawing."""
    losses = {4_321: 99.0, 7_654: 0.001}
    valid_losses = {5_010: 77.0, 8_010: 0.002}
    points = [
        TrainingMetrics(
            step=step,
            train_loss=losses.get(step, 1.0),
            valid_loss=valid_losses.get(step, 1.5) if step % 10 == 0 else None,
        )
        for step in range(1, 10_001)
    ]
    thinned = thin(points)
    steps = [point.step for point in thinned]
    assert len(thinned) <= 300
    assert steps == sorted(set(steps))
    assert (steps[0], steps[-1]) == (1, 10_000)
    assert {4_321, 7_654, 5_010, 8_010} <= set(steps)
    # A step in ten was validated: enough of them are left to draw the second line.
    assert sum(point.valid_loss is not None for point in thinned) >= 70


def test_a_curve_without_values_is_thinned_to_its_ends() -> None:
    """Steps that measured nothing draw nothing."""
    points = [TrainingMetrics(step=step) for step in range(1_000)]
    assert [point.step for point in thin(points)] == [0, 999]
