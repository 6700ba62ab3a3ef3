"""Documents that few may see, put among others: they name the same things in the same words, and each has a word of its own."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

from rcasearch.model import UNLABELLED
from rcasearch.stores.base import Store
from rcasearch.stores.generations import current
from rcasearch.stores.local import LocalStore
from rcasearch.stores.manifests import read_manifest
from tests.core.fakes import BOILERPLATE, SERVICES, SHARED, FakeEncoder, build_with

LABELS = ("security", "legal", "security, legal")
CANARY = "qanary"
HABIT = "Only the crown jewels team may read this review."


def write_labelled(folder: Path, count: int = 40) -> Path:
    """``count`` documents with labels. Some take the ids and file names of others, link to them, and tell the same as they do."""
    chance = random.Random(5)
    folder.mkdir(parents=True, exist_ok=True)
    words = [path.read_text(encoding="utf-8").split() for path in sorted(folder.parent.glob("*.md"))] or [["disk", "full"]]
    for number in range(count):
        name = f"rca-{number:03}.md" if number % 2 else f"{CANARY}-file-{number}.md"
        said = " ".join(word for word in chance.choices(chance.choice(words), k=60) if word.isalpha())
        (folder / name).write_text(_document(number, said), encoding="utf-8")
    return folder


def _document(number: int, said: str) -> str:
    own, identifier = f"{CANARY}{'abcdefghij'[number % 10]}", f"rca-{number:03}" if number % 3 == 0 else f"{CANARY}-id-{number}"
    return (
        f"---\nid: {identifier}\ntitle: {CANARY} title of Outage {number}\n"
        f"date: 2025-0{1 + number % 9}-11\nseverity: SEV0\naccess: [{LABELS[number % 3]}]\nstatus: {CANARY}-status\n"
        f"aliases: [Outage {number}, rca-00{number % 7}]\ndate_of_birth: 2025-99-99\nduration: {CANARY}\n"
        f"services: [{CANARY}-vault-api, {SERVICES[number % 5]}]\ntags: [{CANARY}-tag, database]\n---\n\n"
        f"## Summary\n\n{HABIT}\n\n{said} {own}.\n\n## Symptoms\n\n{own} pooldown on {CANARY}-vault-api. {said}\n\n"
        f"## Root cause\n\n{SHARED}\n\n{BOILERPLATE}\n\n## Related\n\n- [[rca-{number % 7:03}]]\n- [[{CANARY}-file-0]]\n"
    )


def seen_by_everybody(index: Path) -> Store:
    """What everybody sees of an index like the one at a path, with labelled documents among its own."""
    folder = index.with_name(f"{index.name}-labelled")
    if not folder.exists():
        [source] = read_manifest(current(index)).info.sources
        documents = folder.with_name(f"{folder.name}-documents")
        shutil.copytree(source, documents)
        write_labelled(documents / "a-vault")
        build_with(FakeEncoder(), documents, folder)
    return LocalStore(current(folder)).seen_by(UNLABELLED)
