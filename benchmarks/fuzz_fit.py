"""What is checked of whatever comes out of a fuzzed function, and how bytes become text on their way in."""

from __future__ import annotations

from benchmarks.contestant import ROOT
from rcasearch.errors import RcaSearchError
from rcasearch.settings import Settings

SETTINGS = Settings()
DATA = ROOT / "tests" / "data"


def check(error: RcaSearchError) -> None:
    assert error.message, "an error without a sentence"
    fit(error.message, error.hint, error.field or "")


def named(error: RcaSearchError) -> None:
    """An error may repeat what was given; whoever answers escapes what of it is no text."""
    assert error.message, "an error without a sentence"


def fit(*texts: str) -> None:
    for text in texts:
        text.encode("utf-8")


def text_of(data: bytes) -> str:
    """The bytes as text that may hold anything, lone surrogates too."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "surrogateescape")


def clean(data: bytes) -> str:
    """As the reader of files hands text on."""
    return data.decode("utf-8", "replace").replace("\0", " ").replace("\r", "\n")
