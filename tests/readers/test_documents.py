"""Whole documents in several layouts, read from end to end."""

from __future__ import annotations

from pathlib import Path

import pytest

from rcasearch.model import Document, Incident, Milestones
from rcasearch.readers import read

DOCUMENTS = Path(__file__).parent / "documents"


def _read(name: str) -> Document:
    (found,) = read([DOCUMENTS / name])
    assert isinstance(found, Document)
    assert found.problems == ()
    return found


@pytest.fixture(scope="module")
def house() -> Incident:
    return _read("house.md").incident


@pytest.fixture(scope="module")
def bold() -> Incident:
    return _read("bold.md").incident


def test_house_front_matter(house: Incident) -> None:
    assert house.id == "house"
    assert house.title == "2026-02-03 - Stuck Writers in ledger-api"
    assert (house.date, house.severity, house.level) == ("2026-02-03", "P2", "SEV2")
    assert house.services == ("ledger-api", "ledgerdb")
    assert house.tags == ("rca", "p2", "database")
    assert (house.status, house.duration_minutes, house.author) == ("resolved", 71, "Ledger Team")


def test_house_sections(house: Incident) -> None:
    assert [(section.path, section.kinds) for section in house.sections] == [
        (("Summary",), ("summary",)),
        (("Timeline",), ("timeline",)),
        (("Root Cause",), ("root_cause",)),
        (("Root Cause", "How it got through"), ("root_cause",)),
        (("Impact",), ("impact",)),
        (("Impact", "Affected Services"), ("impact",)),
        (("Resolution",), ("resolution",)),
        (("Lessons Learned",), ("lessons",)),
        (("Lessons Learned", "What Went Well"), ("lessons",)),
        (("Action Items",), ("action_items",)),
        (("Related Incidents",), ("related",)),
    ]


def test_house_text_is_plain_and_keeps_its_lines(house: Incident) -> None:
    (summary,) = house.sections[0].blocks
    assert summary.text == "Writers of ledger-api waited for a lock that nobody released, see\nthe dashboard."
    assert summary.line == 16
    assert house.sections[4].text == "Elevated error rate for users"


def test_house_root_cause_takes_its_sub_section_and_leaves_the_instruction(house: Incident) -> None:
    assert house.root_cause is not None
    assert house.root_cause.text == (
        "A migration took ACCESS EXCLUSIVE on entries.\n\n"
        "How it got through\n- No lock_timeout\n- The review looked at the plan\n  - not at the locks"
    )
    assert (house.root_cause.source, house.root_cause.heading, house.root_cause.line) == ("root_cause", "Root Cause", 33)
    assert house.root_cause.steps == ("No lock_timeout", "The review looked at the plan; not at the locks")


def test_house_resolution_steps_keep_their_code(house: Incident) -> None:
    assert house.resolution is not None
    assert house.resolution.steps == (
        "Cancelled the migration:\nSELECT pg_cancel_backend(4711); -- [[not a link]]",
        "Restarted the writers",
    )


def test_house_timeline_crosses_midnight(house: Incident) -> None:
    assert [event.minute for event in house.timeline] == [0, 4, 18, 32, 71]
    assert house.timeline[2].text == "Root cause identified: the vacuum again"
    assert house.milestones == Milestones(first_action=4, cause_found=18, mitigated=32, resolved=71)


def test_house_action_items(house: Incident) -> None:
    assert [(item.text, item.priority, item.owner, item.due, item.done) for item in house.action_items] == [
        ("Set lock_timeout for migrations", "P1", "Platform", "2026-02-10", True),
        ("Rewrite the review list", "P2", "Ledger Team", "2026-02-20", True),
        ("Alert on lock waits", "P3", "SRE", "2026-03-01", False),
    ]
    assert [item.text for item in house.open_action_items] == ["Alert on lock waits"]


def test_house_links_leave_out_what_stands_in_code(house: Incident) -> None:
    assert [(link.kind, link.target, link.text, link.line) for link in house.links] == [
        ("url", "https://dash.example/ledger", "the dashboard", 17),
        ("wiki", "2025-11-20-vacuum", "the vacuum", 25),
        ("wiki", "2025-11-20-vacuum", "Vacuum held the horizon", 75),
        ("wiki", "runbook-ledger-api", "ledger-api Runbook", 76),
    ]


def test_house_signature_is_no_content(house: Incident) -> None:
    assert all("prepared by" not in section.text for section in house.sections)


def test_setext_headings_and_key_value_lines() -> None:
    incident = _read("2026-03-09-feed-lag.md").incident
    assert incident.title == "Feed lag after a rebalance"
    assert incident.id == "2026-03-09-feed-lag"
    assert (incident.date, incident.level, incident.author) == ("2026-03-09", "SEV3", "Feeds")
    assert incident.services == ("feed-builder", "feed-cache")
    assert incident.duration_minutes == 65
    assert incident.tags == ("kafka", "rebalance")
    assert incident.sections[0].blocks[0].kind == "field"
    assert incident.sections[0].blocks[0].line == 1


def test_root_cause_falls_back_to_the_five_whys_and_resolution_to_recovery() -> None:
    incident = _read("2026-03-09-feed-lag.md").incident
    assert incident.root_cause is not None
    assert incident.root_cause.source == "five_whys"
    assert incident.root_cause.steps[1] == "Why so often? The session timeout was six seconds."
    assert incident.resolution is not None
    assert incident.resolution.heading == "Recovery"
    assert incident.resolution.steps == ("Raised the session timeout", "Pinned the members")


def test_checkbox_actions_with_owner_and_due_date() -> None:
    items = _read("2026-03-09-feed-lag.md").incident.action_items
    assert [(item.text, item.owner, item.due, item.done) for item in items] == [
        ("Static membership (Feeds)", "Feeds", None, True),
        ("Alert on rebalances per hour", "SRE", "2026-04-01", False),
    ]


def test_bold_lines_as_headings(bold: Incident) -> None:
    assert (bold.date, bold.author, bold.status) == ("2026-05-05", "Messaging, Mobile", "draft")
    assert [(section.heading, section.kinds, section.line) for section in bold.sections[1:]] == [
        ("Summary", ("summary",), 5),
        ("Impact", ("impact",), 7),
        ("Root cause and mitigation", ("root_cause", "resolution"), 11),
        ("Odd things on the way", ("other",), 15),
        ("Timeline", ("timeline",), 19),
        ("To do", ("action_items",), 28),
    ]


def test_obsidian_markup_leaves_no_trace(bold: Incident) -> None:
    texts = {section.heading: section.text for section in bold.sections}
    assert texts["Impact"] == "9,200 mails."
    assert texts["Root cause and mitigation"] == "A template cache keyed by shop, not by locale."
    assert texts["Timeline"].endswith("Read this\nThe switch is mail.cache=off.")
    assert texts["To do"] == "Key the cache by locale"


def test_a_combined_heading_answers_both(bold: Incident) -> None:
    assert bold.root_cause is not None
    assert bold.resolution is not None
    assert bold.root_cause.text == bold.resolution.text == "A template cache keyed by shop, not by locale."


def test_bullet_timeline(bold: Incident) -> None:
    assert [(event.time, event.minute, event.text) for event in bold.timeline][:2] == [
        ("10:42 UTC", 0, "first complaint"),
        ("10:55 UTC", 13, "on-call joined"),
    ]
    assert bold.milestones == Milestones(first_action=13, mitigated=28)
