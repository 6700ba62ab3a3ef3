"""Lines of styled text wrapped to a width: the one place that knows rich."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

LABEL = 13
NARROW = 60
_MARKER = re.compile(r"(?:-|\d{1,3}[.)]) +")


class Sheet:
    """Lines of styled text, wrapped to a width."""

    def __init__(self, width: int, color: bool) -> None:
        self.width = max(20, width)
        self._lines: list[Text] = []
        self._console = Console(
            file=io.StringIO(),
            width=self.width,
            force_terminal=color,
            color_system="standard" if color else None,
            highlight=False,
            markup=False,
            emoji=False,
            legacy_windows=False,
            _environ={},
        )

    def line(self, text: Text | str = "", indent: int = 0, hang: int = 0) -> None:
        """Write one paragraph; ``hang`` indents its second and later lines further."""
        self._wrapped(Text(" " * indent), text, indent, hang)

    def field(self, label: str, paragraphs: Sequence[Text | str], indent: int = 3) -> None:
        """Write paragraphs beside their label, or below it where the sheet is narrow."""
        if not paragraphs:
            return
        beside = self.width >= NARROW and len(label) < LABEL
        inner = indent + (LABEL if beside else 2)
        tag = Text((" " * indent + label).ljust(inner), "dim")
        if not beside:
            self.line(tag)
            tag = Text(" " * inner)
        for paragraph in paragraphs:
            marker = _MARKER.match(str(paragraph))
            self._wrapped(tag, paragraph, inner, hang=marker.end() if marker else 0)
            tag = Text(" " * inner)

    def _wrapped(self, start: Text, text: Text | str, indent: int, hang: int) -> None:
        body = text if isinstance(text, Text) else Text(text)
        for piece in body.wrap(self._console, self.width - indent - hang, overflow="fold") or [Text()]:
            self._write(start, piece)
            start = Text(" " * (indent + hang))

    def row(self, cells: Sequence[tuple[str, int]], last: Text | str) -> None:
        """Write cells, each padded to its columns, and a last one that is wrapped in what is left."""
        start = Text("".join(text.ljust(columns) for text, columns in cells))
        self._wrapped(start, last, sum(columns for _, columns in cells), 0)

    def verbatim(self, text: str, indent: int) -> None:
        """Write a line as it is, broken only where the sheet ends."""
        step = self.width - indent
        for start in range(0, max(len(text), 1), step):
            self._write(" " * indent, Text(text[start : start + step]))

    def _write(self, prefix: Text | str, body: Text) -> None:
        joined = Text.assemble(prefix, body)
        joined.rstrip()
        self._lines.append(joined)

    def text(self) -> str:
        """The lines; with escape sequences where the sheet has colors."""
        with self._console.capture() as shown:
            # One print of all costs half as much as one of each.
            self._console.print(Text("\n").join(self._lines), soft_wrap=True)
        return shown.get() if self._lines else ""
