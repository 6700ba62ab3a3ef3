"""What is indexed, when, by which model, how well it answers, and what is wrong with the documents."""

from __future__ import annotations

from typing import Any

from flask import render_template

from rcasearch.evaluation import Evaluation, KindFigures, last_evaluation
from rcasearch.measures import KEPT, OVER_KINDS, VERDICTS
from rcasearch.render import problem_as_dict
from rcasearch.stores.tenants import folder_of
from rcasearch.web.contract import HTML, PAGES, Operation, promises
from rcasearch.web.live import live
from rcasearch.web.pages.routes import Answer, blueprint
from rcasearch.web.present import public_info

# Of a file of queries with a kind each, more would be no summary.
_MOST_KINDS = 20
_FEW = 20


@blueprint.get("/about")
@promises(Operation(PAGES, media=HTML, errors=(503,)))
def about() -> Answer:
    """What is indexed, when, by which model, how well it answers, and what is wrong with the documents."""
    searcher = live().searcher()
    problems = [problem_as_dict(problem) for problem in searcher.problems()]
    evaluation = last_evaluation(folder_of(searcher.settings), searcher.clearance)
    measured = None if evaluation is None else _told(evaluation, searcher.info.id)
    return render_template("about.html", info=public_info(searcher.info), problems=problems, measured=measured)


def _told(evaluation: Evaluation, index_id: str) -> dict[str, Any]:
    """An evaluation as the page tells it: a row for each kind of query that has an answer, and one for those without."""
    rows = [row for row in evaluation.rows if row.kind != OVER_KINDS][:_MOST_KINDS]
    over = [row for row in evaluation.rows if row.kind == OVER_KINDS] if len(rows) > 1 else []
    asked = sum(row.queries for row in rows)
    return {
        "evaluation": evaluation,
        "earlier": evaluation.index_id != index_id,
        "rows": [_row(evaluation, row) for row in rows],
        "over": [_row(evaluation, row) for row in over],
        "none": _shares(evaluation, "none") if "none" not in (row.kind for row in rows) else None,
        "few": asked < _FEW,
        "kept": KEPT,
    }


def _row(evaluation: Evaluation, row: KindFigures) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "queries": row.queries,
        "plain": row.plain,
        "shipped": row.shipped,
        "shares": _shares(evaluation, row.kind),
    }


def _shares(evaluation: Evaluation, kind: str) -> list[tuple[str, float, float]] | None:
    """(verdict, share, sum of the shares before it), to be drawn end to end."""
    shares = evaluation.verdicts.get(kind)
    if shares is None:
        return None
    told: list[tuple[str, float, float]] = []
    for verdict in VERDICTS:
        told.append((verdict, shares.get(verdict, 0.0), sum(share for _, share, _ in told)))
    return told
