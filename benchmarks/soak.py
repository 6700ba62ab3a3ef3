"""Everything at once for as long as you like: ``python -m benchmarks.soak --minutes 30``.

More clients than the server can answer ask for everything that it answers, while the index is made anew every few seconds, each
time with another mark in every title. Counted are the answers by status, those that show two generations or the marks of another
generation than they name, and requests without an answer; the memory and the open files of every process are taken every few
seconds, and their slopes told. At the end the server is told to stop while all of them ask. Ends with 1 where anything was wrong.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import psutil

from benchmarks.contestant import ROOT
from benchmarks.machine import describe
from benchmarks.marked import Marked
from benchmarks.servers import Server, of_ours, serving
from benchmarks.setup import environment, judged, ours

# Of the samples, those from the beginning are of a server that gets warm.
_WARM = 1 / 3


@dataclass(frozen=True, slots=True)
class Plan:
    """How hard it is pressed, and for how long."""

    seconds: float
    clients: int
    documents: int
    reindex_s: float
    sample_s: float
    settings: Mapping[str, object]


@dataclass
class Watch:
    """What was seen of the server: of each process its (second, MiB, open files), and what each generation holds."""

    samples: dict[int, list[tuple[float, float, int]]] = field(default_factory=dict)
    generations: dict[str, tuple[str, int]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)


def measure(plan: Plan, work: Path) -> dict[str, Any]:
    """Press a server as planned; everything that was counted, and what of it must not be under ``wrong``."""
    corpus, index, watch, done = (
        Marked(ROOT / "seeds", work / "corpus", plan.documents),
        work / "index",
        Watch(),
        threading.Event(),
    )
    _index(corpus, index, 0, watch)
    command, variables = of_ours(index, **plan.settings)
    with (work / "log").open("w+") as log:
        with serving("rcasearch", command, variables, log) as server:
            others = [
                threading.Thread(target=_reindex, args=(plan, corpus, index, watch, done)),
                threading.Thread(target=_sample, args=(plan, server, watch, done)),
            ]
            for thread in others:
                thread.start()
            clients = _clients(plan, server, corpus)
            time.sleep(plan.seconds)
            done.set()
            for thread in others:
                thread.join()
            processes = server.pids()
            server.process.terminate()
            code = server.process.wait(60)
            told = json.loads(clients.communicate(timeout=120)[0])
        log.seek(0)
        return {**_summed(plan, told, watch, log.read()), "exit": code, "processes": len(processes)}


def _clients(plan: Plan, server: Server, corpus: Marked) -> subprocess.Popen[str]:
    texts = [str(row["text"]) for row in judged(ROOT / "seeds" / "queries.jsonl")]
    task = {"url": server.url, "texts": texts, "ids": corpus.ids, "clients": plan.clients, "seconds": plan.seconds + 60}
    command = [sys.executable, "-m", "benchmarks.soak_clients"]
    process = subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin
    process.stdin.write(json.dumps(task))
    process.stdin.close()
    process.stdin = None
    return process


def _index(corpus: Marked, index: Path, number: int, watch: Watch) -> None:
    mark, count = corpus.write(number)
    command = ours("index", str(index.parent / "corpus"), "--index", str(index))
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        watch.failed.append(done.stderr[-300:])
    watch.generations[(index / "current").read_text(encoding="utf-8").strip()] = (mark, count)


def _reindex(plan: Plan, corpus: Marked, index: Path, watch: Watch, done: threading.Event) -> None:
    number, due = 0, time.monotonic() + plan.reindex_s
    while not done.wait(max(0.0, due - time.monotonic())):
        number, due = number + 1, time.monotonic() + plan.reindex_s
        _index(corpus, index, number, watch)


def _sample(plan: Plan, server: Server, watch: Watch, done: threading.Event) -> None:
    began = time.monotonic()
    while not done.wait(plan.sample_s):
        for pid in server.pids():
            process = psutil.Process(pid)
            sample = (time.monotonic() - began, process.memory_full_info().uss / 2**20, process.num_fds())
            watch.samples.setdefault(pid, []).append(sample)


def _summed(plan: Plan, told: Mapping[str, Any], watch: Watch, log: str) -> dict[str, Any]:
    wrong = dict(told["wrong"])
    for generation, mark, searched, count in told["told"]:
        known = watch.generations.get(generation)
        if generation and known is None:
            wrong[f"a generation that never was: {generation}"] = count
        elif known and ((mark and mark != known[0]) or (searched and int(searched) != known[1])):
            wrong[f"{generation} holds {known}, not {mark} {searched}"] = count
    wrong |= {f"index: {words}": 1 for words in watch.failed}
    if trouble := log.count("Traceback") + log.count(" ERROR "):
        wrong["errors in the log"] = trouble
    shed = {code: count for code, count in told["codes"].items() if code.startswith("503")}
    return {
        "seconds": plan.seconds,
        "clients": plan.clients,
        "statuses": told["statuses"],
        "shed": shed,
        "looked_into": sum(row[3] for row in told["told"]),
        "seen": len({row[0] for row in told["told"]} - {""}),
        "made": len(watch.generations),
        "wrong": wrong,
        "examples": told["examples"],
        "ms": _percentiles(told["milliseconds"]),
        "shed_ms": _percentiles(told["shed_milliseconds"]),
        "slopes": [{"pid": pid, **_slopes(samples)} for pid, samples in sorted(watch.samples.items())],
    }


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    p50, p95, p99, most = np.percentile(values or [0.0], [50, 95, 99, 100]).round(1).tolist()
    return {"p50": p50, "p95": p95, "p99": p99, "max": most}


def _slopes(samples: Sequence[tuple[float, float, int]]) -> dict[str, float]:
    """Memory and open files at the end and how they grow an hour, by least squares over what comes after the beginning."""
    seconds, memory, files = np.array(samples[int(len(samples) * _WARM) :], dtype=float).reshape(-1, 3).T
    if len(seconds) < 2:
        return {}
    hours = seconds / 3600
    return {
        "mib": round(float(memory[-1]), 1),
        "mib_most": round(float(memory.max()), 1),
        "mib_an_hour": round(float(np.polyfit(hours, memory, 1)[0]), 1),
        "files": int(files[-1]),
        "files_most": int(files.max()),
        "files_an_hour": round(float(np.polyfit(hours, files, 1)[0]), 1),
    }


def as_markdown(machine: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """The figures as tables."""
    rows = [(f"answers with {status}", f"{count:,}") for status, count in sorted(found["statuses"].items()) if status.isdigit()]
    rows += [(words, f"{count:,}") for words, count in found["statuses"].items() if not words.isdigit()]
    rows += [(f"of these, {code}", f"{count:,}") for code, count in found["shed"].items()]
    rows += [("answers looked into for marks", f"{found['looked_into']:,}")]
    rows += [("generations made / seen in answers", f"{found['made']} / {found['seen']}")]
    rows += [(f"ms to an answer, {name}", f"{value:,}") for name, value in found["ms"].items()]
    rows += [(f"ms to a 503, {name}", f"{value:,}") for name, value in found["shed_ms"].items()]
    rows += [("exit status after SIGTERM under load", str(found["exit"]))]
    rows += [(f"WRONG: {what}", f"{count:,}") for what, count in found["wrong"].items()] or [("wrong", "0")]
    head = f"{found['clients']} clients for {found['seconds'] / 60:g} minutes, {found['processes']} processes\n\n"
    table = "| | |\n| --- | ---: |\n" + "".join(f"| {name} | {value} |\n" for name, value in rows)
    names = ("mib", "mib_most", "mib_an_hour", "files", "files_most", "files_an_hour")
    slopes = "\n| process | MiB | most | MiB an hour | open files | most | files an hour |\n" + "| ---: " * 7 + "|\n"
    for place, one in enumerate(found["slopes"]):
        slopes += f"| {place} | " + " | ".join(f"{one.get(name, '–')}" for name in names) + " |\n"
    return f"# Under load\n\n{head}{table}{slopes}\n{machine['processor']}, {machine['cores']} cores, {machine['date']}\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Press a server, keep what was found, and print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description="Press a server with everything at once.")
    parser.add_argument("--minutes", type=float, default=30.0, help="how long (30)")
    parser.add_argument("--clients", type=int, default=200, help="connections that ask at once (200)")
    parser.add_argument("--documents", type=int, default=60, help="documents of the index (60)")
    parser.add_argument("--reindex", type=float, default=20.0, help="seconds between two indexes (20)")
    parser.add_argument("--workers", type=int, default=2, help="processes that answer (2)")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "benchmarks" / "results" / f"{date.today()}-soak.json", help="the figures"
    )
    given = parser.parse_args(arguments)
    settings = {"workers": given.workers, "hook_open": "generic", "hook_memory": 0, "rate_limit": 0}
    plan = Plan(60 * given.minutes, given.clients, given.documents, given.reindex, min(5.0, 3 * given.minutes), settings)
    with TemporaryDirectory() as folder:
        found = measure(plan, Path(folder))
    machine = describe()
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps({"machine": machine, **found}, indent=2) + "\n", encoding="utf-8")
    given.out.with_suffix(".md").write_text(as_markdown(machine, found), encoding="utf-8")
    print(as_markdown(machine, found), *found["examples"], sep="\n")
    sys.exit(1 if found["wrong"] or found["exit"] else 0)


if __name__ == "__main__":
    main()
