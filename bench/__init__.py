"""Measurements of the product against what people use today; no part of the product."""
