"""Judged queries over an index -> a report: measures by kind of query beside the plain recipe, and what each leg is worth.

The queries come from a file, or from the links between the documents of the index. The links are then hidden from both sides:
the same incidents are indexed again without them, in a folder that is gone afterwards, and asked in place of the index.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rcasearch import measures
from rcasearch.ablation import SHIPPED, Ablation, ablated, ablation
from rcasearch.asking import open_searcher
from rcasearch.cache import CACHE, copy_cache
from rcasearch.errors import InvalidQueryError, NotFoundError, RcaSearchError
from rcasearch.index import build_documents
from rcasearch.judged import Answer, JudgedQuery, read_queries
from rcasearch.link_queries import LinkLabels, link_queries
from rcasearch.measures import MEASURES, OVER_KINDS, Figure, Separation, Values
from rcasearch.model import Document, Incident, Query, Verdict
from rcasearch.progress import Progress
from rcasearch.retrieval import RANKERS, Weights
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.stores.tenants import folder_of

DEPTH = 100
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one ranker on one kind of query."""

    ranker: str
    kind: str
    queries: int
    figures: Mapping[str, Figure]


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of the ranker under test and of the plain recipe, and what the user is told.

    ``verdicts`` maps each kind of query to the share of each verdict word in the answers of the ranker under test;
    ``separations`` say how well each ranker's confidence tells *none*; ``unknown`` are judged incidents that the index does not
    hold. ``ablation`` is empty unless it was asked for, and ``labels`` is there when the queries come from links.
    """

    rows: tuple[Row, ...]
    separations: tuple[Separation, ...]
    unknown: tuple[str, ...]
    verdicts: Mapping[str, Mapping[Verdict, float]]
    ablation: tuple[Ablation, ...] = ()
    labels: LinkLabels | None = None

    @property
    def auroc(self) -> Mapping[str, float | None]:
        """For each ranker, how often it is surer of an answerable query than of one that is not; None without both."""
        found: dict[str, float | None] = dict.fromkeys(row.ranker for row in self.rows)
        return found | {own.ranker: own.auroc for own in self.separations if own.kind == measures.ALL_KINDS}

    def as_dict(self) -> dict[str, Any]:
        """The report as plain values."""
        rows = [
            {"ranker": r.ranker, "kind": r.kind, "queries": r.queries} | {name: asdict(f) for name, f in r.figures.items()}
            for r in self.rows
        ]
        plain: dict[str, Any] = {"rows": rows, "auroc": dict(self.auroc)}
        plain["separations"] = [asdict(own) for own in self.separations]
        plain["verdicts"] = {kind: dict(shares) for kind, shares in self.verdicts.items()}
        plain["unknown_incidents"] = list(self.unknown)
        if self.ablation:
            plain["ablation"] = [_ablation_as_dict(own) for own in self.ablation]
        if self.labels:
            plain["links"] = asdict(self.labels)
        return plain


def _ablation_as_dict(own: Ablation) -> dict[str, Any]:
    difference = asdict(own.difference)
    return {"ranker": own.ranker, "nDCG@10": dict(own.ndcg), "difference": difference, "Success@1": own.success}


def evaluate(
    searcher: Searcher,
    queries_path: Path,
    *,
    ranker: str = SHIPPED,
    run_path: Path | None = None,
    depth: int = DEPTH,
    ablate: bool = False,
    tell: Progress | None = None,
) -> Report:
    """Ask every judged query of the index by ``ranker``, and by the plain recipe for comparison.

    ``run_path`` gets one JSON line a query; ``ablate`` adds the shipped recipe without each of its legs in turn.
    Raises InvalidQueryError for a file of queries that cannot be used, with its line.
    """
    rankers = _rankers(ranker, ablate)
    queries = read_queries(queries_path)
    _check_writable(run_path)
    stems, unknown = _resolve(searcher, queries)
    answers = _ask_all(searcher, queries, rankers, depth, _stem, tell)
    return _report(ranker, answers, stems, unknown, run_path, ablate)


def evaluate_links(
    searcher: Searcher,
    *,
    past_only: bool = False,
    ranker: str = SHIPPED,
    run_path: Path | None = None,
    depth: int = DEPTH,
    ablate: bool = False,
    tell: Progress | None = None,
) -> Report:
    """The same without judged queries: the links between the incidents of the index are the labels, as in `link_queries`.

    Incidents are ranked by id. With ``past_only`` only older incidents may answer. Raises NotFoundError where there are no links.
    """
    rankers = _rankers(ranker, ablate)
    asked = link_queries(list(_incidents(searcher)), past_only=past_only)
    _check_writable(run_path)
    with searcher_over(asked.hidden, searcher.settings, tell) as hidden:
        answers = _ask_all(hidden, asked.queries, rankers, depth, _id, tell)
    names = {name: name for query in asked.queries for name in query.relevant}
    return replace(_report(ranker, answers, names, (), run_path, ablate), labels=asked.labels)


@contextmanager
def searcher_over(incidents: Sequence[Incident], settings: Settings, tell: Progress | None = None) -> Iterator[Searcher]:
    """A searcher over these incidents alone. Passages that the index of the settings holds as well are not encoded again."""
    with TemporaryDirectory(prefix="rcasearch-") as folder:
        copy_cache(folder_of(settings) / CACHE, Path(folder) / CACHE)
        apart = replace(settings, index=folder, store="", tenant="")
        build_documents([Document(incident, "") for incident in incidents], apart, tell)
        with closing(open_searcher(apart)) as searcher:
            yield searcher


def _rankers(ranker: str, ablate: bool) -> dict[str, Weights]:
    if ranker not in RANKERS:
        raise InvalidQueryError(f"There is no ranker {ranker!r}.", f"Choose one of: {', '.join(RANKERS)}.", field="ranker")
    return {name: RANKERS[name] for name in ("plain", ranker)} | (ablated() if ablate else {})


def _incidents(searcher: Searcher) -> Iterator[Incident]:
    for offset in range(0, searcher.info.incidents, _PAGE):
        yield from searcher.incidents(offset=offset, limit=_PAGE).incidents


def _resolve(searcher: Searcher, queries: Iterable[JudgedQuery]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Every judged name -> file stem, and the names that this index does not hold (they count as not found)."""
    stems: dict[str, str] = {}
    unknown: list[str] = []
    for name in sorted({name for query in queries for name in query.relevant}):
        try:
            stems[name] = searcher.incident(name).stem
        except NotFoundError:
            stems[name] = name
            unknown.append(name)
    return stems, tuple(unknown)


def _stem(incident: Incident) -> str:
    return incident.stem


def _id(incident: Incident) -> str:
    return incident.id


def _ask_all(
    searcher: Searcher,
    queries: Sequence[JudgedQuery],
    rankers: Mapping[str, Weights],
    depth: int,
    name: Callable[[Incident], str],
    tell: Progress | None,
) -> dict[str, list[Answer]]:
    """The answers of each ranker. Query by query, so that each is encoded once."""
    answers: dict[str, list[Answer]] = {ranker: [] for ranker in rankers}
    for done, query in enumerate(queries, 1):
        for ranker, weights in rankers.items():
            answers[ranker].append(_ask(searcher, query, weights, depth, name))
        if tell:
            tell(done, len(queries), "asking")
    return answers


def _ask(searcher: Searcher, query: JudgedQuery, weights: Weights, depth: int, name: Callable[[Incident], str]) -> Answer:
    asked = Query(query.text, depth, query.filters)
    results = searcher.search(asked, weights, explain=False, without=query.without)
    ranked = tuple(name(hit.incident) for hit in results.hits)
    return Answer(query, ranked, tuple(hit.score for hit in results.hits), results.confidence, results.verdict)


def _check_writable(run_path: Path | None) -> None:
    """Better told before the queries are asked than after."""
    if run_path is not None:
        _write_run(run_path, [])


def _write_run(path: Path, answers: Iterable[Answer]) -> None:
    rows = (
        {"qid": answer.query.id, "ranked": answer.ranked, "scores": answer.scores, "top_confidence": answer.top_confidence}
        for answer in answers
    )
    try:
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    except OSError as error:
        raise RcaSearchError(f"The run cannot be written to {path}: {error.strerror}.", "Name another file by --run.") from None


def _report(
    ranker: str,
    answers: Mapping[str, Sequence[Answer]],
    names: Mapping[str, str],
    unknown: tuple[str, ...],
    run_path: Path | None,
    ablate: bool,
) -> Report:
    if run_path is not None:
        _write_run(run_path, answers[ranker])
    values = {own: measures.by_kind(found, names) for own, found in answers.items()}
    compared = tuple(dict.fromkeys(("plain", ranker)))
    return Report(
        rows=tuple(row for own in compared for row in _rows(own, values[own])),
        separations=tuple(found for own in compared for found in measures.separations(own, answers[own])),
        unknown=unknown,
        verdicts=measures.verdict_shares(answers[ranker]),
        ablation=tuple(ablation(own, found, values[SHIPPED]) for own, found in values.items() if found) if ablate else (),
    )


def _rows(ranker: str, values: Mapping[str, Values]) -> list[Row]:
    # The mean over kinds, so that the kind with most queries does not speak for all.
    groups = {kind: [own] for kind, own in values.items()} | ({OVER_KINDS: list(values.values())} if values else {})
    return [_row(ranker, kind, own) for kind, own in groups.items()]


def _row(ranker: str, kind: str, groups: Sequence[Values]) -> Row:
    named = dict(zip(MEASURES, measures.figures(groups), strict=True))
    return Row(ranker, kind, sum(group.shape[1] for group in groups), named)
