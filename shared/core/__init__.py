"""Pure decisions of the product: no clock, no I/O, no environment."""
