"""The figures of the last evaluation, kept beside the index, so that whoever reads the answers can see how good they are here.

indexes/default/evaluation.json is written whole, by one rename, and outlives the generations of the index.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec

from rcasearch.ablation import SHIPPED
from rcasearch.durable import write_whole
from rcasearch.evaluate import Report, evaluate, evaluate_links
from rcasearch.measures import ALL_KINDS, Figure
from rcasearch.model import EVERYTHING, Clearance, IndexInfo, Verdict
from rcasearch.search import Searcher
from rcasearch.stores.manifests import UNSEALED, is_sealed, read_plain, sealed
from rcasearch.stores.tenants import folder_of

EVALUATION = "evaluation.json"
PLAIN = "plain"
_MEASURE = "nDCG@10"
# What an evaluation writes is a few kilobytes.
_LARGEST = 1_000_000

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Moment = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$")]


class Mean(msgspec.Struct, frozen=True):
    """A mean of nDCG@10 over queries with its 95 % interval."""

    mean: Share
    low: Share
    high: Share


class KindFigures(msgspec.Struct, frozen=True):
    """Both recipes on the queries of one kind, or their mean over the kinds."""

    kind: str
    queries: Count
    plain: Mean
    shipped: Mean


class Evaluation(msgspec.Struct, frozen=True):
    """What was measured, when (ISO 8601, UTC), on which index, by which queries: the name of their file, None for links.

    ``access`` are the labels of the documents that it was measured on: the figures are of all of them. ``verdicts`` are the
    shares of each verdict by kind, of the shipped recipe. ``auroc`` and ``none_answered`` are as in
    `rcasearch.measures.Separation`; None where no query is without an answer. ``sha256`` is that of the file.
    """

    index_id: str
    measured: Moment
    model: str
    incidents: Count
    queries: str | None
    rows: tuple[KindFigures, ...]
    verdicts: dict[str, dict[Verdict, Share]]
    past_only: bool = False
    auroc: Share | None = None
    plain_auroc: Share | None = None
    none_answered: Share | None = None
    access: tuple[str, ...] = ()
    sha256: str = UNSEALED


def measure(
    searcher: Searcher, queries: Path | None, *, past_only: bool = False, ranker: str = SHIPPED, **options: Any
) -> Report:
    """The report on judged queries, or without a file of them on the links between the documents.

    ``options`` are those of `evaluate`. What is measured of the shipped recipe is kept beside the index.
    Raises what `evaluate` and `evaluate_links` raise.
    """
    if queries is None:
        report = evaluate_links(searcher, past_only=past_only, ranker=ranker, **options)
    else:
        report = evaluate(searcher, queries, ranker=ranker, **options)
    if ranker == SHIPPED:
        keep(evaluation_of(report, searcher.info, queries, searcher.labels), folder_of(searcher.settings))
    return report


def evaluation_of(report: Report, info: IndexInfo, queries: Path | None, labels: Collection[str] = ()) -> Evaluation:
    """What is kept of a report on the shipped recipe, measured on documents of these labels."""
    apart = {own.ranker: own for own in report.separations if own.kind == ALL_KINDS}
    shipped = apart.get(SHIPPED)
    return Evaluation(
        index_id=info.id,
        measured=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        model=info.model,
        incidents=info.incidents,
        queries=None if queries is None else queries.name,
        rows=_rows(report),
        verdicts={kind: dict(shares) for kind, shares in report.verdicts.items()},
        past_only=report.labels is not None and report.labels.past_only,
        auroc=shipped.auroc if shipped else None,
        plain_auroc=apart[PLAIN].auroc if PLAIN in apart else None,
        none_answered=shipped.none_answered if shipped else None,
        access=tuple(sorted(labels)),
    )


def _rows(report: Report) -> tuple[KindFigures, ...]:
    means: dict[str, dict[str, Mean]] = {}
    counts: Mapping[str, int] = {row.kind: row.queries for row in report.rows}
    for row in report.rows:
        means.setdefault(row.kind, {})[row.ranker] = _mean(row.figures[_MEASURE])
    return tuple(KindFigures(kind, counts[kind], own[PLAIN], own[SHIPPED]) for kind, own in means.items())


def _mean(figure: Figure) -> Mean:
    # The bounds of an interval can pass 1 by a rounding error.
    return Mean(*(min(max(value, 0.0), 1.0) for value in (figure.mean, figure.low, figure.high)))


def keep(evaluation: Evaluation, index: Path) -> bool:
    """Write it beside the index, in place of the one before; False where that folder cannot be written, which does no harm."""
    try:
        write_whole(index / EVALUATION, sealed(evaluation))
    except OSError:
        return False
    return True


def last_evaluation(index: Path, clearance: Clearance = EVERYTHING) -> Evaluation | None:
    """What was measured last on this index or one before it; None where nothing was, or where the file is damaged.

    A reader is told of it who may see all that it was measured on.
    """
    try:
        raw = read_plain(index / EVALUATION, _LARGEST)
        found = msgspec.json.decode(raw, type=Evaluation)
    except (OSError, msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    whole = is_sealed(raw, found.sha256)
    return msgspec.structs.replace(found, sha256=UNSEALED) if whole and clearance.covers(found.access) else None
