"""Sinks that come with the product."""

from sferic.runtime.sinks import Files, Stdout

__all__ = ["Files", "Stdout"]
