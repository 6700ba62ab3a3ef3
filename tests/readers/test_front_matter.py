"""Front matter in good and in bad order: the document is read in any case, and the fault is told with its line."""

from __future__ import annotations

import pytest

from tests.readers.reading import document, incident

BODY = "\n# Title\n\n## Root Cause\n\nA leak.\n"


def test_key_aliases() -> None:
    found = incident(
        "---\nincident_id: INC 7\nIncident-Date: 2025-01-02\nservices_affected: api, worker\nkeywords: [a, b]\n"
        "owner: Payments\nstate: Mitigated\nduration_hours: 2\naliases: [the big one]\n---" + BODY
    )
    assert found.id == "inc-7"
    assert found.date == "2025-01-02"
    assert found.services == ("api", "worker")
    assert found.tags == ("a", "b")
    assert (found.author, found.status, found.duration_minutes) == ("Payments", "mitigated", 120)
    assert found.aliases == ("the big one",)


def test_camel_case_keys() -> None:
    found = incident("---\nstartTime: 2025-01-02T10:00:00Z\ndurationMinutes: 30\n---" + BODY)
    assert (found.date, found.duration_minutes) == ("2025-01-02", 30)


def test_values_stay_as_written() -> None:
    found = incident("---\nseverity: 1\nservices: [1.10, no]\nduration: 01:30\n---" + BODY)
    assert (found.severity, found.level) == ("1", "SEV1")
    assert found.services == ("1.10", "no")
    assert found.duration_minutes == 90


@pytest.mark.parametrize(
    "raw", ["7", "{api: down}", "{name: api}", "null", "[[api]]", "[{name: api}, 3]", "&x [api, *x]", "{a: {b: {c: d}}}"]
)
def test_odd_services_are_read_or_left_out(raw: str) -> None:
    found = document(f"---\nservices: {raw}\n---{BODY}").incident
    assert found.root_cause is not None
    assert all(isinstance(service, str) and service for service in found.services)


def test_a_date_that_is_no_date_is_reported_and_dropped() -> None:
    found = document("---\ntitle: A\ndate: 2025-02-30\n---" + BODY)
    assert found.incident.date is None
    (problem,) = found.problems
    assert (problem.line, problem.skipped) == (3, False)
    assert "2025-02-30" in problem.message


def test_a_duration_that_is_none_is_reported_and_dropped() -> None:
    found = document("---\nduration: quite long\n---" + BODY)
    assert found.incident.duration_minutes is None
    assert [problem.line for problem in found.problems] == [2]


def test_a_bad_line_costs_only_itself() -> None:
    found = document("---\ntitle: Pool: exhausted\nseverity: P1\ntags: [a, b\n---" + BODY)
    assert found.incident.title == "Pool: exhausted"
    assert found.incident.level == "SEV1"
    assert found.incident.root_cause is not None
    assert "YAML" in found.problems[0].message
    assert found.problems[0].line == 2


@pytest.mark.parametrize(("block", "what"), [("- a\n- b", "a list"), ("just some words", "plain text")])
def test_front_matter_that_is_no_mapping(block: str, what: str) -> None:
    found = document(f"---\n{block}\n---{BODY}")
    assert what in found.problems[0].message
    assert found.incident.title == "Title"


def test_unclosed_front_matter_ends_at_its_last_key() -> None:
    found = document("---\ntitle: A\nseverity: P2\n\n## Root Cause\n\nA leak.\n")
    assert (found.incident.title, found.incident.level) == ("A", "SEV2")
    assert found.incident.root_cause is not None
    assert found.incident.root_cause.line == 7
    assert found.problems[0].line == 1
    assert "never closed" in found.problems[0].message


def test_a_later_rule_does_not_close_forgotten_front_matter() -> None:
    found = document("---\ntitle: A\n\n## Root Cause\n\nA leak.\n\n---\n\nThe end.\n")
    assert found.incident.root_cause is not None
    assert found.incident.root_cause.text.startswith("A leak.")
    assert "never closed" in found.problems[0].message


def test_a_rule_at_the_top_is_no_front_matter() -> None:
    found = document("---\n\nSome words.\n\n## Root Cause\n\nA leak.\n")
    assert found.problems == ()
    assert found.incident.root_cause is not None


def test_shared_nodes_do_not_multiply() -> None:
    levels = "".join(
        f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}]\n" for a, b in zip("abcdefghijk", "bcdefghijkl", strict=True)
    )
    found = document(f"---\na: &a [x, x, x, x]\n{levels}services: *l\n---{BODY}")
    assert found.incident.root_cause is not None


def test_deep_nesting_and_great_length_are_reported() -> None:
    assert "too deep" in document("---\na: " + "[" * 5000 + "\n---" + BODY).problems[0].message
    assert "longer than" in document("---\na: " + "x" * 70_000 + "\n---" + BODY).problems[0].message


def test_no_front_matter_at_all() -> None:
    found = incident("# A title of 3 March 2025\n\nText.\n", "notes.md")
    assert (found.title, found.date, found.id) == ("A title of 3 March 2025", "2025-03-03", "notes")


def test_the_file_name_fills_date_and_title() -> None:
    found = incident("Only text.\n", "2025-01-02-pool-exhausted.md")
    assert (found.title, found.date) == ("Pool exhausted", "2025-01-02")


def test_related_incidents_are_links() -> None:
    (link,) = incident("---\nrelated_incidents:\n  - '[[2024-01-01-a]]'\n---" + BODY).links
    assert (link.target, link.kind, link.line) == ("2024-01-01-a", "wiki", 2)


def test_prose_states_nothing_where_there_is_front_matter() -> None:
    found = incident("---\ntitle: A\n---\n\n## Summary\n\nOn 2 May 2015, after a P0 in the year before, it broke.\n")
    assert (found.date, found.severity) == (None, None)
