"""Where a command prints: as JSON, or as text for the width, the colours and the pager that there are."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from typing import Any, TextIO

PAGER = "less -FRX"
# JSON lets them stand as they are, and a terminal obeys them.
_UNSEEN = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def print_json(value: Any) -> None:
    """Print a value as JSON that people can read, too, and that moves no cursor and turns no reading direction round."""
    print(_UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False, indent=2)))


def page(text: str) -> None:
    """Print, through a pager where a person reads and the text is longer than the screen: the best precedent comes first."""
    pager = shlex.split(os.environ.get("PAGER", PAGER))
    lines = shutil.get_terminal_size().lines
    if not sys.stdout.isatty() or text.count("\n") < lines or not pager or not shutil.which(pager[0]):
        sys.stdout.write(text)
        return
    subprocess.run(pager, input=text, text=True, check=False)


def width(stream: TextIO) -> int:
    """The columns of a terminal, as far as lines are easily read; 80 where there is none."""
    return min(100, shutil.get_terminal_size().columns) if stream.isatty() or "COLUMNS" in os.environ else 80


def color(stream: TextIO) -> bool:
    """Whether a stream shows colours."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
