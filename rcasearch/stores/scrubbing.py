"""Whether the files of a generation that is served are still what was written: asked again and again while it is served.

A disk may change what it holds without anybody writing, and somebody may write into a file that is memory-mapped.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from rcasearch import checksums
from rcasearch.stores.manifests import read_manifest
from rcasearch.stores.verifying import damages, refuse

# All is read again after so long.
EVERY_S = 24 * 3600.0
# Read at once; after each, it is paused.
_BLOCK = 2**20

_State = tuple[int, ...] | None


class Scrub:
    """The files of one generation, and how they were when they were read last."""

    def __init__(self, folder: Path, pause: Callable[[], object]) -> None:
        """``pause`` is called after each 1 MB that is read where nothing tells of a change; what it raises ends the reading.

        Raises IndexMismatchError where the manifest is not what was written.
        """
        self._folder, self._manifest, self._pause = folder, read_manifest(folder), pause
        # Before any byte is read: a file that changes meanwhile is read again.
        self._states = self._found()
        self._read_at = float("-inf")

    @property
    def id(self) -> str:
        """The name of the generation."""
        return self._manifest.info.id

    def look(self) -> None:
        """Read the files that changed, or all of them where that was long ago. Raises IndexMismatchError naming what is wrong.

        A file that is gone is not named: who opened it still has it.
        """
        states = self._found()
        if time.monotonic() - self._read_at >= EVERY_S:
            found = damages(self._folder, self._manifest, self._slowly)
            self._read_at = time.monotonic()
        else:
            changed = {name: self._manifest.files[name] for name, state in states.items() if state != self._states[name]}
            found = damages(self._folder, self._manifest, of=changed) if changed else []
        self._states = states
        wrong = [one for one in found if states[one.name] is not None]
        # Nobody who opens the index next is to believe them by their times.
        checksums.forget(self._folder / one.name for one in wrong)
        refuse(self._folder, self._manifest, wrong)

    def _found(self) -> dict[str, _State]:
        return {name: _state(self._folder / name) for name in self._manifest.files}

    def _slowly(self, path: Path) -> str:
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                self._pause()
        return digest.hexdigest()


def _state(path: Path) -> _State:
    with suppress(OSError):
        found = path.lstat()
        return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
    return None
