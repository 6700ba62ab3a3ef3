"""An evaluation report as text."""

from __future__ import annotations

from rcasearch.evaluate import MEASURES, VERDICTS, Figure, Report


def table(report: Report) -> str:
    """Rankers and kinds down, measures across, each mean with its 95 % interval; below, how often each verdict is given."""
    lines = [f"{'ranker':8}{'kind':17}{'n':>4}  " + "".join(f"{name:19}" for name in MEASURES).rstrip()]
    for row in report.rows:
        cells = "".join(f"{_cell(row.figures[name]):19}" for name in MEASURES).rstrip()
        lines.append(f"{row.ranker:8}{row.kind:17}{row.queries:>4}  {cells}")
    lines += ["", f"{'verdicts':25}" + "".join(f"{word:>10}" for word in VERDICTS)]
    for kind, shares in report.verdicts.items():
        lines.append(f"{'':8}{kind:17}" + "".join(f"{shares[word]:>10.0%}" for word in VERDICTS))
    lines.append("")
    lines += [
        f"{ranker}: confidence parts answerable from unanswerable queries with AUROC {value:.3f}"
        for ranker, value in report.auroc.items()
        if value is not None
    ]
    if report.unknown:
        lines.append(f"{len(report.unknown)} judged incidents are not in this index: {', '.join(report.unknown[:5])} …")
    return "\n".join(lines)


def _cell(figure: Figure) -> str:
    return f"{figure.mean:.3f} [{figure.low:.2f}–{figure.high:.2f}]"
