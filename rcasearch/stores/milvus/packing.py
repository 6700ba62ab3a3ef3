"""Bytes -> text that fits the fields of the engine, and back.

The engine has no field for bytes: they are held in base64 (RFC 4648), cut into pieces of what a text field takes. The first
character of the first piece tells how many pieces there are.
"""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rcasearch.errors import IndexMismatchError

# What a text field holds at most, in bytes.
LONGEST = 65_535
_DIGITS = 5
_FRESH = "Index the documents again with `rcasearch index SOURCE --fresh`."


def pieces(data: bytes) -> list[str]:
    """The texts that hold ``data``, each no longer than ``LONGEST``."""
    text = binascii.b2a_base64(data, newline=False).decode("ascii")
    count = max(1, -(-(len(text) + _DIGITS) // LONGEST))
    whole = f"{count:0{_DIGITS}}{text}"
    return [whole[start : start + LONGEST] for start in range(0, len(whole), LONGEST)]


def count_of(first: str) -> int:
    """How many pieces the data has of which this is the first. Raises IndexMismatchError."""
    try:
        return int(first[:_DIGITS])
    except ValueError:
        raise damaged("a part of the index does not begin as it should") from None


def joined(texts: Sequence[str]) -> bytes:
    """The data that these pieces hold. Raises IndexMismatchError where they are not what `pieces` gave."""
    whole = "".join(texts)
    if count_of(whole) != len(texts):
        raise damaged("a part of the index has lost a piece")
    try:
        return binascii.a2b_base64(whole[_DIGITS:], strict_mode=True)
    except binascii.Error as error:
        raise damaged(f"a part of the index is no base64: {error}") from None


def array(data: bytes, dtype: Any, *shape: int) -> NDArray[Any]:
    """The numbers in ``data``, in a shape of which -1 stands for as many as there are. Raises IndexMismatchError."""
    try:
        return np.frombuffer(data, dtype).reshape(shape or (-1,))
    except ValueError as error:
        raise damaged(f"a part of the index has another size than it should: {error}") from None


def damaged(what: str) -> IndexMismatchError:
    """The error that tells of what was found in the engine and cannot be used."""
    return IndexMismatchError(f"The index in the engine cannot be read: {what}.", _FRESH)
