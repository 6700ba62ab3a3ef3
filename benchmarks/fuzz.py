"""Throw bytes at everything that reads bytes from outside: ``python -m benchmarks.fuzz``.

Each target (fuzz_targets.py) runs in a process of its own. Atheris mutates what it read before, guided by which lines of the
package a text reaches; it is no dependency of this project: ``pip install atheris==3.0.0``. An input that ends otherwise than
promised, or takes longer than --patience seconds of CPU, is kept in --found and counted once for each place in the code.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
import traceback
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.contestant import ROOT
from benchmarks.machine import describe
from benchmarks.within import TooSlowError, within

# Said here again: what is imported before the fuzzer runs is not guided by it.
NAMES = tuple(
    """document front-matter page secrets query payload shape filters tools settings environment lexicon judged tokens shown
    client""".split()
)
_TELL_EVERY_S = 1.0
_HEAD = "| target | inputs | refused | crashes | too slow | slowest input | CPU | memory |\n|---|--:|--:|--:|--:|--:|--:|--:|"


class Tally:
    """What came of the inputs of one target."""

    def __init__(self, name: str, folder: Path, patience: float, last: int) -> None:
        self.name, self.folder, self.patience, self.last = name, folder, patience, last
        self.inputs = self.refused = 0
        self.told = time.monotonic()
        self.slowest, self.slow_input = 0.0, b""
        self.wrong: dict[str, str] = {}

    def take(self, data: bytes) -> None:
        """One input."""
        from benchmarks.fuzz_targets import BY_NAME, tried

        self.inputs += 1
        began = time.process_time()
        try:
            with within(self.patience):
                self.refused += tried(BY_NAME[self.name], data)
        except (Exception, TooSlowError, RecursionError, MemoryError) as error:  # noqa: BLE001 - this is what is looked for
            self._keep(error, data)
        spent = time.process_time() - began
        if spent > self.slowest:
            self.slowest, self.slow_input = spent, data
        if time.monotonic() - self.told > _TELL_EVERY_S or self.inputs == self.last:
            self.tell()
            self.told = time.monotonic()

    def _keep(self, error: BaseException, data: bytes) -> None:
        ours = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if "rcasearch" in frame.filename or "benchmarks" in frame.filename
        ]
        place = f"{type(error).__name__} at {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else type(error).__name__
        if place not in self.wrong:
            self.wrong[place] = str(error)[:200]
            (self.folder / f"{self.name}-{len(self.wrong)}").write_bytes(data)
            print(f"{self.name}: {place}: {str(error)[:200]}", file=sys.stderr, flush=True)

    def tell(self) -> None:
        """Write down what is known, since the fuzzer ends the process itself."""
        (self.folder / f"{self.name}.slowest").write_bytes(self.slow_input)
        told = {
            "inputs": self.inputs, "refused": self.refused, "slowest_ms": round(self.slowest * 1000, 1),
            "crashes": sum(not place.startswith("TooSlow") for place in self.wrong),
            "too_slow": sum(place.startswith("TooSlow") for place in self.wrong),
            "cpu_s": round(time.process_time(), 1), "wrong": self.wrong,
            "memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }  # fmt: skip
        (self.folder / f"{self.name}.json").write_text(json.dumps(told), encoding="utf-8")


def fuzz_one(options: argparse.Namespace) -> None:
    """Fuzz one target until its inputs are used up. Does not return."""
    import atheris  # type: ignore[import-untyped, import-not-found, unused-ignore]

    with atheris.instrument_imports(include=["rcasearch"]):
        from benchmarks.fuzz_targets import BY_NAME
    target, folder = BY_NAME[options.target], options.found
    corpus = folder / f"corpus-{target.name}"
    corpus.mkdir(exist_ok=True)
    for number, seed in enumerate(target.seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    words = folder / f"{target.name}.dict"
    words.write_text("".join(f'"{_quoted(word)}"\n' for word in target.words or ("\0",)), encoding="ascii")
    tally = Tally(target.name, folder, options.patience, options.runs)
    tally.tell()
    flags = [
        f"-runs={options.runs}",
        f"-max_total_time={options.seconds}",
        f"-seed={options.seed}",
        f"-max_len={options.longest}",
    ]
    # How long an input takes is measured here, in CPU.
    flags += ["-timeout=600", "-rss_limit_mb=4096", "-verbosity=0", "-print_final_stats=0", f"-dict={words}", str(corpus)]
    atheris.Setup([sys.argv[0], *flags], tally.take)
    atheris.Fuzz()


def _quoted(word: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word.encode("utf-8", "surrogatepass"))


def fuzz_all(options: argparse.Namespace) -> dict[str, Any]:
    """Every target that is asked for, one after the other; what came of each."""
    found: dict[str, Any] = {}
    for name in options.targets:
        arguments = [f"--{key}={getattr(options, key)}" for key in ("runs", "seconds", "seed", "longest", "patience", "found")]
        ended = subprocess.run([sys.executable, "-m", "benchmarks.fuzz", "--target", name, *arguments], cwd=ROOT, check=False)
        told = json.loads((options.found / f"{name}.json").read_text(encoding="utf-8"))
        if ended.returncode:
            told["wrong"][f"the process ended with {ended.returncode}"] = ""
            told["crashes"] += 1
        found[name] = told
        print(_row(name, told), file=sys.stderr, flush=True)
    return found


def _row(name: str, told: dict[str, Any]) -> str:
    counts = " | ".join(f"{told[key]:,}" for key in ("inputs", "refused", "crashes", "too_slow"))
    return f"| {name} | {counts} | {told['slowest_ms']:,} ms | {told['cpu_s']:,} s | {told['memory_mib']:,} MiB |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz, print a table, and keep the figures. The exit code is 1 where something is wrong."""
    options = _parsed(arguments)
    if options.target:
        options.found.mkdir(parents=True, exist_ok=True)
        fuzz_one(options)
    with TemporaryDirectory() as folder:
        options.found = (options.found or Path(folder)).resolve()
        options.found.mkdir(parents=True, exist_ok=True)
        found = fuzz_all(options)
    print("\n".join([_HEAD, *(_row(name, told) for name, told in found.items())]))
    print(f"\n{sum(told['inputs'] for told in found.values()):,} inputs in all.")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({**describe(), "targets": found}, indent=2) + "\n", encoding="utf-8")
    return int(any(told["wrong"] for told in found.values()))


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description="Throw bytes at everything that reads any.")
    add = parser.add_argument
    add("--targets", nargs="+", choices=NAMES, default=NAMES, help="what is fuzzed (everything)")
    add("--target", choices=NAMES, help=argparse.SUPPRESS)
    add("--runs", type=int, default=100_000, help="inputs of each target (100000)")
    add("--seconds", type=int, default=0, help="seconds for each target at most (0: without end)")
    add("--seed", type=int, default=7, help="where chance begins (7)")
    add("--longest", type=int, default=4_096, help="bytes of an input (4096)")
    add("--patience", type=float, default=2.0, help="CPU seconds that an input may take (2)")
    add("--found", type=Path, help="a folder for what is found, and for inputs to go on from")
    add("--out", type=Path, default=ROOT / "benchmarks" / "results" / f"{date.today()}-fuzz.json", help="the figures")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
