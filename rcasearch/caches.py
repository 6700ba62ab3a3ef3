"""Where this user keeps what costs time to make again: exported models, and the checksums of large files."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

# The environment variable that names another folder.
VARIABLE = "RCASEARCH_CACHE"


def folders() -> list[Path]:
    """Where to look and to write, the wanted place first; the last is for those who can write nowhere else."""
    with suppress(RuntimeError):
        if own := os.environ.get(VARIABLE):
            return [Path(own).expanduser(), *_temporary()]
        home = Path(os.environ.get("XDG_CACHE_HOME", ""))
        return [(home if home.is_absolute() else Path.home() / ".cache") / "rcasearch", *_temporary()]
    return _temporary()


def writable(folder: Path) -> bool:
    """Whether files can be made in the folder, which is made first where it is not there."""
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        return os.access(folder, os.W_OK | os.X_OK)
    return False


def _temporary() -> list[Path]:
    """A folder of this user's own where everyone may write; none where another user has taken its name."""
    place = Path(tempfile.gettempdir()) / f"rcasearch-{os.getuid()}"
    with suppress(OSError):
        place.mkdir(mode=0o700, exist_ok=True)
        found = place.lstat()
        return [place] if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() else []
    return []
