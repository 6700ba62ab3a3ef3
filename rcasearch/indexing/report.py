"""What there is to tell of a build."""

from __future__ import annotations

from dataclasses import dataclass

from rcasearch.model import IndexInfo, Problem


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did: passages ``encoded`` now and ``reused`` from before, in so many ``seconds``.

    ``changed`` documents came, went or are not what they were. ``unchanged`` says that the index was up to date, and was left as
    it is.
    """

    info: IndexInfo
    problems: tuple[Problem, ...]
    seconds: float
    encoded: int
    reused: int
    changed: int = 0
    unchanged: bool = False
