"""Runs a Python function app as the Azure Functions host does, with a durable task hub, on one machine."""
