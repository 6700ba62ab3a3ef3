"""A corpus of real-style text of any size without repetition: ``python -m benchmarks.recombined --documents 500 --out DIR``.

The documents are those of the seeds, sentence by sentence dealt anew. Each takes the headings of a seed, with a title, a date and
services of its own. Each section gets as many sentences as that seed's had, drawn from all seeds' sections of the same heading,
else from all; tables are left out, and every number is drawn anew. So texts have the vocabulary and lengths of the seeds, hardly
two passages are the same, and what they tell makes no sense: for speed and memory, not for quality.

The same arguments give the same bytes, and a longer corpus of a seed begins with the shorter one.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

import frontmatter

from benchmarks.contestant import ROOT

_HEADING = re.compile(r"^(#{2,3} .*)$", re.MULTILINE)
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9`*\[])|\n+")
_NUMBER = re.compile(r"\d+")
_SHORTEST = 25
# Fewer sentences to a section would soon come together again.
_FEWEST = 3
_PASSAGE = 5
# A section draws from so many times the sentences it takes, so that none becomes boilerplate.
_CHOICE = 40
_FIRST_DAY = date(2021, 1, 1)
_DAYS = 5 * 365


@dataclass(frozen=True, slots=True)
class Layout:
    """What a document takes of a seed: its severity, and of each section the heading and how many sentences."""

    severity: str
    sections: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Source:
    """The seeds, taken apart."""

    layouts: tuple[Layout, ...]
    services: Sequence[str]
    sentences: Mapping[str, Sequence[str]]
    all: Sequence[str]


def source(folder: Path = ROOT / "seeds") -> Source:
    """The layouts and sentences of the documents of a folder, by heading. Raises ValueError where there are none."""
    layouts: list[Layout] = []
    services: set[str] = set()
    found: dict[str, list[str]] = {}
    for path in sorted(path for path in folder.glob("*.md") if path.name != "README.md"):
        document = frontmatter.loads(path.read_text(encoding="utf-8"))
        own = dict(_sections(document.content))
        for heading, sentences in own.items():
            found.setdefault(heading, []).extend(sentences)
        named = document.get("services")
        services.update(map(str, named if isinstance(named, list) else []))
        counts = tuple((heading, max(_FEWEST, len(sentences))) for heading, sentences in own.items())
        layouts.append(Layout(str(document.get("severity", "SEV3")), counts))
    everything = list(dict.fromkeys(sentence for sentences in found.values() for sentence in sentences))
    if not everything:
        raise ValueError(f"{folder} has no document to take sentences from.")
    distinct = {heading: list(dict.fromkeys(own)) for heading, own in found.items()}
    return Source(tuple(layouts), sorted(services) or ["service"], distinct, everything)


def _sections(content: str) -> Iterator[tuple[str, list[str]]]:
    parts = _HEADING.split(content)
    for heading, text in zip(parts[1::2], parts[2::2], strict=True):
        if sentences := _split(text):
            yield heading, sentences


def _split(text: str) -> list[str]:
    """The sentences of a text that is no table, list marks apart."""
    parts = (part.strip().lstrip("-*>0123456789. ") for part in _SENTENCE.split(text))
    return [part for part in parts if len(part) >= _SHORTEST and "|" not in part and "```" not in part]


def sentences_of(folder: Path) -> Sequence[str]:
    """All distinct sentences of a folder's documents."""
    return source(folder).all


def texts(sentences: Sequence[str], seed: int) -> Iterator[str]:
    """Passages without end, each of a few sentences, no two the same."""
    random = Random(f"{seed}/passages")
    told: set[str] = set()
    while True:
        text = " ".join(_drawn(random.choice(sentences), random) for _ in range(_PASSAGE))
        if text not in told:
            told.add(text)
            yield text


def document(parts: Source, serial: int, seed: int) -> tuple[str, str]:
    """(file stem, markdown) of the document with this number, the same whatever else is made."""
    random = Random(f"{seed}/{serial}")
    layout = random.choice(parts.layouts)
    day = _FIRST_DAY + timedelta(days=random.randrange(_DAYS))
    title = _drawn(random.choice(parts.all), random).rstrip(".")[:90].replace('"', "'")
    services = ", ".join(random.sample(parts.services, min(2, len(parts.services))))
    head = [f'title: "{title} ({serial})"', f"date: {day}", f"severity: {layout.severity}", f"services: [{services}]"]
    body = [f"{heading}\n\n{_text(parts, heading, count, random)}" for heading, count in layout.sections]
    return f"{day}-recombined-{serial:06d}", "\n".join(["---", *head, "---", "", *body]) + "\n"


def _text(parts: Source, heading: str, count: int, random: Random) -> str:
    pool = parts.sentences[heading]
    # What stands under a heading that few seeds have would come again and again.
    pool = pool if len(pool) >= _CHOICE * count else parts.all
    return " ".join(_drawn(sentence, random) for sentence in random.sample(pool, min(count, len(pool)))) + "\n"


def _drawn(sentence: str, random: Random) -> str:
    """The sentence with other numbers, of as many digits."""
    return _NUMBER.sub(lambda match: str(random.randrange(10 ** (len(match[0]) - 1), 10 ** len(match[0]))), sentence)


def write(out: Path, documents: int, seed: int) -> None:
    """Write documents to ``out/corpus``. Raises ValueError below one, FileExistsError where there are documents already."""
    if documents < 1:
        raise ValueError(f"A corpus has at least one document, not {documents}.")
    folder = out / "corpus"
    folder.mkdir(parents=True, exist_ok=True)
    if next(folder.iterdir(), None) is not None:
        raise FileExistsError(f"{folder} is not empty: choose another folder with --out, or empty this one.")
    parts = source()
    for serial in range(1, documents + 1):
        stem, text = document(parts, serial, seed)
        (folder / f"{stem}.md").write_text(text, encoding="utf-8", newline="\n")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recombined", description="Write a corpus without repetition.")
    parser.add_argument("--documents", type=int, default=500, help="how many documents (500)")
    parser.add_argument("--seed", type=int, default=7, help="the seed; the same seed gives the same corpus (7)")
    parser.add_argument("--out", type=Path, required=True, help="the folder that gets corpus/")
    options = parser.parse_args(arguments)
    try:
        write(options.out, options.documents, options.seed)
    except (ValueError, OSError) as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    print(f"{options.documents} documents in {options.out}")


if __name__ == "__main__":
    main()
