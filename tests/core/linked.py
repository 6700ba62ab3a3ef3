"""Small folders of documents that link to one another, read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rcasearch.model import Document, Incident
from rcasearch.readers import read, resolve_links

SEEDS = Path(__file__).parent.parent.parent / "seeds"


def incidents_in(folder: Path) -> list[Incident]:
    documents = [found for found in read([folder]) if isinstance(found, Document)]
    return resolve_links([document.incident for document in documents])[0]


def written(folder: Path, documents: Mapping[str, str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for stem, body in documents.items():
        (folder / f"{stem}.md").write_text(f"# {stem} happened\n\n{body}", encoding="utf-8")
    return folder
