"""For those who come from other frameworks."""
