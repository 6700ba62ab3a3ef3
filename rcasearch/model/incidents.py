"""What is read: an incident, its document, its chunks, and what is wrong with a document."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, get_args

Kind = Literal[
    "title",
    "summary",
    "symptoms",
    "impact",
    "timeline",
    "trigger",
    "detection",
    "root_cause",
    "contributing_factors",
    "five_whys",
    "resolution",
    "verification",
    "lessons",
    "action_items",
    "related",
    "people",
    "stats",
    "support",
    "other",
]
# An index names a kind by its place here: a new one goes to the end.
KINDS: tuple[Kind, ...] = get_args(Kind)
BlockKind = Literal["paragraph", "list_item", "table_row", "code", "quote", "field"]
Level = Literal["SEV0", "SEV1", "SEV2", "SEV3", "SEV4", "SEV5"]


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, list item, table row or code fence as plain text.

    ``text`` keeps the line breaks of the source: its i-th line (from 0) stands on line ``line + i`` of the file.
    What is not content (comments, template residue) is blanked, so the count of lines never changes.
    """

    kind: BlockKind
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one heading, down to the next heading of any level.

    ``path`` holds the headings from the outermost down to this one, without the document's title; it is empty
    for text before the first heading. ``kinds`` has more than one entry for a combined heading
    ("Root cause and mitigation").
    """

    heading: str
    path: tuple[str, ...]
    kinds: tuple[Kind, ...]
    blocks: tuple[Block, ...]
    line: int

    @property
    def kind(self) -> Kind:
        return self.kinds[0]

    @property
    def text(self) -> str:
        return "\n".join(block.text for block in self.blocks)


@dataclass(frozen=True, slots=True)
class Answer:
    """A root cause or a resolution and the kind of section that supplied it."""

    text: str
    source: Kind
    heading: str
    line: int
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """A link out of a document. ``incident_id`` is None while the target is not an incident of the corpus."""

    target: str
    text: str
    kind: Literal["wiki", "embed", "url"]
    line: int
    incident_id: str | None = None

    @property
    def dangling(self) -> bool:
        return self.kind == "wiki" and self.incident_id is None


@dataclass(frozen=True, slots=True)
class ActionItem:
    """A follow-up. ``done`` is None where the document records no status."""

    text: str
    line: int
    priority: str | None = None
    owner: str | None = None
    due: str | None = None
    status: str | None = None
    done: bool | None = None


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One row of a timeline; ``minute`` counts from the row that starts the incident, across midnight, and is negative before."""

    time: str
    text: str
    line: int
    minute: int | None = None


@dataclass(frozen=True, slots=True)
class Milestones:
    """Minutes from the start of the incident; None where the timeline does not tell, or contradicts the stated duration."""

    first_action: int | None = None
    cause_found: int | None = None
    mitigated: int | None = None
    resolved: int | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """One post-incident document, read. It is shown to who holds all the labels in ``access``; without any to everybody."""

    id: str
    title: str
    path: str
    date: str | None = None
    severity: str | None = None
    level: Level | None = None
    services: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    status: str | None = None
    duration_minutes: int | None = None
    author: str | None = None
    aliases: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()
    links: tuple[Link, ...] = ()
    action_items: tuple[ActionItem, ...] = ()
    timeline: tuple[TimelineEvent, ...] = ()
    milestones: Milestones = Milestones()
    root_cause: Answer | None = None
    resolution: Answer | None = None
    access: tuple[str, ...] = ()

    @property
    def stem(self) -> str:
        """The file name without its ending: what a wiki link and a judged query name."""
        name = PurePosixPath(self.path)
        return name.stem if name.suffix.lower() in MARKDOWN_SUFFIXES else name.name

    @property
    def open_action_items(self) -> tuple[ActionItem, ...]:
        """Action items that nobody recorded as done."""
        return tuple(item for item in self.action_items if not item.done)


MARKDOWN_SUFFIXES = (".md", ".markdown", ".mdown")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a document: where, what, and what to do about it.

    ``skipped`` says that the document could not be indexed at all.
    """

    path: str
    line: int | None
    message: str
    hint: str
    skipped: bool = False

    @property
    def location(self) -> str:
        return self.path if self.line is None else f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class Document:
    """An incident together with the markdown it was read from."""

    incident: Incident
    source: str
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage of one section, within the encoder's token budget.

    ``text`` is plain text; ``start_line`` and ``end_line`` are the first and last line of the file it stands on.
    ``telling`` are the (start, end) parts of the text that count in a match: all of it, but for boilerplate and names of
    services. ``content_hash`` identifies these parts and nothing else: passages that tell the same share one vector.
    """

    id: str
    incident_id: str
    kind: Kind
    heading: str
    text: str
    start_line: int
    end_line: int
    content_hash: str
    telling: tuple[tuple[int, int], ...]

    @property
    def matched(self) -> str:
        """The parts of the text that count in a match, as one."""
        return "".join(self.text[start:end] for start, end in self.telling)

    def shown(self, start: int, end: int) -> tuple[int, int]:
        """Where a part (start, end) of ``matched``, not empty, stands in ``text``."""
        return self._position(start), self._position(end - 1) + 1

    def _position(self, offset: int) -> int:
        for start, end in self.telling:
            if offset < end - start:
                return start + offset
            offset -= end - start
        return len(self.text)
