"""What was written to a file or folder -> on the disk, where a power cut cannot take it."""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import suppress
from pathlib import Path

# What a file system says that cannot write a folder's names out by themselves.
_UNABLE = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP})


def sync(path: Path) -> None:
    """Wait until the disk has the file, or the names in the folder. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _UNABLE or not path.is_dir():
            raise
    finally:
        os.close(descriptor)


def make_folder(path: Path) -> None:
    """Make a folder, and those above it that are not there; on the disk when this returns. Raises OSError."""
    made = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for folder in reversed(made):
        sync(folder.parent)


def write_synced(path: Path, data: bytes) -> None:
    """Write a file; on the disk when this returns, but for its name. Raises OSError."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def write_whole(path: Path, data: bytes) -> None:
    """Write a file by one rename: whoever reads it finds all of it, or what was there before, after a power cut as well.

    Raises OSError.
    """
    draft = path.with_name(f"{path.name}.new-{secrets.token_hex(4)}")
    try:
        write_synced(draft, data)
        draft.replace(path)
    except OSError:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
    sync(path.parent)
