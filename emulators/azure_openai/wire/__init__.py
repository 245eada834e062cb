"""Turns records into the service's JSON."""
