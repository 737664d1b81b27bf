"""Sources that come with the product."""

from sferic.runtime.sources import Lines, WatchedFolder

__all__ = ["Lines", "WatchedFolder"]
