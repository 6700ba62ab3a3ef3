"""Indexing from the command line, process start to end: a templated corpus by this project and by the plain recipe."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.contestant import Contestant, Session
from benchmarks.figures import BASELINE, Figures, Measure, Part
from benchmarks.sections import write_sections
from benchmarks.setup import OURS, Setup, mebibytes, ours, run
from benchmarks.templated import write

MEASURES = (
    Measure("index", "index", "s"),
    Measure("index_cpu", "index", "CPU s"),
    Measure("rate", "sections indexed", "a second", more_is_better=True),
    Measure("again", "index again, nothing changed", "s"),
    Measure("again_cpu", "index again, nothing changed", "CPU s"),
    Measure("disk", "index on disk", "MiB"),
)


@dataclass(frozen=True, slots=True)
class Documents:
    """A folder of documents, their sections as every peer has them, and how many these are."""

    corpus: Path
    work: Path
    sections: Path
    count: int = 0
    queries: Path = field(default=Path())

    def task(self, setup: Setup, name: str) -> dict[str, Path]:
        """The paths that a contestant is given."""
        return {"model": setup.model, "corpus": self.corpus, "sections": self.sections, "index": self.work / f"index-{name}"}


def templated(work: Path, size: int) -> Documents:
    """A templated corpus of this size, written."""
    write(work, size, 7)
    sections = work / "sections.jsonl"
    return Documents(work / "corpus", work, sections, write_sections(work / "corpus", sections), work / "queries.jsonl")


def measure(setup: Setup, size: int, share: int) -> Part:
    """Build and build again; of the plain recipe every ``share``-th section, as its time is the same for each."""
    work = setup.work / f"index-{size}"
    documents = templated(work, size)
    part = Part("index", f"Index {size:,} templated incidents", MEASURES, remarks=_remarks(share))
    if setup.peer(OURS):
        setup.tell(f"{OURS} indexes {size:,}")
        with setup.guarded(part.figures, OURS):
            build(setup, part.figures, documents)
            again(setup, part.figures, documents)
    plain = setup.peer(BASELINE)
    if plain:
        setup.tell(f"{plain.name} indexes {documents.count // share:,} of {documents.count:,} sections")
        with setup.guarded(part.figures, plain.name):
            _plain(setup, part.figures, documents, plain, share)
    return part


def _remarks(share: int) -> tuple[str, ...]:
    ours_whole = f"{OURS}: the whole command, from the start of its process; plain: with its model loaded."
    estimated = f" Plain indexed every {share}th section, and its times are {share} times what it took." if share > 1 else ""
    return (ours_whole + estimated,)


def build(setup: Setup, figures: Figures, documents: Documents) -> Path:
    """The first build of our index of some documents, by the command. Raises ContestantError."""
    index = documents.work / f"index-{OURS}"
    spent = run(ours("index", str(documents.corpus), "--index", str(index)), patience=setup.patience)
    rate = {"rate": documents.count / spent.seconds} if documents.count else {}
    figures.add(OURS, 0, index=spent.seconds, index_cpu=spent.cpu, disk=mebibytes(index), **rate)
    return index


def again(setup: Setup, figures: Figures, documents: Documents) -> None:
    """Index with nothing changed, round by round. Raises ContestantError."""
    for number in range(setup.rounds):
        spent = run(ours("index", str(documents.corpus), "--index", str(documents.work / f"index-{OURS}")))
        figures.add(OURS, number, again=spent.seconds, again_cpu=spent.cpu)


def _plain(setup: Setup, figures: Figures, documents: Documents, plain: Contestant, share: int) -> None:
    rows = documents.sections.read_text(encoding="utf-8").splitlines(keepends=True)[::share]
    part = documents.work / "share.jsonl"
    part.write_text("".join(rows), encoding="utf-8")
    task = {**documents.task(setup, plain.name), "sections": part}
    with Session(plain, task, patience=setup.patience) as session:
        figures.versions[plain.name] = session.versions
        done = session.ask("index")
    times = documents.count / len(rows)
    seconds, cpu, size = times * done["seconds"], times * done["cpu"], times * mebibytes(task["index"])
    figures.add(plain.name, 0, index=seconds, index_cpu=cpu, rate=documents.count / seconds, disk=size)
    # It keeps no record of what it encoded.
    figures.add(plain.name, 0, again=seconds, again_cpu=cpu)


def texts(path: Path) -> list[str]:
    """The texts of a file of sections."""
    with path.open(encoding="utf-8") as file:
        return [json.loads(line)["text"] for line in file]
