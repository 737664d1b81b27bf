"""Sources that come with the product."""

from sferic.runtime.sources import Lines, SocketLines, WatchedFolder

__all__ = ["Lines", "SocketLines", "WatchedFolder"]
