"""What millions of incidents would need of an engine: memory, nodes, time, money, and what is no longer enough first.

    python -m benchmarks.plan benchmarks/results/DATE-engine.json
    python -m benchmarks.plan FILE --incidents 5000000 --queries 200 --memory-gib 256

Nothing is measured here: the figures follow from a file of measurements (`benchmarks.measured`) and from what is assumed, each of
which is an option. docs/scale-out.md tells how they follow.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import msgspec

from benchmarks.measured import Measured, read
from benchmarks.plan_model import Assumed, Plan, breaks

SIZES = (1_000_000, 10_000_000, 100_000_000)


def told(value: float) -> str:
    """A figure with as many digits as it deserves."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def rows(plans: Sequence[Plan]) -> list[tuple[str, list[str]]]:
    """The lines of the table: what, and its value for each plan."""
    first = plans[0]
    return [
        ("passages", [told(plan.passages) for plan in plans]),
        ("searched, in memory, once (GiB)", [told(plan.memory_gib) for plan in plans]),
        ("read by key, on disk, once (GiB)", [told(plan.disk_gib) for plan in plans]),
        ("query nodes that a search asks", [told(plan.fan_out) for plan in plans]),
        ("replicas", [told(plan.replicas) for plan in plans]),
        ("query nodes", [told(plan.nodes) for plan in plans]),
        ("their number follows from", [plan.binding for plan in plans]),
        ("rcasearch servers", [told(plan.servers) for plan in plans]),
        ("search, p50 (ms)", [told(plan.percentile(0.5)) for plan in plans]),
        ("search, p95 (ms)", [told(plan.percentile(0.95)) for plan in plans]),
        *((f"full index: {what} (h)", [told(plan.hours[what]) for plan in plans]) for what in first.hours),
        (f"full index on {first.assumed.machines} machines (h)", [told(plan.index_hours) for plan in plans]),
        *((f"a month: {what}", [told(plan.costs[what]) for plan in plans]) for what in first.costs),
        ("a month, all of it", [told(sum(plan.costs.values())) for plan in plans]),
    ]


def table(plans: Sequence[Plan]) -> str:
    """The plans in markdown, a column each."""
    head = f"| incidents | {' | '.join(f'{plan.incidents:,}' for plan in plans)} |"
    line = f"| --- |{' ---: |' * len(plans)}"
    return "\n".join([head, line, *(f"| {what} | {' | '.join(values)} |" for what, values in rows(plans))])


def report(measured: Measured, assumed: Assumed, sizes: Sequence[int]) -> str:
    """Everything, in markdown."""
    corpus = measured.corpus
    like = f"{corpus.name}: {corpus.incidents:,} incidents, {corpus.passages:,} passages, {corpus.distinct:,} of them distinct"
    given = ", ".join(f"{field.name} {getattr(assumed, field.name):g}" for field in fields(assumed))
    broken = [f"| {what} | {'–' if most is None else f'{most:,}'} |" for what, most in breaks(measured, assumed)]
    return "\n".join(
        [
            f"Measured: {measured.engine}; {measured.machine}. Documents like {like}.",
            *(f"Not measured there: {note}." for note in measured.notes),
            f"Assumed: {given}.",
            "",
            table([Plan(measured, assumed, size) for size in sizes]),
            "",
            "| what is no longer enough | from so many incidents on |",
            "| --- | ---: |",
            *broken,
        ]
    )


def options(argv: Sequence[str] | None) -> argparse.Namespace:
    """What was typed; every assumption is an option."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plan", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("measured", type=Path, help="the file of measurements")
    parser.add_argument("--incidents", type=int, nargs="+", default=list(SIZES), help="the sizes to plan for")
    for field in fields(Assumed):
        kind = type(field.default)
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=kind, default=field.default, help="default: %(default)s")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the plan; 2 for a file that cannot be used."""
    args = options(argv)
    try:
        measured = read(args.measured)
    except (OSError, msgspec.DecodeError) as error:
        print(f"The measurements in {args.measured} cannot be used: {error}.", file=sys.stderr)
        return 2
    assumed = Assumed(**{field.name: getattr(args, field.name) for field in fields(Assumed)})
    print(report(measured, assumed, args.incidents))
    return 0


if __name__ == "__main__":
    sys.exit(main())
