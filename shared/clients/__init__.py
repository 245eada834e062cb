"""Adapters between an SDK and the product's own models and errors."""
