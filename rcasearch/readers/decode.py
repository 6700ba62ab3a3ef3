"""The bytes of a file -> text with Unix line ends, or the reason why it is no text."""

from __future__ import annotations

import codecs
import re

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f]")
_MAX_CONTROL_SHARE = 0.02


class NotTextError(ValueError):
    """The bytes are not text in any encoding that documents are written in."""


def decode(data: bytes) -> tuple[str, str | None]:
    """The text, and the encoding where it was not UTF-8 and not declared (worth a word to the author), else None.

    Line ends become those of Unix; control characters become spaces, so that columns and lines keep their places.
    Raises NotTextError for binary data.
    """
    text, guessed = _decoded(data)
    control = len(_CONTROL.findall(text))
    if control > max(8, len(text) * _MAX_CONTROL_SHARE):
        raise NotTextError("it holds binary data")
    if control:
        text = _CONTROL.sub(" ", text)
    return text.replace("\r\n", "\n").replace("\r", "\n"), guessed


def _decoded(data: bytes) -> tuple[str, str | None]:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            try:
                return data.decode(encoding), None
            except UnicodeDecodeError as error:
                raise NotTextError(f"its byte order mark says {encoding}, but {error.reason} at byte {error.start}") from None
    if wide := _utf16_without_mark(data):
        return data.decode(wide, errors="replace"), "UTF-16"
    try:
        return data.decode("utf-8"), None
    except UnicodeDecodeError:
        return _western(data), "Windows-1252"


def _western(data: bytes) -> str:
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _utf16_without_mark(data: bytes) -> str | None:
    """The byte order where nearly every other byte is nought, as Latin text in UTF-16 has it."""
    sample = data[:4096]
    half = len(sample) // 2
    if half < 8:
        return None
    if sample[1::2].count(0) > 0.8 * half and sample[::2].count(0) < 0.1 * half:
        return "utf-16-le"
    if sample[::2].count(0) > 0.8 * half and sample[1::2].count(0) < 0.1 * half:
        return "utf-16-be"
    return None
