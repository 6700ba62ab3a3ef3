"""The encoder alone: the same weights by sentence-transformers, by txtai and by this project, on distinct passages."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.contestant import ROOT, Contestant, Session
from benchmarks.figures import BASELINE, Measure, Part
from benchmarks.recombined import sentences_of, texts
from benchmarks.sections import sections
from benchmarks.setup import OURS, Setup, judged

FULL = f"{OURS}, f32"
MEASURES = (
    Measure("rate", "passages encoded", "a second", more_is_better=True),
    Measure("rate_cpu", "passages encoded", "a CPU second", more_is_better=True),
    Measure("p50", "one query, p50", "ms"),
    Measure("query_cpu", "one query, mean", "CPU ms"),
    Measure("cosine_min", "cosine to plain, least", "", more_is_better=True),
    Measure("cosine_mean", "cosine to plain, mean", "", more_is_better=True),
)
_QUERIES = 100


def measure(setup: Setup, count: int) -> Part:
    """Passages a second, a query's time and how near the vectors are, of ``count`` passages."""
    part = Part("encoder", f"Encoder alone, {count:,} distinct passages of the seeds", MEASURES, remarks=(_REMARK,))
    work = setup.work / "encoder"
    work.mkdir()
    _write(work / "passages.jsonl", distinct_passages(count))
    asked = [str(row["text"]) for row in judged(ROOT / "seeds" / "queries.jsonl")][:_QUERIES]
    task = {"model": setup.model, "corpus": ROOT / "seeds", "sections": work / "passages.jsonl", "index": work / "none"}
    with ExitStack() as stack:
        sessions: dict[str, Session] = {}
        for one in _runtimes(setup):
            with setup.guarded(part.figures, one.name):
                sessions[one.name] = stack.enter_context(Session(one, task, patience=setup.patience))
                part.figures.versions[one.name] = sessions[one.name].versions
        for number in range(setup.rounds):
            _round(setup, part, sessions, asked, work, number)
    return part


_REMARK = (
    "Plain is sentence-transformers with torch in float32, txtai the same by its own call. *f32* is what this project does on "
    "processors with neither VNNI nor bfloat16."
)


def distinct_passages(count: int) -> list[str]:
    """So many sections of the seeds, spread evenly; where there are not so many, others of their sentences follow."""
    found = list(dict.fromkeys(section.text for section in sections(ROOT / "seeds")))
    if count <= len(found):
        return [found[place * len(found) // count] for place in range(count)]
    made = texts(sentences_of(ROOT / "seeds"), 7)
    return list(dict.fromkeys([*found, *(next(made) for _ in range(count - len(found)))]))


def _runtimes(setup: Setup) -> list[Contestant]:
    """Each by the interpreter that it has in the other parts; ours twice."""
    own = [dataclasses.replace(one, module="benchmarks.peers.encoding", arguments=(one.name,)) for one in setup.peers]
    known = [one for one in own if one.name in (BASELINE, "txtai", OURS)]
    full = [dataclasses.replace(one, name=FULL, arguments=("rcasearch-f32",)) for one in known if one.name == OURS]
    return known + full


def _write(path: Path, passages: Sequence[str]) -> None:
    rows = (json.dumps({"id": f"{place}", "text": text}, ensure_ascii=False) for place, text in enumerate(passages))
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def _round(setup: Setup, part: Part, sessions: dict[str, Session], asked: list[str], work: Path, number: int) -> None:
    names = list(sessions)
    for name in names[number % len(names) :] + names[: number % len(names)]:
        setup.tell(f"encoder, round {number + 1}: {name}")
        with setup.guarded(part.figures, name):
            out = work / f"{name}.npy"
            done = sessions[name].ask("passages", out=str(out))
            one = sessions[name].ask("queries", texts=asked)
            count = len(np.load(out, mmap_mode="r"))
            part.figures.add(name, number, rate=count / done["seconds"], rate_cpu=count / done["cpu"])
            part.figures.add(name, number, p50=float(np.median(one["ms"])), query_cpu=1000 * one["cpu"] / len(asked))
    _compare(part, work, number)


def _compare(part: Part, work: Path, number: int) -> None:
    """Cosines to the baseline's vectors of this round."""
    if not (work / f"{BASELINE}.npy").exists():
        return
    base = _unit(np.load(work / f"{BASELINE}.npy"))
    for name in part.figures.values:
        cosines = np.einsum("nd,nd->n", base, _unit(np.load(work / f"{name}.npy")))
        part.figures.add(name, number, cosine_min=float(cosines.min()), cosine_mean=float(cosines.mean()))


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    exact = vectors.astype(np.float64)
    return np.asarray(exact / np.linalg.norm(exact, axis=1, keepdims=True))
