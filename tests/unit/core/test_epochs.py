"""The number of epochs that is expected when nobody says."""

import pytest

from shared.core.epochs import default_epochs


@pytest.mark.parametrize(
    ("examples", "epochs"),
    [
        (0, 25),
        (1, 25),
        (4, 25),
        (5, 20),
        (10, 10),
        (33, 3),
        (34, 3),
        (500, 3),
        (8_333, 3),
        (8_334, 2),
        (12_500, 2),
        (12_501, 1),
        (1_000_000, 1),
    ],
)
def test_epochs_follow_the_cookbook_rule(examples: int, epochs: int) -> None:
    """Between 100 and 25,000 examples are seen in total, in 1 to 25 epochs, three where both allow it."""
    assert default_epochs(examples) == epochs
