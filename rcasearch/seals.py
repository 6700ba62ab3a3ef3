"""Bytes with a checksum of their own, so that what a disk changed meanwhile is not taken for what was written."""

from __future__ import annotations

import zlib

_SIZE = 4
Part = bytes | str | int


class BrokenSealError(Exception):
    """The bytes, or what they belong to, are not what was sealed."""


def seal(data: bytes, *beside: Part) -> bytes:
    """The bytes with a CRC-32 of them, and of what they belong to."""
    return data + _sum(data, beside)


def unseal(sealed: bytes, *beside: Part) -> bytes:
    """What was sealed, which must belong to the same. Raises BrokenSealError."""
    # A disk may as well have changed what the bytes are said to be.
    if not isinstance(sealed, bytes) or len(sealed) < _SIZE:
        raise BrokenSealError("what was kept is no sealed bytes")
    data = sealed[:-_SIZE]
    if _sum(data, beside) != sealed[-_SIZE:]:
        raise BrokenSealError("what was kept has another checksum than it was kept with")
    return data


def _sum(data: bytes, beside: tuple[Part, ...]) -> bytes:
    found = zlib.crc32(data)
    for part in beside:
        own = part if isinstance(part, bytes) else str(part).encode("utf-8", "surrogatepass")
        # Its length as well, so that what moves from one part to the next is told.
        found = zlib.crc32(own, zlib.crc32(len(own).to_bytes(8, "little"), found))
    return found.to_bytes(_SIZE, "little")
