"""What ``kubectl describe`` prints, and events of Kubernetes as JSON -> what is wrong with what.

Of a page of properties, these tell: statuses and their reasons, exit codes, conditions that are not as they should be, and the
warnings among the events.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rcasearch.alerts.alert import Alert, Json, has, mapping, mappings, text_of
from rcasearch.alerts.labels import entities
from rcasearch.loglines import UNKNOWN, read_lines
from rcasearch.signatures import signatures_in

_PROPERTY = re.compile(r"^( *)([A-Z][\w ()./-]{0,40}?):(?: +(\S.*))?$")
_OBJECT = re.compile(r"^(?=Name: +\S)", re.MULTILINE)
_HEADS = frozenset(
    "Namespace Labels Annotations Status Conditions Events Containers Node Selector Replicas Reference Metrics Capacity "
    "Allocatable Roles Taints Type Spec Ports Rules Data StrategyType Provisioner Volume".split()
)
_CELLS = re.compile(r"\s{2,}")
_FINE = frozenset({"Running", "Active", "Succeeded", "Bound", "Ready", "Available", "Complete", "Normal", "True", "Completed"})
_WAITING_AS_USUAL = frozenset({"ContainerCreating", "PodInitializing", "Completed"})
# Conditions that are bad when they are true; all others are bad when they are not.
_BAD_IF_TRUE = re.compile(
    r"Pressure|Unavailable|Limited|Fail|Problem|Deadlock|Disruption|Stalled|Degraded|OutOf|ReadonlyFilesystem"
)
# Events that are called normal and tell of trouble.
_TELLING_NORMAL = frozenset({"NotTriggerScaleUp", "Killing", "NodeNotReady", "Preempted", "TaintManagerEviction"})
_LONGEST_READ = 200_000


def read_describe(text: str) -> list[Alert] | None:
    """The objects that ``kubectl describe`` printed and with which something is wrong; None where there is none."""
    parts = [part for part in _OBJECT.split(text[:_LONGEST_READ]) if part.startswith("Name:")]
    alerts = [_described(part) for part in parts if _is_description(part)]
    return [alert for alert in alerts if alert.details] or None


def read_event(document: object) -> list[Alert] | None:
    """An event, or the warnings in a list of them; None for any other document."""
    listed = (
        mappings(mapping(document).get("items"))
        if mapping(document).get("kind") in ("List", "EventList")
        else [mapping(document)]
    )
    events = [
        event for event in listed if event.get("kind") == "Event" and has(event, "reason", "involvedObject", "message") >= 2
    ]
    loud = [event for event in events if event.get("type") != "Normal"] or events
    return [_event(event) for event in loud] if events and len(events) == len(listed) else None


def _event(event: Json) -> Alert:
    whom = mapping(event.get("involvedObject"))
    kind = "node" if whom.get("kind") == "Node" else "pod" if whom.get("kind") in ("Pod", "Job") else "workload"
    named = entities([("namespace", text_of(whom.get("namespace"))), (kind, text_of(whom.get("name")))])
    return Alert(text_of(event.get("reason")), (text_of(event.get("message")),), named, identity=text_of(whom.get("uid")))


def _is_description(part: str) -> bool:
    heads = {match[2] for line in part.splitlines() if (match := _PROPERTY.match(line)) and not match[1]}
    return len(heads & _HEADS) >= 2


def _described(part: str) -> Alert:
    """One object. What follows its events and is not about it, such as lines of a log, is kept where it tells of trouble."""
    lines = part.splitlines()
    ours = next((i for i, line in enumerate(lines) if i and line[:1] in "$#>[{" and line.strip()), len(lines))
    found = list(_properties(lines[:ours]))
    details = [*_told(found), *_conditions(lines[:ours]), *_warnings(lines[:ours])]
    rest = "\n".join(lines[ours:])
    loud = any(line.level > UNKNOWN or line.frame for line in read_lines(rest)) or signatures_in(rest)
    return Alert("", tuple(dict.fromkeys([*details, *([rest] if loud else [])])), entities(_labels(found)))


def _properties(lines: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """(the head it stands under, name, value) of each property, and of the labels below Labels."""
    under = ""
    for line in lines:
        match = _PROPERTY.match(line)
        if match and not match[1]:
            under = match[2]
        if match and match[3]:
            yield under, match[2], match[3].strip()
        value = match[3] if match and match[2] == "Labels" else line if under == "Labels" else None
        if value and "=" in value:
            yield "Labels", *_label(value)


def _label(text: str) -> tuple[str, str]:
    name, _, value = text.strip().partition("=")
    return name, value.strip()


def _told(found: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    for under, name, value in found:
        if name == "Status" and under == "Status" and value not in _FINE:
            yield value
        elif name in ("Reason", "Message") and value not in _WAITING_AS_USUAL and under not in ("Events", "Conditions"):
            yield value
        elif name == "Exit Code" and value not in ("0", "1"):
            yield f"exit code {value}"


def _conditions(lines: Sequence[str]) -> Iterator[str]:
    """Of each condition that is not as it should be, reason and message. That a pod is not ready is no news."""
    for cells in _table(lines, "Conditions:"):
        kind, state, *rest = cells
        bad = state == "True" if _BAD_IF_TRUE.search(kind) else state in ("False", "Unknown")
        if bad and len(rest) >= 2:
            yield ": ".join(rest[-2:])


def _warnings(lines: Sequence[str]) -> Iterator[str]:
    for cells in _table(lines, "Events:"):
        if len(cells) >= 5 and (cells[0] == "Warning" or cells[1] in _TELLING_NORMAL):
            yield f"{cells[1]}: {' '.join(cells[4:])}"


def _table(lines: Sequence[str], head: str) -> Iterator[list[str]]:
    """The cells of the rows below a head, without the names of the columns."""
    inside = False
    for line in lines:
        if not line.startswith(" "):
            inside = line.startswith(head)
            continue
        cells = _CELLS.split(line.strip()) if inside else []
        if len(cells) >= 2 and cells[0] not in ("Type", "----"):
            yield cells


def _labels(found: Sequence[tuple[str, str, str]]) -> Iterator[tuple[str, str]]:
    """Its labels, and its name as that of its owner, or of a node, a pod or a workload."""
    known = {name: value for under, name, value in reversed(found) if under == name}
    owner, _, owner_name = known.get("Controlled By", "").partition("/")
    yield from ((name, value) for under, name, value in found if under == "Labels" != name)
    yield "namespace", known.get("Namespace", "")
    yield "node", known.get("Node", "").partition("/")[0]
    if owner_name:
        yield {"Job": "job_name"}.get(owner, owner.lower()), owner_name
    else:
        yield "node" if "Roles" in known else "pod" if "Node" in known else "workload", known.get("Name", "")
