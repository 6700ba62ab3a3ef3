"""Incidents without their links: nothing is left of a link and what is said of it, and all else stays where it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rcasearch.hiding import without_links
from rcasearch.link_queries import link_queries
from rcasearch.model import Incident, Link, Section
from tests.core.linked import SEEDS, incidents_in, written


def hidden_text(tmp_path: Path, body: str) -> str:
    """The text that is left of ``body`` in a document that links to INC-0042 (Pool drained), and nothing of its headings."""
    pair = written(tmp_path / "pair", {"INC-0042-pool-drained": "## Summary\n\nThe pool.", "other": f"## Cause\n\n{body}"})
    linked, other = sorted(incidents_in(pair), key=lambda incident: incident.stem)
    return "\n".join(section.text for section in without_links(other, [linked]).sections).strip()


def _lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.strip().splitlines()]


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ("It was [[INC-0042-pool-drained|the drained pool]] all over again.", "It was all over again."),
        ("It was [[INC-0042-pool-drained]] all over again.", "It was all over again."),
        ("It was [[INC-0042-pool-drained#Root cause]] all over again.", "It was all over again."),
        ("It was ![[INC-0042-pool-drained]] all over again.", "It was all over again."),
        ("It was [the drained pool](INC-0042-pool-drained.md) all over again.", "It was all over again."),
        ("Once more it was [the drained\npool](INC-0042-pool-drained.md) all over again.", "Once more it was\n all over again."),
        ("It was INC-0042 all over again.", "It was all over again."),
        ("It was inc-0042-pool-drained all over again.", "It was all over again."),
        # A runbook is no incident, but two documents that name it would find each other by it.
        ("Checklist for slow queries in [[runbook-slow-query|the runbook]].", "Checklist for slow queries in ."),
        # What is no link between documents is told like anything else.
        ("It was [a known bug](https://bugs.example/42) all over again.", "It was a known bug all over again."),
        ("The drained pool was INC-00421 all over again.", "The drained pool was INC-00421 all over again."),
        # Nothing is left but words that lead to the link.
        ("See also [[INC-0042-pool-drained]].", ""),
        ("We lost the node.\nSame as [[INC-0042-pool-drained|last year]].\nIt is back.", "We lost the node.\n\nIt is back."),
        # A link and what is said of it.
        ("- [[INC-0042-pool-drained|The pool]]: workers waited for a connection\n- The node was lost", "\nThe node was lost"),
        ("| it | then |\n| --- | --- |\n| [[INC-0042-pool-drained]] | all waited |\n| node | lost |", "node | lost"),
        ("- After [[INC-0042-pool-drained]] we had added an alarm", "After  we had added an alarm"),
        ("- [[runbook-slow-query]] was followed to the letter", "was followed to the letter"),
        # Sections of related incidents, by a heading or a label, and what stands below them.
        ("The node was lost.\n\n## Related incidents\n\nWorkers waited.\n\n### In spring\n\nAnd then.", "The node was lost."),
        ("The node was lost.\n\n**Related incidents:** INC-0042, where all workers waited", "The node was lost."),
    ],
)  # fmt: skip
def test_what_is_left_without_links(tmp_path: Path, body: str, left: str) -> None:
    assert _lines(hidden_text(tmp_path, body)) == _lines(left)


def test_titles_and_headings_name_no_linked_incident() -> None:
    linked = Incident("a", "Pool", "INC-0042.md", aliases=("PM-7-drained", "pool"))
    heading = "Why [[x]] was INC-0042 again today"
    section = Section(heading, ("Cause", heading), ("root_cause",), (), 9)
    incident = Incident("b", "INC-0042 again, PM-7-drained, by the pool", "b.md", sections=(section,))
    incident = replace(incident, links=(Link("x", "[[x]]", "wiki", 9),))
    hidden = without_links(incident, [linked])
    assert hidden.title == " again, , by the pool"
    assert hidden.sections[0].heading.split() == ["Why", "was", "again", "today"]
    assert hidden.sections[0].path == ("Cause", hidden.sections[0].heading)


@pytest.fixture(scope="module")
def seeds() -> list[Incident]:
    return incidents_in(SEEDS)


def _kept_lines(incident: Incident) -> dict[int, str]:
    blocks = [block for section in incident.sections for block in section.blocks]
    return {block.line + i: line for block in blocks for i, line in enumerate(block.text.split("\n"))}


def _lines_with_links(incident: Incident) -> set[int]:
    """The lines of every block in which a link stands."""
    at = {link.line for link in incident.links}
    blocks = [block for section in incident.sections for block in section.blocks]
    spans = [range(block.line, block.line + block.text.count("\n") + 1) for block in blocks]
    return {line for span in spans if at & set(span) for line in span}


def test_nothing_but_links_is_taken_from_the_seeds(seeds: list[Incident]) -> None:
    known = {incident.id: incident for incident in seeds}
    for before, after in zip(sorted(seeds, key=lambda own: own.path), link_queries(seeds).hidden, strict=True):
        assert (before.id, before.date, before.services) == (after.id, after.date, after.services)
        old, new = _kept_lines(before), _kept_lines(after)
        ids = {str(link.incident_id) for link in before.links if link.incident_id}
        ids |= {other.id for other in seeds if before.id in {link.incident_id for link in other.links}}
        names = [name for key in ids - {before.id} for name in (known[key].stem, known[key].title)]
        assert not after.links
        everything = "\n".join([after.title, *new.values()])
        assert not [name for name in names if name in everything]
        # Every word that is left stands where it stood, and every line without a link is whole.
        linked = _lines_with_links(before)
        for line, text in new.items():
            assert set(text.split()) - set(old[line].split()) <= {".", ",", "(", ")", "(,", "):"} or line in linked
            assert text == old[line] or line in linked or any(name.split()[0] in old[line] for name in names)
        gone = {block.line for section in before.sections if "related" in section.kinds for block in section.blocks}
        assert set(old) - set(new) >= gone
