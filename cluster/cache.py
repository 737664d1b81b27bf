"""The per-user folder for what is fetched or built once."""

import os
from pathlib import Path


def cache_folder(part: str) -> Path:
    """`part` of the cache, made if missing: in $SFERIC_CACHE, else in the user's cache folder."""
    given = os.environ.get("SFERIC_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "sferic"
    folder = (Path(given) if given else base) / part
    folder.mkdir(parents=True, exist_ok=True)
    return folder
