"""The service's paths, by area: each route reads a request, asks the state, and writes what the wire says."""
