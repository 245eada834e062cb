"""The drawing of a loss curve."""

import re
from xml.etree import ElementTree as ET

import pytest

from shared.core.jobs import TrainingMetrics
from shared.core.svg import Series, accuracy_chart, line_chart, loss_chart, number

CURVE = [
    TrainingMetrics(step=1, train_loss=2.5, train_mean_token_accuracy=0.5),
    TrainingMetrics(step=50, train_loss=1.0, valid_loss=1.5),
    TrainingMetrics(step=100, train_loss=0.5, valid_loss=0.9),
]


def texts(svg: str) -> list[str]:
    """Return the texts in a drawing, in their order."""
    return [node.text or "" for node in ET.fromstring(svg).iter("text")]


def test_both_losses_are_drawn_and_named() -> None:
    """The legend names each line with its first and last value."""
    svg = loss_chart(CURVE)
    assert svg.count("<polyline") == 2
    assert {"Training loss 2.5 → 0.5", "Validation loss 1.5 → 0.9"} <= set(texts(svg))


def test_lines_lie_where_their_values_are() -> None:
    """The first step is at the left edge, the last at the right, and half the scale half as high."""
    svg = line_chart("t", [Series(name="Loss", kind="training", points=[(0, 2.0), (50, 1.0), (100, 0.0)])], key="k")
    assert 'points="46.0,58.0 240.0,145.0 434.0,232.0"' in svg


def test_a_screen_reader_is_told_what_the_lines_do() -> None:
    """Title and description are tied to the drawing, and the numbers are in them."""
    root = ET.fromstring(loss_chart(CURVE))
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "loss-title loss-desc"
    assert {node.get("id"): node.text for node in root if node.tag in ("title", "desc")} == {
        "loss-title": "Loss over steps",
        "loss-desc": "Training loss: 2.5 at step 1, 0.5 at step 100, lowest 0.5. "
        "Validation loss: 1.5 at step 50, 0.9 at step 100, lowest 0.9.",
    }


def test_colours_and_dashes_come_from_the_style_sheet() -> None:
    """Classes alone tell the lines apart, so that light, dark and print can differ."""
    svg = loss_chart(CURVE)
    assert 'class="line training"' in svg
    assert 'class="line validation"' in svg
    assert not re.search(r"#[0-9a-f]{3,6}|rgb\(|style=|stroke=|fill=", svg)


def test_axes_are_labelled_with_round_numbers() -> None:
    """Steps and losses can be read off."""
    assert texts(loss_chart(CURVE))[:11] == ["0", "0.5", "1", "1.5", "2", "2.5", "1", "20", "40", "60", "80"]


def test_a_single_point_is_a_dot() -> None:
    """A job of one step has a loss, too."""
    svg = loss_chart([TrainingMetrics(step=7, train_loss=1.5)])
    assert 'cx="240.0"' in svg
    assert "Training loss 1.5" in texts(svg)
    assert "Training loss: 1.5 at step 7." in svg


@pytest.mark.parametrize("points", [[], [TrainingMetrics(step=1)]], ids=["no-points", "no-values"])
def test_nothing_measured_is_nothing_drawn(points: list[TrainingMetrics]) -> None:
    """An empty frame would say that something is there."""
    assert loss_chart(points) == ""
    assert accuracy_chart(points) == ""


def test_labels_of_lines_that_end_together_stay_apart() -> None:
    """Two numbers on top of each other can be read by nobody."""
    svg = loss_chart([TrainingMetrics(step=1, train_loss=1.0, valid_loss=1.0)])
    ends = [float(node.get("y", "")) for node in ET.fromstring(svg).iter("text") if node.get("class") == "end"]
    assert ends[1] - ends[0] == 16


@pytest.mark.parametrize(
    "values",
    [[0.0, 0.0], [1.0, 1.0 + 1e-13], [-5.0, 5.0], [1e11, 2e11], [0.0, 5e-324], [0.0016, 0.0004], [-3.0, -3.0]],
)
def test_any_values_give_a_drawing_within_its_frame(values: list[float]) -> None:
    """Flat, tiny, huge and negative curves are drawn inside the axes."""
    svg = loss_chart([TrainingMetrics(step=step, train_loss=value) for step, value in enumerate(values)])
    heights = [float(y) for y in re.findall(r"[\d.]+,(-?[\d.]+)", svg.partition('points="')[2].partition('"')[0])]
    assert len(heights) == 2
    assert all(58 <= height <= 232 for height in heights)


def test_names_are_escaped() -> None:
    """A name from outside is text, never markup."""
    svg = line_chart("<script>", [Series(name="<b>", kind="training", points=[(1, 1.0)])], key="k")
    assert "<script>" not in svg
    assert "<b>" not in svg


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1.8258, "1.83"), (0.0016, "0.0016"), (0.00001, "1.00e-05"), (123.456, "123.5"), (2e6, "2.00e+06")],
)
def test_numbers_are_short(value: float, text: str) -> None:
    """Three digits are as many as a loss is worth."""
    assert number(value) == text
