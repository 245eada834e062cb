"""One use case per room: a function of the ports it touches and its input."""
