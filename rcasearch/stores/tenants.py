"""Where the index of a tenant is: in a folder of its own, so that nothing of one tenant can be met in another's."""

from __future__ import annotations

import shlex
from pathlib import Path

from rcasearch.settings import Settings

# Within the index folder, beside the generations of the tenant without a name.
TENANTS = "tenants"


def folder_of(settings: Settings) -> Path:
    """The folder of the index that the settings name: that of their tenant, or the index folder where they name none."""
    index = Path(settings.index)
    return index / TENANTS / settings.tenant if settings.tenant else index


def flags_of(folder: Path) -> str:
    """The flags by which a command means the index in this folder."""
    if folder.parent.name != TENANTS:
        return f"--index {shlex.quote(str(folder))}"
    return f"--index {shlex.quote(str(folder.parent.parent))} --tenant {shlex.quote(folder.name)}"
