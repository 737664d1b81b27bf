"""What a command cannot do anything about, for whoever shows it."""


class OperationError(RuntimeError):
    """Java, jars or a cluster are not as a command needs them; the text says what to do."""
