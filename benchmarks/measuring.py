"""All contestants measured in turn on one corpus, round by round. One that fails is left out, and the others go on.

In each round every contestant's process indexes and ends; then all of them serve side by side, and the queries go to each in
blocks by turns, so that what the machine does besides falls on all alike. Who begins changes from block to block, and a few
queries that are not counted come before each.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.contestant import Contestant, ContestantError, Session
from benchmarks.figures import Figures, Measure
from benchmarks.sections import write_sections

MEASURES = (
    Measure("start", "start to the first answer", "s"),
    Measure("start_cpu", "start to the first answer", "CPU s"),
    Measure("index", "index", "s"),
    Measure("index_cpu", "index", "CPU s"),
    Measure("rate", "sections indexed", "a second", more_is_better=True),
    Measure("again", "index again, nothing changed", "s"),
    Measure("p50", "query, p50", "ms"),
    Measure("p95", "query, p95", "ms"),
    Measure("p99", "query, p99", "ms"),
    Measure("query_cpu", "query, mean", "CPU ms"),
    Measure("throughput", "searches, 16 threads", "a second", more_is_better=True),
    Measure("errors", "errors among them", "searches"),
    Measure("memory", "resident memory while serving", "MiB"),
    Measure("disk", "index on disk", "MiB"),
    Measure("ndcg", "nDCG@10, mean over queries", "", more_is_better=True),
)
_BLOCK = 40
_WARM = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured, and how long a contestant may take for an answer."""

    rounds: int = 3
    index_rounds: int = 1
    threads: int = 16
    load_seconds: float = 5.0
    patience: float = 3_600.0


@dataclass(frozen=True, slots=True)
class Corpus:
    """A folder of documents with its judged queries, and a folder for all that is made of it."""

    documents: Path
    queries: Path
    work: Path
    model: Path

    def judged(self) -> list[dict[str, Any]]:
        """The queries as their file has them."""
        return [json.loads(line) for line in self.queries.read_text(encoding="utf-8").splitlines()]

    def task(self, contestant: Contestant, index_round: int) -> dict[str, Path]:
        """The paths that a contestant is given; its index is one of its own for each round of indexing."""
        own = self.work / contestant.name
        own.mkdir(exist_ok=True)
        return {
            "model": self.model,
            "corpus": self.documents,
            "sections": self.work / "sections.jsonl",
            "index": own / f"index-{index_round}",
        }


@dataclass(slots=True)
class _Race:
    """Who is still in it, what was measured, and whom to tell."""

    corpus: Corpus
    plan: Plan
    entered: list[Contestant]
    tell: Callable[[str], None]
    sections: int = 0
    figures: Figures = field(default_factory=Figures)

    def turns(self, number: int) -> list[Contestant]:
        shift = number % max(len(self.entered), 1)
        return self.entered[shift:] + self.entered[:shift]

    @contextmanager
    def guarded(self, contestant: Contestant) -> Iterator[None]:
        """What goes wrong of one contestant is noted, and it is out."""
        try:
            yield
        except ContestantError as error:
            self.tell(f"left out: {contestant.name}: {error}")
            self.figures.notes[contestant.name] = str(error)
            self.entered.remove(contestant)


def measure(contestants: Sequence[Contestant], corpus: Corpus, plan: Plan, tell: Callable[[str], None]) -> Figures:
    """Every figure of every contestant that could be had; why others are missing is in the notes."""
    race = _Race(corpus, plan, list(contestants), tell)
    race.sections = write_sections(corpus.documents, corpus.work / "sections.jsonl")
    for number in range(plan.rounds):
        if number < plan.index_rounds:
            _index(race, number)
        _serve(race, number)
    return race.figures


def _index(race: _Race, number: int) -> None:
    for contestant in race.turns(number):
        race.tell(f"{race.corpus.documents.name}, round {number + 1}: {contestant.name} indexes")
        task = race.corpus.task(contestant, number)
        with race.guarded(contestant), Session(contestant, task, patience=race.plan.patience) as session:
            race.figures.versions[contestant.name] = session.versions
            done = session.ask("index")
            race.figures.add(
                contestant.name,
                number,
                index=done["seconds"],
                index_cpu=done["cpu"],
                rate=race.sections / done["seconds"],
                disk=_mebibytes(task["index"]),
            )


def _serve(race: _Race, number: int) -> None:
    race.tell(f"{race.corpus.documents.name}, round {number + 1}: queries")
    judged = race.corpus.judged()
    texts = [row["text"] for row in judged]
    with ExitStack() as stack:
        sessions: dict[str, Session] = {}
        for contestant in race.turns(number):
            with race.guarded(contestant):
                sessions[contestant.name] = stack.enter_context(_started(race, contestant, number, texts[0]))
        answers = _queries(race, sessions, texts, number)
        for contestant in race.turns(number):
            with race.guarded(contestant):
                session = sessions[contestant.name]
                race.figures.add(contestant.name, number, ndcg=ndcg(judged, answers[contestant.name]))
                _pressed(race, contestant, session, texts, number)


@contextmanager
def _started(race: _Race, contestant: Contestant, number: int, text: str) -> Iterator[Session]:
    """A serving process that has answered its first query, clocked from before it began."""
    started = time.perf_counter()
    task = race.corpus.task(contestant, min(number, race.plan.index_rounds - 1))
    with Session(contestant, task, patience=race.plan.patience) as session:
        session.ask("search", texts=[text])
        seconds = time.perf_counter() - started
        race.figures.add(contestant.name, number, start=seconds, start_cpu=session.ask("memory")["cpu"])
        yield session


def _queries(race: _Race, sessions: Mapping[str, Session], texts: Sequence[str], number: int) -> dict[str, list[list[str]]]:
    """Every query to everybody; each one's answers in order."""
    answers: dict[str, list[list[str]]] = {name: [] for name in sessions}
    spent: dict[str, list[float]] = {name: [] for name in sessions}
    cpu = dict.fromkeys(sessions, 0.0)
    for turn, start in enumerate(range(0, len(texts), _BLOCK)):
        for contestant in race.turns(turn):
            name = contestant.name
            with race.guarded(contestant):
                # While the others had the machine, its memory and threads went cold: that is not its doing.
                sessions[name].ask("search", texts=list(texts[:_WARM]))
                done = sessions[name].ask("search", texts=list(texts[start : start + _BLOCK]))
                answers[name] += done["answers"]
                spent[name] += done["ms"]
                cpu[name] += done["cpu"]
    for contestant in race.entered:
        name = contestant.name
        p50, p95, p99 = np.percentile(spent[name], [50, 95, 99]).tolist()
        race.figures.add(name, number, p50=p50, p95=p95, p99=p99, query_cpu=1000 * cpu[name] / len(texts))
    return answers


def _pressed(race: _Race, contestant: Contestant, session: Session, texts: Sequence[str], number: int) -> None:
    """Load, memory after it, and last, as it may change both, indexing again."""
    load = session.ask("load", texts=list(texts), threads=race.plan.threads, seconds=race.plan.load_seconds)
    if load["errors"]:
        race.tell(f"{contestant.name}: {load['errors']} errors under load, the first: {load['first_error'][0]}")
    race.figures.add(contestant.name, number, throughput=load["searches"] / load["seconds"], errors=load["errors"])
    race.figures.add(contestant.name, number, memory=session.ask("memory")["now"])
    # Who keeps no record of what was indexed would only measure the same again.
    index = race.figures.values[contestant.name]["index"]
    again = list(index.values())[-1] if contestant.rebuilds else session.ask("index")["seconds"]
    race.figures.add(contestant.name, number, again=again)


def ndcg(judged: Sequence[Mapping[str, Any]], answers: Sequence[Sequence[str]]) -> float:
    """nDCG@10 of ranked incidents, the mean over the queries that have an answer."""
    import ir_measures
    from ir_measures import nDCG

    pairs = [(row, stems) for row, stems in zip(judged, answers, strict=True) if row["relevant"]]
    run = {row["id"]: {stem: -float(rank) for rank, stem in enumerate(stems)} for row, stems in pairs}
    qrels = {row["id"]: row["relevant"] for row, _ in pairs}
    return float(ir_measures.calc_aggregate([nDCG @ 10], qrels, run)[nDCG @ 10])


def _mebibytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20
