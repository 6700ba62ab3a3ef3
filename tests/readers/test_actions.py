"""Follow-ups in tables of any shape, checkboxes and plain lists."""

from __future__ import annotations

import pytest

from rcasearch.model import ActionItem
from rcasearch.readers.actions import is_done
from tests.readers.reading import incident


def _items(body: str) -> tuple[ActionItem, ...]:
    return incident(f"## Action Items\n\n{body}\n").action_items


@pytest.mark.parametrize(
    "status",
    [
        "Done",
        "completed 2025-01-02",
        "Closed",
        "✅",
        "✅ shipped",
        "yes",
        "Won't do",
        "[x]",
        "100%",
        "merged (PR 12)",
        "Done for web and mobile",
        "Done once, 2026-10-08",
        "done, nothing open",
        "shipped the read-only flag",
        "Fixed by open-source patch",
    ],
)
def test_done(status: str) -> None:
    assert is_done(status) is True


@pytest.mark.parametrize(
    "status", ["open", "In Progress", "not done", "TODO", "❌", "planned", "50%", "incomplete", "no", "[ ]", "in review"]
)
def test_open(status: str) -> None:
    assert is_done(status) is False


@pytest.mark.parametrize(
    "status",
    [
        "Done for web only",
        "Done for orderdb; seatdb open",
        "done, partly",
        "Closed except for the EU cluster",
        "merged (rollout pending)",
        "✅ staging only",
        "Shipped, not yet enabled",
        "Fixed; one half in progress",
        "Completed with the exception: still OPEN",
    ],
)
def test_what_is_done_in_part_is_open(status: str) -> None:
    assert is_done(status) is False


@pytest.mark.parametrize("status", [None, "", "who knows", "see ticket"])
def test_not_told(status: str | None) -> None:
    assert is_done(status) is None


def test_columns_in_any_order_and_naming() -> None:
    (item,) = _items(
        "| ID | Description | Assignee | Deadline | State |\n|---|---|---|---|---|\n| 1 | Add alert | SRE | 2025-01-02 | Open |"
    )
    assert item == ActionItem("Add alert", 5, None, "SRE", "2025-01-02", "Open", False)


def test_jira_columns() -> None:
    (item,) = _items(
        "| Key | Summary | Assignee | Priority | Status |\n|---|---|---|---|---|\n| OPS-1 | Add alert | SRE | High | Done |"
    )
    assert (item.text, item.priority, item.done) == ("Add alert", "High", True)


def test_a_header_nobody_knows() -> None:
    (item,) = _items("| Foo | Bar |\n|---|---|\n| x | A much longer text of what to do |")
    assert item.text == "A much longer text of what to do"


def test_boxes_in_a_table() -> None:
    assert [item.done for item in _items("| | Action |\n|---|---|\n| - [x] | a |\n| - [ ] | b |")] == [True, False]


@pytest.mark.parametrize(
    ("markdown", "item"),
    [
        ("- [x] Add alert", ActionItem("Add alert", 3, done=True)),
        ("- [ ] Add alert", ActionItem("Add alert", 3, done=False)),
        ("- Add alert", ActionItem("Add alert", 3)),
        ("- ~~Add alert~~", ActionItem("Add alert", 3, done=True)),
        ("- [P1] Add alert", ActionItem("Add alert", 3, priority="P1")),
        ("- P2: Add alert", ActionItem("Add alert", 3, priority="P2")),
        ("- Add alert (Owner: SRE, due: 2025-01-02)", ActionItem("Add alert", 3, owner="SRE", due="2025-01-02")),
        (
            "- Add alert (Storage Guild, end of May)",
            ActionItem("Add alert (Storage Guild, end of May)", 3, owner="Storage Guild"),
        ),
        ("- Add alert — Payments", ActionItem("Add alert — Payments", 3, owner="Payments")),
        ("- Add alert for lookups (DNS)", ActionItem("Add alert for lookups (DNS)", 3)),
        ("- Add alert @anna by 2025-01-02", ActionItem("Add alert @anna by 2025-01-02", 3, owner="anna", due="2025-01-02")),
        ("- Add alert 📅 2025-01-02", ActionItem("Add alert", 3, due="2025-01-02")),
        ("- Add alert (Status: done)", ActionItem("Add alert", 3, status="done", done=True)),
        ("- Add alert\n  - Owner: SRE\n  - Status: open", ActionItem("Add alert", 3, owner="SRE", status="open", done=False)),
        ("- Add alert\n  - on lag", ActionItem("Add alert; on lag", 3)),
    ],
)
def test_list_items(markdown: str, item: ActionItem) -> None:
    assert _items(markdown) == (item,)


RULE = 'Alert on up{condition="Ready",status="False"} == 1'


@pytest.mark.parametrize(
    ("markdown", "item"),
    [
        (f"- [ ] {RULE} (Compute)", ActionItem(f"{RULE} (Compute)", 3, owner="Compute", done=False)),
        (f"- [x] {RULE} (Owner: Compute; status: open)", ActionItem(RULE, 3, owner="Compute", status="open", done=False)),
        ("- Page on `team: edge, status: open`", ActionItem("Page on team: edge, status: open", 3)),
        ("- Log `status=open` (owner: `edge-team`)", ActionItem("Log status=open", 3, owner="edge-team")),
        ("- Alert when http_status=500", ActionItem("Alert when http_status=500", 3)),
        ("- Alert when status=500 lasts", ActionItem("Alert when status=500 lasts", 3)),
        ('- Route team="edge" to them', ActionItem('Route team="edge" to them', 3)),
        ('- Alert on status=~"5.."', ActionItem('Alert on status=~"5.."', 3)),
        ("- Alert if state == open", ActionItem("Alert if state == open", 3)),
        ("- Keep metadata: names", ActionItem("Keep metadata: names", 3)),
        (
            "- Write down the state: what each of the nodes holds",
            ActionItem("Write down the state: what each of the nodes holds", 3),
        ),
        ("- Add alert; owner=edge; status=done", ActionItem("Add alert", 3, owner="edge", status="done", done=True)),
        ("- Add alert; owner = edge", ActionItem("Add alert", 3, owner="edge")),
        ("- Add alert (Status: with vendor)", ActionItem("Add alert", 3, status="with vendor")),
        ("- Add alert, owner: edge 📅 2025-01-02", ActionItem("Add alert", 3, owner="edge", due="2025-01-02")),
    ],
)
def test_what_a_machine_reads_is_no_attribute(markdown: str, item: ActionItem) -> None:
    assert _items(markdown) == (item,)


def test_items_under_a_label_count_themselves() -> None:
    assert [item.text for item in _items("- Prevention:\n  - a\n  - b\n- c")] == ["a", "b", "c"]


def test_nested_boxes_count_themselves() -> None:
    assert [(item.text, item.done) for item in _items("- [ ] a\n  - [x] b")] == [("a", False), ("b", True)]


def test_none_is_no_item() -> None:
    assert _items("- None") == ()
    assert _items("- No action items needed") == ()


def test_sub_headings_are_action_items_too() -> None:
    assert [item.text for item in _items("### Detection\n\n- a\n\n### Mitigation\n\n- b")] == ["a", "b"]


def test_boxes_under_another_heading_where_there_are_no_action_items() -> None:
    assert [item.text for item in incident("## Permanent fix\n\n- [ ] a\n- not this\n").action_items] == ["a"]
