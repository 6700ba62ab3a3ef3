"""What was written to a file or folder -> on the disk, where a power cut cannot take it."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path


def sync(path: Path) -> None:
    """Wait until the disk has the file, or the names in the folder. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file by one rename: whoever reads it finds all of it, or what was there before. Raises OSError."""
    draft = path.with_name(f"{path.name}.new-{secrets.token_hex(4)}")
    try:
        draft.write_bytes(data)
        sync(draft)
        draft.replace(path)
    except OSError:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
