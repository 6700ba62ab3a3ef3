"""The calibration of a new generation: measured, or that of the one before while little changed since it was measured."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import msgspec

from rcasearch import calibration
from rcasearch.encoders import Encoder
from rcasearch.model import Clearance
from rcasearch.progress import Progress
from rcasearch.stores.generations import Earlier
from rcasearch.stores.manifests import Manifest, Measured

# Of the incidents that it was measured on, fewer than one in so many may have changed.
_STALE = 20


def calibrated(
    folder: Path,
    manifest: Manifest,
    *,
    everybody: Clearance,
    changed: int,
    made_with: str,
    earlier: Earlier | None,
    encoder: Encoder,
    tell: Progress,
) -> Manifest:
    """The manifest of the draft in ``folder`` with its calibration; ``changed`` incidents are not as they were ``earlier``.

    It is measured on what ``everybody`` sees. ``made_with`` tells what else a relevance depends on.
    """
    before = earlier.manifest.measured if earlier else None
    if earlier and before and before.made_with == made_with and (before.changed + changed) * _STALE < before.incidents:
        measured = msgspec.structs.replace(before, changed=before.changed + changed)
        return msgspec.structs.replace(manifest, calibration=earlier.manifest.calibration, measured=measured)
    measured = Measured(manifest.info.incidents, 0, made_with)
    return msgspec.structs.replace(manifest, calibration=_measure(folder, manifest, everybody, encoder, tell), measured=measured)


def _measure(folder: Path, manifest: Manifest, everybody: Clearance, encoder: Encoder, tell: Progress) -> dict[str, float]:
    # What searches is not imported where nothing is searched.
    from rcasearch.sampling import best_of_others
    from rcasearch.stores.local import LocalStore

    with closing(LocalStore(folder, manifest)) as store:
        return calibration.calibrate(best_of_others(store.seen_by(everybody), encoder, tell))
