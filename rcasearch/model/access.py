"""Who may see which documents: the labels that documents carry, and those that a reader holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# In place of labels: every document, whatever its labels.
ALL_LABELS = "*"


@dataclass(frozen=True, slots=True)
class Clearance:
    """The labels that a reader holds. A document is seen by who holds each of its labels; one without labels by everybody."""

    labels: frozenset[str] = frozenset()

    @classmethod
    def of(cls, labels: Iterable[str]) -> Clearance:
        """The clearance of who holds these labels, in any case of letters."""
        return cls(frozenset(label.strip().casefold() for label in labels) - {""})

    @classmethod
    def named(cls, labels: str) -> Clearance:
        """The clearance of who holds the labels in a text, with spaces or commas between them."""
        return cls.of(labels.replace(",", " ").split())

    @property
    def unrestricted(self) -> bool:
        """Whether every document is seen."""
        return ALL_LABELS in self.labels

    def covers(self, labels: Iterable[str]) -> bool:
        """Whether a document with these labels is seen."""
        return self.unrestricted or self.labels.issuperset(label.casefold() for label in labels)

    def common(self, other: Clearance) -> Clearance:
        """The clearance of who may see only what both may."""
        if self.unrestricted or other.unrestricted:
            return other if self.unrestricted else self
        return Clearance(self.labels & other.labels)


EVERYTHING = Clearance(frozenset({ALL_LABELS}))
UNLABELLED = Clearance()
