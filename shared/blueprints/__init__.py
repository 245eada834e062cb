"""The framework edge: the only rooms that import Azure Functions."""
