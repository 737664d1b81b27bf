"""`feed.py FOLDER FILES A_SECOND`: when FOLDER/ready is there, puts files into FOLDER/in, each there at once."""

import sys
import time
from pathlib import Path

TEXTS = 10  # how often a file holds the text


def main(folder: Path, files: int, rate: float) -> None:
    """Feed, and note when it began."""
    text = (folder / "text").read_text() * TEXTS
    while not (folder / "ready").exists():
        time.sleep(0.02)
    (folder / "first-feed").write_text(str(time.time_ns()))
    began = time.monotonic()
    for number in range(files):
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
        part = folder / "in" / f".{number:06}.part"
        part.write_text(text)
        part.rename(folder / "in" / f"{number:06}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
