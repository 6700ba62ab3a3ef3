"""A corpus that is written anew again and again, each time with another mark in every title: what is of two generations shows."""

from __future__ import annotations

import re
from pathlib import Path

MARK = re.compile(r"gx\d\dx")
# So many texts alternate, so that each is encoded once and then known.
_DIFFERENT = 6
_TITLE = re.compile(r'^title: "', re.MULTILINE)


class Marked:
    """Some of the documents of a folder, copied to ``folder`` with marks."""

    def __init__(self, source: Path, folder: Path, most: int) -> None:
        texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(source.glob("*.md"))}
        titled = {name: text for name, text in texts.items() if _TITLE.search(text)}
        self._texts, self._folder = dict(list(titled.items())[:most]), folder
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, number: int) -> tuple[str, int]:
        """Write the documents of a generation; their mark, and how many they are."""
        mark, names = f"gx{number % _DIFFERENT:02d}x", self._names(number)
        for name, text in self._texts.items():
            path = self._folder / name
            if name in names:
                path.write_text(_TITLE.sub(f'title: "{mark} ', text, count=1), encoding="utf-8")
            else:
                path.unlink(missing_ok=True)
        return mark, len(names)

    @property
    def ids(self) -> list[str]:
        """The incidents that every generation has."""
        return [name.removesuffix(".md") for name in list(self._texts)[: len(self._texts) - _DIFFERENT + 1]]

    def _names(self, number: int) -> list[str]:
        return list(self._texts)[: len(self._texts) - number % _DIFFERENT]
