"""The host: one instance of one stage, the same in every target."""

from sferic.runtime.host.host import Host

__all__ = ["Host"]
