"""Make the operating system refuse what an update of an index asks of it, at each place in turn: ``python -m benchmarks.faults``.

Three ways. By a library that is loaded first (faults.c), the n-th writing, syncing, opening, moving or removing of a file of the
index fails, or all from there on: a full disk, a broken one, permissions, exhausted files. By the kernel's own limits on the size
of files and on how many may be open. And, where this may mount, by a small disk that is full and by one that is read-only. The
update must end with a sentence or be done; the index must be all of what it was or all of what it should be; and the same command
must finish the job afterwards. The encoder is a quick stand-in, since nothing here depends on it.
"""

from __future__ import annotations

import argparse
import ctypes
import errno
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.forked import Ended, Forked, State, command, ended, left_over, preload, quick, seen, tolerable, verdict

SOURCE = Path(__file__).with_suffix(".c")
# The kinds of calls by their number in faults.c, and what they fail with: once, or with a + from there on.
KINDS = (
    ("write", ("ENOSPC+", "EIO", "EDQUOT")),
    ("sync", ("EIO", "ENOSPC")),
    ("open", ("EMFILE+", "ENFILE", "EACCES")),
    ("name", ("EIO", "EROFS+", "EACCES")),
    ("size", ("ENOSPC", "EIO")),
)
_SUMMARY = "## Summary\n\nThe {name} {what} at {place} and nobody could log in.\n\n## Root cause\n\nA {what} {name}.\n"


@dataclass(slots=True)
class Tally:
    """Trials of a way to fail: how many were done in spite of it, were refused and left the old index, or left the new one."""

    done: int = 0
    kept_old: int = 0
    refused_yet_new: int = 0
    told: Counter[str] = field(default_factory=Counter)


class Faults:
    """One update, tried again and again from the same beginning."""

    def __init__(self, work: Path, share: float) -> None:
        self.work, self.share = work, share
        self.documents, self.first = work / "documents", work / "first"
        self.tallies: dict[str, Tally] = {}
        self.wrong: list[str] = []
        _write(self.documents, range(5))
        self._index(self.first)
        self.old = self._read(self.first)
        _write(self.documents, range(2, 8))
        self.new = self._undisturbed()
        assert self.old != self.new
        assert self.old
        assert self.new

    def _undisturbed(self) -> State | None:
        with self._copy() as index:
            self._index(index)
            return self._read(index)

    @contextmanager
    def _copy(self) -> Iterator[Path]:
        index = self.work / "index"
        shutil.copytree(self.first, index)
        try:
            yield index
        finally:
            shutil.rmtree(index)

    def calls(self) -> None:
        """Each call of each kind, each way to fail."""
        for number, (name, ways) in enumerate(KINDS):
            many = self._count(number)
            for way in ways:
                for nth in self._some(range(1, many + 1)):
                    with self._copy() as index:
                        self._try(f"{name} {way}", index, _armed(index, number, nth, way))

    def _count(self, kind: int) -> int:
        with self._copy() as index:
            arm = _armed(index, kind, 0, "EIO")

            def counted() -> int:
                from rcasearch import cli

                quick()
                arm()
                cli.main(["index", str(self.documents), "--index", str(index)])
                return int(_library().faults_count())

            return int(Forked(counted).result()[0])

    def limits(self) -> None:
        """The kernel's limits: files that may not grow beyond so many bytes, and so many files at once."""
        largest = max(path.stat().st_size for path in self.first.rglob("*") if path.is_file())
        for size in self._some(range(8_192, largest + 65_536, 4_096)):
            with self._copy() as index:
                self._try("files of a size", index, _limited(resource.RLIMIT_FSIZE, size))
        for many in self._some(range(8, 40)):
            with self._copy() as index:
                self._try("files at once", index, _limited(resource.RLIMIT_NOFILE, many))

    def disks(self) -> None:
        """Small disks that are full sooner or later, and one that is read-only. Nothing where this may not mount."""
        with self._copy() as index:
            used = sum(path.stat().st_blocks * 512 for path in index.rglob("*"))
        for size in self._some(range(used + 16_384, 3 * used, 12_288)):
            with self._disk(size) as index:
                if index:
                    self._try("full disk", index, _nothing, lambda: _mount("-o", "remount,size=64m", self.work / "disk"))
        with self._disk(2**26) as index:
            if index:
                _mount("-o", "remount,ro", self.work / "disk")
                self._try("read-only disk", index, _nothing, lambda: _mount("-o", "remount,rw", self.work / "disk"))

    @contextmanager
    def _disk(self, size: int) -> Iterator[Path | None]:
        disk = self.work / "disk"
        disk.mkdir(exist_ok=True)
        if not _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk):
            yield None
            return
        try:
            shutil.copytree(self.first, disk / "index")
            yield disk / "index"
        finally:
            subprocess.run(["umount", disk], check=True)

    def _try(self, way: str, index: Path, before: Callable[[], None], mend: Callable[[], object] = lambda: None) -> None:
        def start() -> None:
            quick()
            before()

        how = ended(command("index", str(self.documents), "--index", str(index), before=start))
        found = self._read(index)
        tally = self.tallies.setdefault(way, Tally())
        tally.done += how.code == 0
        tally.kept_old += how.code != 0 and found == self.old
        tally.refused_yet_new += how.code != 0 and found == self.new
        if how.code:
            tally.told[_sentence(how)] += 1
        self._judge(way, how, found)
        mend()
        self._index(index)
        if self._read(index) != self.new or left_over(index):
            self.wrong.append(f"{way}: the next run did not finish the job: {left_over(index)}")

    def _judge(self, way: str, how: Ended, found: State | None) -> None:
        if how.code < 0 or not tolerable(how):
            self.wrong.append(f"{way}: {how.code} {how.told[-1500:]}")
        if found not in ((self.new,) if how.code == 0 else (self.old, self.new)):
            self.wrong.append(f"{way}: ended with {how.code}, and the index holds {found}")

    def _index(self, index: Path) -> None:
        how = ended(command("index", str(self.documents), "--index", str(index), before=quick))
        if how.code:
            self.wrong.append(f"undisturbed, and yet {how.code}: {how.told[-1500:]}")

    def _read(self, index: Path) -> State | None:
        found, why = seen(index)
        if found is None:
            self.wrong.append(f"unreadable: {why[-1500:]}")
        return found

    def _some(self, places: range) -> Sequence[int]:
        step = max(1, round(1 / self.share))
        return places[::step]


def _write(folder: Path, numbers: range) -> None:
    """Documents of these numbers, and no others."""
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    for number in numbers:
        name, what = ("disk", "queue", "certificate", "pool")[number % 4], ("ran full", "expired", "leaked")[number % 3]
        text = _SUMMARY.format(name=name, what=what, place=f"place{number}")
        (folder / f"outage-{number}.md").write_text(f"# Outage {number}\n\n{text}", encoding="utf-8")


def _armed(index: Path, kind: int, nth: int, way: str) -> Callable[[], None]:
    number = getattr(errno, way.rstrip("+"))
    return lambda: _library().faults_arm(os.fsencode(index), kind, nth, number, int(way.endswith("+")))


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None)


def _limited(limit: int, most: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(limit, (most, resource.getrlimit(limit)[1]))


def _nothing() -> None:
    """No fault but that of the disk."""


def _mount(*arguments: object) -> bool:
    return subprocess.run(["mount", *map(str, arguments)], capture_output=True).returncode == 0


def _sentence(how: Ended) -> str:
    """What was told, without the names in it."""
    lines = [line for line in how.told.splitlines() if line.startswith("rcasearch: ")]
    words = (lines[0] if lines else how.told[-200:]).split()
    return " ".join(word if "/" not in word else "…" for word in words)


def run(work: Path, share: float, ways: Sequence[str]) -> dict[str, Any]:
    """A ``share`` of all places, in these ways; what was counted."""
    started = time.perf_counter()
    faults = Faults(work, share)
    for way in ways:
        getattr(faults, way)()
    counted = {
        way: {"done": one.done, "kept the old": one.kept_old, "refused, yet new": one.refused_yet_new, "told": dict(one.told)}
        for way, one in faults.tallies.items()
    }
    trials = sum(one.done + one.kept_old + one.refused_yet_new for one in faults.tallies.values())
    seconds = round(time.perf_counter() - started, 1)
    return {"trials": trials, "ways": counted, "wrong": faults.wrong, "seconds": seconds}


def _loaded_first(arguments: Sequence[str], folder: Path) -> int:
    """This program once more, with faults.c loaded before everything else."""
    library = folder / "faults.so"
    subprocess.run(["cc", "-std=gnu11", "-O1", "-w", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"], check=True)
    environment = {**os.environ, "LD_PRELOAD": str(library), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run([sys.executable, "-m", "benchmarks.faults", *arguments], env=environment).returncode


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--share", type=float, default=1.0, help="of all places")
    parser.add_argument("--ways", nargs="+", choices=("calls", "limits", "disks"), default=["calls", "limits", "disks"])
    parser.add_argument("--out", type=Path, help="a JSON file for what was counted")
    options = parser.parse_args(arguments)
    with TemporaryDirectory() as folder:
        if "calls" in options.ways and not hasattr(_library(), "faults_arm"):
            return _loaded_first(sys.argv[1:] if arguments is None else arguments, Path(folder))
        preload()
        found = run(Path(folder), options.share, options.ways)
    print(json.dumps(found, indent=2))
    return verdict(found, options.out)


if __name__ == "__main__":
    raise SystemExit(main())
