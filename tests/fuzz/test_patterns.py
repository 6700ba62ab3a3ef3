"""No regular expression of the package takes more than linear time: each is attacked with texts made for it."""

from __future__ import annotations

import re

import pytest

from benchmarks.within import TooSlowError, within
from tests.fuzz.patterns import Asked, attacks, patterns

LENGTH = 20_000
# Half a second of CPU for what linear patterns do in a few milliseconds, and quadratic ones hardly in a second.
SECONDS = 0.5
# Where the caller cuts the text first: to so many characters. Quadratic in these is nothing.
LONGEST = {
    "readers.clock._STAMP": 120,
    "readers.clock._SHORT_DAY": 120,
    "readers.document._NAME_END": 300,
    "readers.headings._JOINTS": 200,
    "readers.headings._TAIL": 200,
    "readers.inline._NOT_A_TAG_AFTER": 40,
    "readers.residue._EMPTY": 200,
    "readers.residue._SIGNED_ON": 200,
}
PATTERNS = patterns()


@pytest.mark.parametrize("part", range(8))
def test_every_pattern_reads_hostile_text_in_linear_time(part: int) -> None:
    slow = [told for asked in PATTERNS[part::8] if (told := _slow(asked))]
    assert not slow, "\n".join(slow)


def _slow(asked: Asked) -> str:
    for text in attacks(asked.pattern, LONGEST.get(asked.where, LENGTH)):
        try:
            with within(SECONDS):
                asked.ask(text)
        except TooSlowError:
            return f"{asked.where} takes too long for {text[:40]!r}...: {asked.pattern.pattern[:80]!r}"
    return ""


def test_what_is_told_to_be_cut_is_a_pattern_of_the_package() -> None:
    assert set(LONGEST) <= {asked.where for asked in PATTERNS}


@pytest.mark.parametrize(("pattern", "method"), [(r"\s+$", "search"), (r"(a+)+b", "match"), (r"x*\d", "finditer")])
def test_slow_patterns_are_found(pattern: str, method: str) -> None:
    """The attack itself: patterns that are known to be slow."""
    assert _slow(Asked("known", re.compile(pattern), frozenset({method})))


@pytest.mark.parametrize(("pattern", "method"), [(r"\s+$", "match"), (r"(?<!\s)\s+$", "search"), (r"(?>a+)b", "match")])
def test_fast_patterns_are_not_taken_for_slow(pattern: str, method: str) -> None:
    assert not _slow(Asked("known", re.compile(pattern), frozenset({method})))
