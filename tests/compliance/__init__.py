"""One meaning on every target."""
