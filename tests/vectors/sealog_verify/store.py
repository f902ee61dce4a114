"""A log as a directory of objects."""

from __future__ import annotations

import os
import stat
from pathlib import Path


class Unreadable(Exception):
    """The object is there, but cannot be read."""


class Store:
    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, name: str, most: int = 1 << 31) -> bytes | None:
        """The object's bytes, None if there is no such object. One byte more than `most` stands for any length beyond."""
        path = self._root / name
        try:
            mode = os.stat(path).st_mode
            if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                # Reading a pipe or a device may never end.
                raise Unreadable(f"{name}: no regular file")
            with path.open("rb") as file:
                return file.read(most + 1)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise Unreadable(f"{name}: {error.strerror}") from error

    def names(self, folder: str) -> list[str]:
        """Names of all objects below a folder, relative to it."""
        top = self._root / folder
        try:
            return sorted(
                str((Path(directory) / file).relative_to(top))
                for directory, _, files in os.walk(top, onerror=_refuse)
                for file in files
            )
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise Unreadable(f"{folder}: {error.strerror}") from error


def _refuse(error: OSError) -> None:
    raise error


LOG_SIGNS = ("commits", "checkpoints", "evidence", "checkpoint")


def log_names(archive: Path) -> list[str]:
    """Directories that hold something of a log. One without commits counts: someone may have taken them."""
    return sorted(
        entry.name
        for entry in archive.iterdir()
        if entry.name != ".staging"
        and os.path.isdir(entry)
        and (not os.access(entry, os.X_OK) or any(os.path.exists(entry / s) for s in LOG_SIGNS))
    )
