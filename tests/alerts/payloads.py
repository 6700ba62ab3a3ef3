"""The recorded shapes of each sender, with what should be understood of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

PAYLOADS = Path(__file__).parent.parent / "data" / "payloads"
STORY = 2


@dataclass(frozen=True, slots=True)
class Payload:
    """A payload, and what should be understood of it. Of the incidents that it tells of, the one of grade 2 is its story."""

    name: str
    text: str
    source: str
    status: str
    symptoms: int
    services: tuple[str, ...]
    relevant: dict[str, int]

    @property
    def terse(self) -> bool:
        """Whether it says no more than a general monitor does."""
        return self.name.startswith("terse-")


def payload(name: str) -> Payload:
    """The payload in a file."""
    return next(one for one in CORPUS if one.name == name)


def _read(line: str) -> Payload:
    row = json.loads(line)
    text = (PAYLOADS / row["file"]).read_text(encoding="utf-8")
    services = tuple(row["services"])
    return Payload(row["file"], text, row["source"], row["status"], row["symptoms"], services, row["relevant"])


CORPUS = [_read(line) for line in (PAYLOADS / "payloads.jsonl").read_text(encoding="utf-8").splitlines()]
JUDGED = [one for one in CORPUS if one.relevant]
