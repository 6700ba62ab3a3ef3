"""Damage every file of an index in every way, and see who notices: ``python -m benchmarks.damage``.

Each damage is shown to three readers. The first reads every byte (`rcasearch info --verify`). The second opens the index as every
command and the server do. The third has already checked it, so that it is damaged behind its back: it may refuse it or answer as
before; other answers and errors are counted, since nothing but the reading in the background can find out why. An end by a signal
is a defect, but where a file is cut that is mapped. What lies beside the generations is damaged as well, and the index is made
again over it. The encoder is a quick stand-in, since nothing here depends on it.
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.damaging import CONTENTS, Trial, damaged, trials
from benchmarks.forked import Ended, Forked, command, ended, preload, quick, state, state_of, verdict

_PATIENCE_S = 60
# What names the files still names the same: a line end is gone, or it is reached by a link.
HARMLESS = "harmless"
_POINTERS = ("current", "manifest.json")
_BESIDE = ("documents.sqlite", "embeddings.sqlite")
# How many vectors are compared one by one, in the index whose vectors are searched by codes.
_FEW = 100


class Damage:
    """One index, damaged again and again; what was counted by file, and what went wrong."""

    def __init__(self, work: Path, documents: int, each: int, seed: int) -> None:
        self.work, self.each, self.chance = work, each, random.Random(seed)
        self.counts: dict[str, Counter[str]] = {}
        self.wrong: list[str] = []
        self.documents = work / "documents"
        _write(self.documents, documents)

    def made(self, name: str, exact: int | None = None) -> Path:
        """An index of the documents; with ``exact``, more vectors than that are searched by codes."""

        def before() -> None:
            from rcasearch.stores import vectors

            quick()
            if exact is not None:
                vectors.write.__defaults__ = (exact,)

        how = ended(command("index", str(self.documents), "--index", str(self.work / name), before=before))
        assert how.code == 0, how.told
        return self.work / name

    def generation(self, index: Path, only: Sequence[str] = ()) -> None:
        """Each file of the generation in force, and the pointer to it."""
        from rcasearch.stores.generations import current

        folder = current(index)
        expected = _within(lambda: _blindly(folder))
        assert expected[0] is not None, expected[1].told
        pointer = [] if only else [index / "current"]
        for path in [*sorted(folder.iterdir()), *pointer]:
            if not only or path.name in only:
                for trial in trials(path, self.each, self.chance):
                    self._show(index, folder, path, trial, expected[0])

    def _show(self, index: Path, folder: Path, path: Path, trial: Trial, expected: Any) -> None:
        counts = self.counts.setdefault(trial.file, Counter())
        counts["trials"] += 1
        with damaged(path, trial):
            for reader, work in (("verify", lambda: _verified(index, folder)), ("open", lambda: _opened(index, folder))):
                found, how = _within(work)
                if found == HARMLESS and trial.file not in _POINTERS:
                    found = ""
                counts["harmless" if found == HARMLESS else reader] += bool(found)
                if found != HARMLESS and (not found or "rcasearch index" not in found):
                    self._report(reader, trial, found or "nothing was noticed", how)
            if path.parent == folder and trial.file != "manifest.json" and trial.way in CONTENTS:
                found, how = _within(lambda: _blindly(folder))
                counts["the same answers" if found == expected else _kind(found, how)] += 1
                if how.code < 0 and trial.way != "cut":
                    self._report("behind its back", trial, "killed", how)

    def beside(self, index: Path) -> None:
        """What is kept beside the generations: the index of one document more is made over it."""
        added = self.documents / "added.md"
        added.write_text("# Added\n\n## Summary\n\npoolError on the disk_full of gateway.\n", encoding="utf-8")
        as_kept, why = self._again(index, None)
        assert as_kept, why.told
        for name in _BESIDE:
            # Where nothing is left of it, what is encoded is encoded in terms of its own.
            expected = (as_kept, self._again(index, Trial(name, "all", "missing", Path.unlink))[0])
            for trial in trials(index / name, self.each, self.chance):
                counts = self.counts.setdefault(name, Counter())
                counts["trials"] += 1
                found, how = self._again(index, trial)
                # A folder in its place is somebody's, and only told of.
                refused = "is a folder" in how.told
                counts["refused" if refused else "made right"] += refused or found in expected
                if found not in expected and not refused:
                    self._report("index", trial, f"{found} instead of {expected}", how)

    def _again(self, index: Path, trial: Trial | None) -> tuple[Any, Ended]:
        """What the next run makes of the index after a damage."""
        copy = self.work / "again"
        shutil.copytree(index, copy)
        try:
            if trial:
                trial.apply(copy / trial.file)
            how = ended(command("index", str(self.documents), "--index", str(copy), before=_hurried))
            if how.code:
                return None, how
            return _within(lambda: (*state(copy), _files(copy)))
        finally:
            shutil.rmtree(copy)

    def _report(self, reader: str, trial: Trial, found: object, how: Ended) -> None:
        if len(self.wrong) < 200:
            told = how.told.strip().splitlines()[-1:]
            self.wrong.append(f"{reader}: {trial.file}, {trial.region}, {trial.way}: {found} ({how.code} {told})")


def _hurried() -> None:
    quick()
    signal.alarm(_PATIENCE_S)


def _within(work: Any) -> tuple[Any, Ended]:
    """What a reader finds in a process of its own that may not take long; None where it is ended."""

    def hurried() -> Any:
        signal.alarm(_PATIENCE_S)
        return work()

    return Forked(hurried).result()


def _kind(found: Any, how: Ended) -> str:
    if found is None:
        return "killed" if how.code < 0 else "an error"
    return found if isinstance(found, str) else "other"


def _verified(index: Path, whole: Path) -> str:
    from rcasearch.errors import RcaSearchError
    from rcasearch.stores.generations import current
    from rcasearch.stores.manifests import read_manifest
    from rcasearch.stores.verifying import damages, refuse

    try:
        manifest = read_manifest(folder := current(index))
        refuse(folder, manifest, damages(folder, manifest))
    except RcaSearchError as error:
        return f"{error.message} {error.hint}"
    return HARMLESS if folder == whole else ""


def _opened(index: Path, whole: Path) -> str:
    from rcasearch.errors import RcaSearchError
    from rcasearch.stores.generations import current
    from rcasearch.stores.local import LocalStore

    try:
        LocalStore(folder := current(index)).close()
    except RcaSearchError as error:
        return f"{error.message} {error.hint}"
    return HARMLESS if folder == whole else ""


def _blindly(folder: Path) -> Any:
    """The answers of an index of which nothing was checked before; ``refused`` where it is found to be damaged on the way."""
    import msgspec

    from rcasearch.errors import IndexMismatchError
    from rcasearch.model import Query
    from rcasearch.search import Searcher
    from rcasearch.settings import Settings
    from rcasearch.stores.local import LocalStore
    from rcasearch.stores.manifests import MANIFEST, Manifest
    from tests.core.fakes import FakeEncoder

    manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    try:
        with closing(LocalStore(folder, manifest)) as store:
            searcher = Searcher(store, Settings(), FakeEncoder(store.fingerprint))
            found = [searcher.search(Query(text, 5)) for text in ("poolError cache_full", "disk leak on gateway")]
            answers = [[(hit.incident.id, hit.score) for hit in one.hits] for one in found]
            return [*state_of(searcher), repr(answers), repr(searcher.problems())]
    except IndexMismatchError:
        return "refused"
    except AssertionError:
        return ["answers that do not fit together"]


def _files(index: Path) -> list[str]:
    """The checksums of the files that do not tell how they were made."""
    from rcasearch.stores.generations import current
    from rcasearch.stores.manifests import read_manifest

    files = read_manifest(current(index)).files
    return [f"{name} {entry.sha256[:16]}" for name, entry in sorted(files.items()) if name != "catalogue.sqlite"]


def _write(folder: Path, count: int) -> None:
    from tests.core.fakes import write_corpus

    write_corpus(folder, count)


def table(counts: dict[str, Counter[str]]) -> Iterator[str]:
    """What was counted, as a table in markdown."""
    columns = ("trials", "verify", "open", "harmless", "refused", "the same answers", "other", "an error", "killed", "made right")
    yield f"| file | {' | '.join(columns)} |"
    yield f"| --- |{' ---: |' * len(columns)}"
    for name, own in {**counts, "all": sum(counts.values(), Counter[str]())}.items():
        yield f"| {name} | {' | '.join(str(own[column]) for column in columns)} |"


def run(work: Path, documents: int, each: int, seed: int) -> dict[str, Any]:
    """Every damage; what was counted and what went wrong."""
    started = time.perf_counter()
    damage = Damage(work, documents, each, seed)
    index = damage.made("index")
    damage.generation(index)
    damage.generation(damage.made("compressed", _FEW), ("passages.faiss",))
    damage.beside(index)
    print("\n".join(table(damage.counts)))
    seconds = round(time.perf_counter() - started, 1)
    return {"counts": damage.counts, "wrong": damage.wrong, "seconds": seconds, "seed": seed}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.damage", description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--documents", type=int, default=60, help="how many are in the index (60)")
    parser.add_argument("--each", type=int, default=3, help="how often each way is tried in each region (3)")
    parser.add_argument("--seed", type=int, default=1, help="which places are damaged (1)")
    parser.add_argument("--out", type=Path, help="a JSON file for what was counted")
    options = parser.parse_args(arguments)
    preload()
    with TemporaryDirectory() as folder:
        found = run(Path(folder), options.documents, options.each, options.seed)
    print("\n".join(found["wrong"]) or "Nothing went wrong.")
    return verdict(found, options.out)


if __name__ == "__main__":
    raise SystemExit(main())
