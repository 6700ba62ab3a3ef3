"""An answer as a hook hands it on, and a queue with a clock that the test sets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rcasearch.push import PushQueue, Target
from rcasearch.push.outgoing import draft

GOLDEN = Path(__file__).parents[1] / "data" / "golden" / "results.json"
ENTITIES: dict[str, Any] = {
    "services": [],
    "workloads": [],
    "namespaces": [],
    "hosts": [],
    "regions": [],
    "signatures": [],
    "runbook_urls": [],
}
SYMPTOM: Any = {
    "text": "Checkout <answers> 503 & waits",
    "key": "k1",
    "status": "firing",
    "count": 2,
    "entities": {**ENTITIES, "severity": None},
}


@dataclass
class Clock:
    at: float = 1_000_000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(tmp_path: Path, clock: Clock) -> Iterator[PushQueue]:
    found = PushQueue(tmp_path / "push.sqlite", clock)
    yield found
    found.close()


@pytest.fixture
def result() -> Any:
    """An answer of two hits, with hostile text in it."""
    return json.loads(GOLDEN.read_text(encoding="utf-8"))


def target(**given: Any) -> Target:
    return Target(**{"name": "oncall", "kind": "slack", "url": "https://hooks.slack.com/services/T0/B0/verysecret", **given})


def put(queue: PushQueue, result: Any, to: Target, seen: str = "a", address: str = "") -> int | None:
    return queue.add(seen, [draft(to, "alertmanager", SYMPTOM, result, address)], 60)
