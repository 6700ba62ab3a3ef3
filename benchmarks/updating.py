"""One document changed: the time until a server that runs finds it."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

from benchmarks.contestant import ROOT, ContestantError
from benchmarks.indexing import Documents
from benchmarks.servers import Server
from benchmarks.setup import OURS, environment, ours

# Nothing in a templated document is like these.
_NEWS = (
    "The tape robot of the archive vault dropped a cartridge behind the rack.",
    "A forklift tore down the antenna mast beside the warehouse.",
    "Seagulls nested in the exhaust of the diesel generator.",
    "The lift of the data hall got stuck with the only spare router in it.",
    "A leaking aquarium in the lobby flooded the cable duct.",
)
_PATIENCE_S = 600.0
_PAUSE_S = 0.05


def changed(documents: Documents, server: Server, number: int) -> float:
    """Seconds from the start of ``rcasearch index`` until the server answers with the document that was changed.

    Raises ContestantError where that fails, or takes too long.
    """
    path = sorted(documents.corpus.glob("*.md"))[number]
    news = f"{_NEWS[number % len(_NEWS)]} It happened {number + 2} times."
    path.write_text(path.read_text(encoding="utf-8").replace("## Summary\n", f"## Summary\n\n{news}\n", 1), encoding="utf-8")
    started = time.perf_counter()
    command = ours("index", str(documents.corpus), "--index", str(documents.work / f"index-{OURS}"))
    process = subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not _found(server.ask(news), path, news):
            if process.poll() or time.perf_counter() - started > _PATIENCE_S:
                raise ContestantError(f"{path.name} was changed, and the server does not find it ({process.returncode}).")
            time.sleep(_PAUSE_S)
        return time.perf_counter() - started
    finally:
        process.wait()


def _found(answer: dict[str, Any], path: Path, news: str) -> bool:
    """Whether the document is the first hit, with its news as evidence."""
    first = answer["hits"][0] if answer["hits"] else {}
    return first.get("id") == path.stem and news[:30] in " ".join(str(piece) for piece in first["evidence"])
