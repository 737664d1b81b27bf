"""A driver whose JVM is asked to end, as by a SIGTERM to spark-submit, is let drain first."""

import contextlib
import threading
from collections.abc import Callable
from typing import Any

from py4j.protocol import Py4JError  # pyright: ignore[reportMissingTypeStubs]
from pyspark import SparkContext, java_gateway

_BEFORE_SPARK = 100  # Spark's own hook, which stops its context, is at 40


class _Run:
    """A java.lang.Runnable."""

    class Java:
        implements = ("java.lang.Runnable",)

    def __init__(self, run: Callable[[], None]) -> None:
        self.run = run


class Shutdown:
    """A JVM runs its hooks when it is to end, and Spark's context works until its own one.

    Use it as a context around all that the JVM is needed for.
    """

    def __init__(self) -> None:
        self._over = threading.Event()
        self._hook: Any = None
        self._hooks: Any = None

    def __enter__(self) -> "Shutdown":
        return self

    def of(self, sc: SparkContext, ask: Callable[[], None]) -> None:
        """Hold this context's JVM back until the end of the block. `ask`: lets the run stop; called on a thread of its
        own."""

        def drain() -> None:
            ask()
            self._over.wait()

        gateway: Any = sc._gateway  # pyright: ignore[reportPrivateUsage] - the JVM has no other way in
        gateways: Any = java_gateway
        gateways.ensure_callback_server_started(gateway)
        jvm = gateway.jvm
        self._hook = jvm.java.lang.Thread(_Run(drain))  # is a Runnable, and the same one when it is taken back
        self._hooks = jvm.org.apache.hadoop.util.ShutdownHookManager.get()
        long = jvm.java.lang.Integer.MAX_VALUE
        self._hooks.addShutdownHook(self._hook, _BEFORE_SPARK, long, jvm.java.util.concurrent.TimeUnit.SECONDS)

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with contextlib.suppress(Py4JError, OSError):  # where the JVM is gone, so is its hook
            if self._hook is not None and not self._hooks.isShutdownInProgress():
                self._hooks.removeShutdownHook(self._hook)
