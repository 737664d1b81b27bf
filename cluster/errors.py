"""What can go wrong with a cluster, for whoever shows it."""


class OperationError(RuntimeError):
    """Something about a cluster is not as a command needs it; the text says what to do."""
