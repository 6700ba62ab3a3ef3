"""Write the lock files and constraints.txt anew: one tested version of everything, with the SHA-256 of every file it comes in.

    make lock                  after a change of the dependencies; what was pinned stays where it was
    make lock ARGS=--upgrade   move everything to the newest version that pyproject.toml allows

run.txt holds what an installation needs, a file named after an extra what that needs besides, dev.txt what the tests need too,
build.txt what makes a package of the code, tools.txt what looks after all of these. torch and the libraries of graphics cards
that its plain build brings along are apart, in torch.txt: whoever installs a build for the CPU, or for other cards, has files
with other checksums.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCKS = ROOT / "locks"
CONSTRAINTS = ROOT / "constraints.txt"
PYTHON = "3.11"
HEAD = """\
# One tested version of every dependency, transitive ones included, for Python {python} and later. Written by `make lock`.
# Used as `pip install -c constraints.txt torch` first, then `pip install -c constraints.txt .`
"""
LOCK_HEAD = "# Written by `make lock`: pip install --require-hashes --no-deps -r locks/{name}\n"
OF_TORCH = re.compile(r"(torch|triton|cuda-\w+|nvidia-[\w-]+)==")


def compiled(source: str, *arguments: str) -> list[str]:
    """The lock of a file of requirements: an entry a package, each with its version, its marker and its hashes."""
    command = [str(Path(sys.executable).with_name("uv")), "pip", "compile", "-", "--universal", "--python-version", PYTHON]
    layout = ["--generate-hashes", "--no-header", "--no-annotate", "--quiet", "--no-config"]
    done = subprocess.run([*command, *layout, *arguments], input=source, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        sys.exit(f"uv found no versions that fit together:\n{done.stderr}")
    return [entry for entry in re.split(r"\n(?=\S)", done.stdout.strip()) if not only_elsewhere(entry)]


def only_elsewhere(entry: str) -> bool:
    """Whether an entry is for systems alone on which this package does not run."""
    return re.search(r"sys_platform == '(win32|emscripten)'", entry.splitlines()[0]) is not None


def pin(entry: str) -> str:
    """An entry's name and version."""
    return entry.split()[0]


def write_lock(name: str, entries: list[str]) -> None:
    """Write the entries to a file that says how to install them."""
    (LOCKS / name).write_text("\n".join([LOCK_HEAD.format(name=name) + entries[0], *entries[1:]]) + "\n", encoding="utf-8")


def main(arguments: list[str]) -> None:
    """Lock everything in one resolution, so that no file disagrees with another."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project, build = table["project"], [*table["build-system"]["requires"], "editables"]
    extras = [line for extra in project["optional-dependencies"].values() for line in extra]
    everything = [*project["dependencies"], *extras]
    held = [] if "--upgrade" in arguments else ["-c", str(CONSTRAINTS)]
    dev = compiled("\n".join(everything), *held)
    ours = [entry for entry in dev if not OF_TORCH.match(entry)]
    pinned = sorted(pin(entry) for entry in dev if not OF_TORCH.match(entry) or entry.startswith("torch=="))
    CONSTRAINTS.write_text(HEAD.format(python=PYTHON) + "\n".join(pinned) + "\n", encoding="utf-8")
    write_lock("dev.txt", ours)
    write_lock("torch.txt", [entry for entry in dev if OF_TORCH.match(entry)])
    run = compiled("\n".join(project["dependencies"]), "-c", str(CONSTRAINTS))
    write_lock("run.txt", [entry for entry in run if not OF_TORCH.match(entry)])
    for extra, lines in project["optional-dependencies"].items():
        if extra != "dev":
            whole = compiled("\n".join([*project["dependencies"], *lines]), "-c", str(CONSTRAINTS))
            if more := [entry for entry in whole if entry not in run]:
                write_lock(f"{extra}.txt", more)
    write_lock("build.txt", compiled("\n".join(build), "-c", str(CONSTRAINTS)))
    write_lock("tools.txt", compiled((LOCKS / "tools.in").read_text(encoding="utf-8"), *arguments))


if __name__ == "__main__":
    main(sys.argv[1:])
