"""What of a corpus one machine indexes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rcasearch.stores.shards import Share


@dataclass(frozen=True, slots=True)
class Part:
    """The ``share`` of the incidents that an index is to hold, or all; the token ``basis`` it is to have, or one fitted here.

    The basis is as `compression.Basis.tobytes` gives it.
    """

    share: Share | None = None
    basis: bytes | None = None

    def named(self, sources: Sequence[Path]) -> Sequence[Path]:
        """The sources as far as it counts where they are: other machines that make other shares may have them elsewhere."""
        return sources if self.share is None else ()


ALL = Part()
