"""How many epochs a job will probably run when nobody says."""

# OpenAI's cookbook ("Data preparation and analysis for chat model fine-tuning"): three epochs, unless the examples seen
# in total would be fewer than 100 or more than 25,000. Azure publishes no rule of its own.
TARGET_EPOCHS = 3
MIN_EXAMPLES_SEEN = 100
MAX_EXAMPLES_SEEN = 25_000
MAX_DEFAULT_EPOCHS = 25


def default_epochs(examples: int) -> int:
    """Return the number of epochs, 1 to 25, that the cookbook's rule gives for so many training examples."""
    # An empty split never trains; the rule itself would divide by zero.
    examples = max(examples, 1)
    if examples * TARGET_EPOCHS < MIN_EXAMPLES_SEEN:
        return min(MAX_DEFAULT_EPOCHS, MIN_EXAMPLES_SEEN // examples)
    if examples * TARGET_EPOCHS > MAX_EXAMPLES_SEEN:
        return max(1, MAX_EXAMPLES_SEEN // examples)
    return TARGET_EPOCHS
