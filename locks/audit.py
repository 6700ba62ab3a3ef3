"""Ask the package index whether any locked version has a known vulnerability, and say what could not be asked.

pip-audit calls a package that the index knows nothing of "skipped" and ends well all the same; here that is told apart from
an answer, so that a network that only hands out files is never taken for a clean bill.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
LOCKED = ("dev.txt", "torch.txt", "build.txt", "tools.txt")
_SECONDS = 120


def asked(locks: Sequence[Path]) -> list[dict[str, Any]]:
    """What pip-audit learned of each package; nothing where the index cannot be reached."""
    command = [str(Path(sys.executable).with_name("pip-audit")), "--disable-pip", "--require-hashes", "--progress-spinner", "off"]
    files = [word for lock in locks for word in ("-r", str(lock))]
    try:
        done = subprocess.run([*command, "--format", "json", *files], capture_output=True, timeout=_SECONDS, check=False)
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        return []
    return found


def verdict(found: Sequence[dict[str, Any]]) -> tuple[list[str], bool]:
    """Lines that tell what was learned, and whether nothing bad was."""
    answered = [package for package in found if "vulns" in package]
    lines = [
        f"{package['name']} {package['version']}: {known['id']}, mended in {', '.join(known['fix_versions']) or 'no version yet'}"
        for package in answered
        for known in package["vulns"]
    ]
    if not answered:
        return ["The package index tells nothing of vulnerabilities from here: NOTHING was audited."], True
    left = f"; of {len(found) - len(answered)} it knows nothing" * (len(found) > len(answered))
    return [*lines, f"{len(answered)} packages audited, {len(lines)} known vulnerabilities{left}."], not lines


def main() -> int:
    """Audit all that is locked; 1 where a vulnerability is known."""
    lines, clean = verdict(asked([ROOT / "locks" / name for name in LOCKED]))
    print(*lines, sep="\n")
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
