"""An evaluation report as text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from rcasearch.ablation import SHIPPED, Ablation
from rcasearch.evaluate import Report, Row
from rcasearch.link_queries import KIND, LinkLabels
from rcasearch.measures import KEPT, MEASURES, OVER_KINDS, VERDICTS, Figure
from rcasearch.wording import grouped, plural

WIDTH = 80
_SHOWN = 5
# Below this, one query more or less moves a figure by several points.
FEW = 20


def table(report: Report, width: int = WIDTH) -> str:
    """Rankers and kinds down, measures across, each mean with its 95 % interval; below, what else was measured and its worth."""
    parts = [_measures(report.rows), _verdicts(report), _separations(report), _ablation(report.ablation, width)]
    if report.unknown:
        names = ", ".join(grouped(report.unknown, _SHOWN))
        parts.append(_wrapped(f"Judged incidents that are not in this index: {len(report.unknown):,} ({names}).", width))
    if report.labels:
        parts.append("\n".join(_wrapped(text, width) for text in _worth(report.labels, report.rows)))
    return "\n\n".join(part for part in parts if part)


def _measures(rows: Sequence[Row]) -> str:
    # Of one kind alone, the mean over kinds says the same again.
    several = len({row.kind for row in rows}) > 2
    lines = [f"{'ranker':8}{'kind':17}{'n':>4}  " + "".join(f"{name:19}" for name in MEASURES).rstrip()]
    for row in rows:
        if several or row.kind != OVER_KINDS:
            cells = "".join(f"{_cell(row.figures[name]):19}" for name in MEASURES).rstrip()
            lines.append(f"{row.ranker:8}{row.kind:17}{row.queries:>4}  {cells}")
    return "\n".join(lines)


def _cell(figure: Figure) -> str:
    return f"{figure.mean:.3f} [{figure.low:.2f}–{figure.high:.2f}]"


def _verdicts(report: Report) -> str:
    lines = [f"{'verdicts':25}" + "".join(f"{word:>10}" for word in VERDICTS)]
    for kind, shares in report.verdicts.items():
        lines.append(f"{'':8}{kind:17}" + "".join(f"{shares[word]:>10.0%}" for word in VERDICTS))
    return "\n".join(lines)


def _separations(report: Report) -> str:
    if not report.separations:
        return ""
    header = f"{'confidence against none':25}{'n':>4}   AUROC   none answered at {KEPT}% kept"
    rows = (
        f"{own.ranker:8}{own.kind:17}{own.queries:>4}   {own.auroc:.3f}   {own.none_answered:>4.0%}" for own in report.separations
    )
    return "\n".join((header, *rows))


def _ablation(rows: Sequence[Ablation], width: int) -> str:
    """The shipped recipe without each leg, as many columns side by side as fit."""
    if not rows:
        return ""
    kinds = [kind for kind in rows[0].ndcg if kind != OVER_KINDS and len(rows[0].ndcg) > 2]
    header = ["ablation", "mean", f"less {SHIPPED}", "Success@1", *kinds]
    body = [[row.ranker, *_ablated(row, kinds)] for row in rows]
    blocks = _blocks([header, *body], width)
    return "nDCG@10 with each leg of the ranking off in turn; paired intervals\n" + "\n\n".join(blocks)


def _ablated(row: Ablation, kinds: Sequence[str]) -> list[str]:
    less = row.difference
    mean, low, high = (f"{value:+.3f}".replace("0.", ".", 1) for value in (less.mean, less.low, less.high))
    interval = "" if row.ranker == SHIPPED else f"{mean} [{low} {high}]"
    return [f"{row.ndcg[OVER_KINDS]:.3f}", interval, f"{row.success:.3f}", *(f"{row.ndcg[kind]:.3f}" for kind in kinds)]


def _blocks(rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """The rows in columns, the first of them repeated at the start of each block of columns that fits the width."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    padded = [[f"{cell:{max(map(len, column))}}" for cell in column] for column in columns]
    first, block = padded[0], [padded[0]]
    for column in padded[1:]:
        if len(block) > 1 and sum(len(own[0]) + 2 for own in block) + len(column[0]) > width:
            yield _joined(block)
            block = [first]
        block.append(column)
    yield _joined(block)


def _joined(columns: Sequence[Sequence[str]]) -> str:
    return "\n".join("  ".join(cells).rstrip() for cells in zip(*columns, strict=True))


def _worth(labels: LinkLabels, rows: Sequence[Row]) -> Iterator[str]:
    """What to trust in figures whose labels are links."""
    [row] = [own for own in rows if own.kind == KIND][-1:]
    yield "What to trust in this"
    yield f"- Labels: {_labels(labels)}"
    yield f"- Queries: {_queries(labels, row.queries)}"
    yield (
        "- Nobody links all that is alike. What is not linked may answer as well, but counts as wrong; and some links only say "
        '"not this one". So take the figures as a lower bound: compare rankers by them, not corpora.'
    )
    figure = row.figures["nDCG@10"]
    yield (
        f"- The interval of {row.ranker}'s nDCG@10 is {figure.high - figure.low:.2f} wide. It takes the queries for independent, "
        "which the two ends of one link are not: think of it as wider."
    )
    if row.queries < FEW:
        yield f"- Warning: fewer than {FEW} queries do not tell rankers apart. Link more incidents, or judge queries of your own."


def _labels(labels: LinkLabels) -> str:
    pairs, dangling = plural(labels.pairs, "pair"), plural(labels.dangling, "wiki link")
    return (
        f"{labels.linked:,} of {plural(labels.incidents, 'incident')} are linked with another one: {pairs}, each counted in both "
        f"directions. {dangling} {'names' if labels.dangling == 1 else 'name'} no incident of this index."
    )


def _queries(labels: LinkLabels, count: int) -> str:
    told = "the summary, symptoms and detection of an incident, written in hindsight and longer than an alert"
    titles = f" ({labels.by_title:,} had only a title)" if labels.by_title else ""
    split = " Only what is dated before it may answer" if labels.past_only else " The incident itself may not answer"
    left = f"; {labels.out_of_time:,} linked incidents have no older one to find or no date" if labels.past_only else ""
    return f"{count:,}, each one {told}{titles}.{split}{left}. Links and sections of related incidents are hidden on both sides."


def _wrapped(text: str, width: int) -> str:
    return textwrap.fill(text, width, subsequent_indent="  " if text.startswith("- ") else "", break_on_hyphens=False)
