"""A corpus that several machines index, each its share of the incidents, and whether all shares are there.

Nobody coordinates: which share an incident belongs to follows from its id alone, and what is there from what each machine says
of the share that it made.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from rcasearch.errors import IndexMismatchError, SettingsError

# Within the folder of an index: one folder for each share that is made on this machine.
SHARDS = "shards"
_FORM = re.compile(r"([0-9]{1,5})/([0-9]{1,5})")
_HINT = "Name the share and how many there are, as in --shard 2/5: each machine another one, from 1 on."


@dataclass(frozen=True, order=True, slots=True)
class Share:
    """The share with this ``number``, from 1 on, ``of`` so many. Raises SettingsError for one that there is not."""

    number: int
    of: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.of:
            raise SettingsError(f"There is no share {self}.", _HINT, field="shard")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The share that a text like "2/5" names. Raises SettingsError."""
        found = _FORM.fullmatch(text)
        if not found:
            raise SettingsError(f"{text!r} names no share.", _HINT, field="shard")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def holds(self, key: str) -> bool:
        """Whether the incident with this id belongs to the share: each belongs to one, on every machine to the same."""
        digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return int.from_bytes(digest, "little") % self.of == self.number - 1

    def folder(self, index: Path) -> Path:
        """Where the share is made, within the folder of an index."""
        return index / SHARDS / f"{self.number}-of-{self.of}"


@dataclass(frozen=True, order=True, slots=True)
class ShareRecord:
    """What is told of a share that was made: whose it is, how many ``incidents`` it holds and how many all shares hold together.

    ``inputs`` is the digest of all that the shares are made of, ``basis`` that of the directions its token codes are in.
    """

    tenant: str
    share: Share
    incidents: int
    total: int
    inputs: str
    basis: str


@dataclass(frozen=True, order=True, slots=True)
class Missing:
    """A share that is not there."""

    tenant: str
    share: Share


def complete(made: Iterable[ShareRecord], tenants: Iterable[str] = ()) -> list[Missing]:
    """The shares that are missing, in order; of one of the ``tenants`` that nothing is told of, "1/1" stands for all.

    What is told more than once counts once. Raises IndexMismatchError where the shares of a tenant are not those of one corpus:
    made of other documents, settings or versions, in other numbers, or in other bases.
    """
    told: dict[str, set[ShareRecord]] = {tenant: set() for tenant in tenants}
    for one in made:
        told.setdefault(one.tenant, set()).add(one)
    return [missing for tenant in sorted(told) for missing in _missing(tenant, sorted(told[tenant]))]


def _missing(tenant: str, made: Sequence[ShareRecord]) -> list[Missing]:
    if not made:
        return [Missing(tenant, Share(1, 1))]
    _check_alike(tenant, made)
    there, count = {one.share for one in made}, made[0].share.of
    found = [Missing(tenant, share) for number in range(1, count + 1) if (share := Share(number, count)) not in there]
    if not found:
        _check_sum(tenant, made)
    return found


def _check_alike(tenant: str, made: Sequence[ShareRecord]) -> None:
    """That these are shares of one corpus, each told in one way."""
    kinds: dict[str, set[object]] = {
        "were cut into different numbers of shares": {one.share.of for one in made},
        "were made of other documents, settings or versions": {(one.inputs, one.total) for one in made},
        "have token codes in other bases": {one.basis for one in made},
    }
    for what, values in kinds.items():
        if len(values) > 1:
            shares = ", ".join(sorted({str(one.share) for one in made}))
            raise IndexMismatchError(f"The shares {shares}{_of(tenant)} {what}.", _again(tenant))
    if len({one.share for one in made}) < len(made):
        raise IndexMismatchError(f"A share{_of(tenant)} is told of with different numbers of incidents.", _again(tenant))


def _check_sum(tenant: str, made: Sequence[ShareRecord]) -> None:
    held = sum(one.incidents for one in made)
    if held != made[0].total:
        raise IndexMismatchError(
            f"All shares{_of(tenant)} together hold {held:,} incidents, and their documents are {made[0].total:,}.",
            _again(tenant),
        )


def _of(tenant: str) -> str:
    return f" of the tenant {tenant}" if tenant else ""


def _again(tenant: str) -> str:
    own = f" --tenant {tenant}" if tenant else ""
    return (
        f"Make every share from the same documents by the same version: rcasearch index SOURCE{own} --shard 1/N, 2/N and so on."
    )
