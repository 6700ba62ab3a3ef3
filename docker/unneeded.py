"""Print the installed distributions that serving an index does not need: they make the export, or came along with what does.

    python unneeded.py rcasearch [EXTRA ...]      what the named extras of it require is needed as well

For the image alone: a plain installation keeps them, and can export other models.
"""

import re
import sys
from collections.abc import Sequence
from importlib.metadata import distributions

# Not followed: torch and sentence-transformers export the model; the others are required by packages that never import them here.
EXPORT_ONLY = {"torch", "sentence-transformers", "huggingface-hub", "scipy", "openvino-telemetry"}


def name_of(requirement: str) -> str:
    """The distribution that a requirement names, in the one spelling that all its spellings have."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", requirement)[0]).lower()


def wanted(requirement: str, extras: Sequence[str]) -> bool:
    """Whether a requirement stands without an extra, or for one of these."""
    extra = re.search(r"extra == ['\"]([^'\"]+)", requirement)
    return extra is None or extra[1] in extras


def unneeded(root: str, extras: Sequence[str] = ()) -> list[str]:
    """What is installed and stands on no way of requirements from ``root`` that leaves out what only exports."""
    installed = {name_of(found.metadata["Name"]): found for found in distributions()}
    needed: set[str] = set()
    waiting = [root]
    while waiting:
        name = waiting.pop()
        # A requirement of other platforms or versions of Python is not installed.
        if name in installed and name not in needed | EXPORT_ONLY:
            needed.add(name)
            own = extras if name == root else ()
            waiting += [name_of(line) for line in installed[name].requires or () if wanted(line, own)]
    return sorted(installed.keys() - needed)


if __name__ == "__main__":
    print(*unneeded(sys.argv[1], sys.argv[2:]))
