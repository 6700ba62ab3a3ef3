"""Kill -9 at random moments while an index is made, updated and swapped: ``python -m benchmarks.kills --kills 200``.

Three kinds of rounds. ``index``: a new index of a few documents, killed anywhere, as often as it takes. ``update``: documents
come, change and go, and the update is killed anywhere. ``swap``: the same, killed within a few milliseconds of the moment at
which the new generation is published. After each kill the index is read by another process: all of what was there before the
command, or all of what there is now, and nothing else. A third process reads all the while. Now and then a command is left to
its end, after which everything must be there and nothing left over. At the end the index must answer as one that was made in one
go.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.contestant import ROOT
from benchmarks.forked import (
    NOTHING,
    Ended,
    Forked,
    State,
    command,
    ended,
    follow,
    left_over,
    preload,
    quick,
    seen,
    tolerable,
    verdict,
)

SEEDS = ROOT / "seeds"
KINDS = ("index", "update", "swap")
# A kill lands in the first so many seconds after a new generation is complete but for its name.
_SWAP_S = 0.006
_LOOK_S = 0.0002
_FEW, _MANY = 6, 24


class BrokenError(Exception):
    """A promise that was not kept."""


@dataclass(slots=True)
class Tally:
    """What happened: kills by kind and by what was told last, commands that were quicker, checks, and what went wrong."""

    killed: Counter[str] = field(default_factory=Counter)
    stages: Counter[str] = field(default_factory=Counter)
    ended_first: int = 0
    published: Counter[str] = field(default_factory=Counter)
    finished: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        return sum(self.killed.values())


class Corpus:
    """A folder of documents that come, change and go."""

    def __init__(self, folder: Path, count: int, chance: random.Random) -> None:
        self.folder, self._chance = folder, chance
        self._texts = {
            path.name: path.read_text(encoding="utf-8") for path in sorted(SEEDS.glob("*.md")) if path.name != "README.md"
        }
        folder.mkdir()
        for name in list(self._texts)[:count]:
            self._write(name, 0)
        self._version = 0

    @property
    def count(self) -> int:
        return len(list(self.folder.iterdir()))

    def change(self) -> None:
        """One to four documents are added, changed or removed."""
        self._version += 1
        for _ in range(self._chance.randint(1, 4)):
            there = sorted(path.name for path in self.folder.iterdir())
            away = [name for name in self._texts if name not in there]
            act = self._chance.choice(("add", "change", "remove"))
            if act == "remove" and len(there) > _FEW:
                (self.folder / self._chance.choice(there)).unlink()
            else:
                self._write(self._chance.choice(away if act == "add" and away else there), self._version)

    def _write(self, name: str, version: int) -> None:
        news = f"## Summary\n\nThe {version}th revision of it names valve {version * 7 % 101}."
        (self.folder / name).write_text(self._texts[name].replace("## Summary", news, 1), encoding="utf-8")


class Harness:
    """Rounds on one index that lives through all of them, and on new ones."""

    def __init__(self, work: Path, chance: random.Random, many: int, before: Callable[[], None] | None) -> None:
        self.work, self.chance, self.tally, self._before = work, chance, Tally(), before
        self.index = work / "index"
        self.corpus = Corpus(work / "documents", many, chance)
        self.few = Corpus(work / "few", _FEW, chance)
        self.takes = {"index": self._timed(self.few, work / "timed"), "update": self._timed(self.corpus, self.index)}
        self.before = self._checked(self.index, self.corpus)

    def round(self, kind: str) -> None:
        """One command, killed, and what there is to read afterwards."""
        if kind == "index":
            self._made_anew()
        else:
            self._updated(kind)

    def _made_anew(self) -> None:
        index = self.work / f"new-{self.tally.kills}"
        for _ in range(self.chance.randint(1, 3)):
            self._killed("index", self.few, index)
            found = self._read(index)
            if found not in (NOTHING, None) and found.incidents != self.few.count:
                self.tally.wrong.append(f"a new index has {found.incidents} of {self.few.count} documents")
        self._finish(self.few, index)
        shutil.rmtree(index)

    def _updated(self, kind: str) -> None:
        self.corpus.change()
        self._killed(kind, self.corpus, self.index)
        found = self._read(self.index)
        now = found is not None and found != self.before
        self.tally.published["the new" if now else "the old"] += 1
        if now or self.chance.random() < 0.25:
            # Whichever it is, an update that runs to its end must find the same.
            self._finish(self.corpus, self.index, found if now else None)

    def _killed(self, kind: str, corpus: Corpus, index: Path) -> None:
        process = self._command(corpus, index)
        if kind == "swap":
            _wait_for_manifest(process, index)
            process.runs(self.chance.uniform(0.0, _SWAP_S))
        else:
            process.runs(self.chance.uniform(0.0, self.takes[kind]))
        told = process.told()
        process.kill(signal.SIGKILL)
        how = ended(process)
        if how.code != -signal.SIGKILL:
            self.tally.ended_first += 1
            self._tolerated(how)
            return
        self.tally.killed[kind] += 1
        self.tally.stages[_stage(told)] += 1

    def _finish(self, corpus: Corpus, index: Path, wanted: State | None = None) -> None:
        self._timed(corpus, index)
        found = self._checked(index, corpus)
        if wanted is not None and found != wanted:
            self.tally.wrong.append(f"{wanted} was there after a kill, and {found} is right")
        self.tally.finished += 1
        if index == self.index:
            self.before = found

    def _timed(self, corpus: Corpus, index: Path) -> float:
        started = time.perf_counter()
        how = ended(self._command(corpus, index))
        self._tolerated(how)
        if how.code:
            self.tally.wrong.append(f"an update that was left alone ended with {how.code}: {how.told[-500:]}")
        return time.perf_counter() - started

    def _checked(self, index: Path, corpus: Corpus) -> State:
        found = self._read(index) or NOTHING
        if found.incidents != corpus.count:
            self.tally.wrong.append(f"{found.incidents} of {corpus.count} documents are in the index")
        if names := left_over(index):
            self.tally.wrong.append(f"left over: {names}")
        return found

    def _read(self, index: Path) -> State | None:
        found, why = seen(index)
        if found is None:
            self.tally.wrong.append(f"unreadable: {why[-1500:]}")
        return found

    def _tolerated(self, how: Ended) -> None:
        if not tolerable(how):
            self.tally.wrong.append(how.told[-1500:])

    def _command(self, corpus: Corpus, index: Path, *more: str) -> Forked:
        return command("index", str(corpus.folder), "--index", str(index), *more, before=self._before)

    def end(self) -> None:
        """The index as it came about must answer as one that is made of the same in one go."""
        self._finish(self.corpus, self.index)
        how = ended(self._command(self.corpus, self.index, "--fresh"))
        if how.code or self._read(self.index) != self.before:
            self.tally.wrong.append("the index answers otherwise than one made in one go")


def _wait_for_manifest(process: Forked, index: Path) -> None:
    """Until a new generation is complete but for its name, or has it, or the command has ended."""
    before = set(index.glob("2*"))
    while process.runs(_LOOK_S) and not any(index.glob(".building-*/manifest.json")) and before >= set(index.glob("2*")):
        pass


def _stage(told: str) -> str:
    lines = [line for line in told.splitlines() if line.endswith("…")]
    return lines[-1].partition(" ")[0] if lines else "before"


def run(options: argparse.Namespace, work: Path) -> dict[str, Any]:
    """Rounds of all kinds until there were so many kills; what was counted."""
    started, until = time.perf_counter(), work / "done"
    before = quick if options.quick else None
    harness = Harness(work, random.Random(options.seed), options.documents, before)
    reader = Forked(lambda: follow(harness.index, until, before))
    kinds = cycle(KINDS)
    while harness.tally.kills < options.kills and reader.runs():
        harness.round(next(kinds))
        print(f"{harness.tally.kills} kills", *harness.tally.wrong[-1:], file=sys.stderr, flush=True)
    harness.end()
    until.touch()
    followed, how = reader.result()
    tally = harness.tally
    if followed is None:
        tally.wrong.append(f"the reader ended: {how.told[-1500:]}")
    strange = [name for name, one in (followed or {}).items() if one[0] < 1]
    return {
        "kills": dict(tally.killed),
        "by what was told last": dict(tally.stages),
        "commands that ended before the kill": tally.ended_first,
        "read after a kill of an update": dict(tally.published),
        "commands left to their end": tally.finished,
        "generations read by the one that never stopped": len(followed or {}),
        "wrong": [*tally.wrong, *(f"{name} was empty" for name in strange)],
        "seconds": round(time.perf_counter() - started, 1),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kills", description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--documents", type=int, default=_MANY, help="in the index that lives through all of it, at first")
    parser.add_argument(
        "--quick", action="store_true", help="with a stand-in for the encoder, so that more kills hit the writing"
    )
    parser.add_argument("--out", type=Path, help="a JSON file for what was counted")
    options = parser.parse_args(arguments)
    preload()
    with TemporaryDirectory() as folder:
        found = run(options, Path(folder))
    print(json.dumps(found, indent=2))
    return verdict(found, options.out)


if __name__ == "__main__":
    raise SystemExit(main())
