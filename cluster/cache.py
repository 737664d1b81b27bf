"""The per-user folder for what is fetched or built once."""

import os
from pathlib import Path

from sferic.cluster.errors import OperationError


class CacheUnusable(OperationError):  # noqa: N818 - names the situation
    """The folder cannot be made; the text says what to do."""


def cache_folder(part: str) -> Path:
    """`part` of the cache, made if missing: in $SFERIC_CACHE, else in the user's cache folder."""
    given = os.environ.get("SFERIC_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "sferic"
    folder = (Path(given) if given else base) / part
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CacheUnusable(f"The cache cannot be made: {error}. Set SFERIC_CACHE to a folder of yours") from error
    return folder
