"""A network as OpenVINO prepared it for one processor, kept beside its export: opening that takes a third of preparing it.

It has no weights in it; they are read from the export. Its name tells of the version of the runtime, the processor and the
precision, so that what was prepared elsewhere, or before an update, is never opened.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from rcasearch.encoders.cores import features

_SHA256 = 32


def place(folder: Path, runtime: str, precision: str) -> Path | None:
    """Where the network of an export is kept as prepared here; None where the processor does not tell what it can do."""
    processor = features()
    if not processor:
        return None
    digest = hashlib.sha256("\n".join((runtime, precision, processor)).encode())
    return folder / f"prepared-{digest.hexdigest()[:16]}.bin"


def read(path: Path) -> bytes | None:
    """What `write` kept; None where there is nothing, or nothing whole."""
    with suppress(OSError):
        held = path.read_bytes()
        if hashlib.sha256(held[_SHA256:]).digest() == held[:_SHA256]:
            return held[_SHA256:]
    return None


def write(path: Path, prepared: bytes) -> None:
    """Keep a prepared network. Where the folder cannot be written, the next start prepares it again."""
    with suppress(OSError):
        draft, name = tempfile.mkstemp(prefix=path.name, dir=path.parent)
        try:
            with os.fdopen(draft, "wb") as file:
                file.write(hashlib.sha256(prepared).digest() + prepared)
            # As readable as the export is.
            Path(name).chmod(0o644)
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
