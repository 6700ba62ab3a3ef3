"""A large templated corpus, from the first build to searches over HTTP, everybody behind a server in processes of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np

from benchmarks import filling, indexing
from benchmarks.contestant import ContestantError
from benchmarks.figures import BASELINE, Figures, Measure, Part
from benchmarks.indexing import Documents
from benchmarks.servers import Server, of_ours, of_peer, serving
from benchmarks.setup import OURS, Setup, judged, ours, run
from benchmarks.updating import changed
from rcasearch.settings import Settings

MEASURES = (
    Measure("index", "index", "s"),
    Measure("index_cpu", "index", "CPU s"),
    Measure("rate", "sections indexed", "a second", more_is_better=True),
    Measure("again", "index again, nothing changed", "s"),
    Measure("again_cpu", "index again, nothing changed", "CPU s"),
    Measure("changed", "a changed document found in the running server", "s"),
    Measure("disk", "index on disk", "MiB"),
    Measure("cold", "a search from the shell, start to answer", "s"),
    Measure("cold_cpu", "a search from the shell, start to answer", "CPU s"),
    Measure("p50", "HTTP search, 1 client, p50", "ms"),
    Measure("p95", "HTTP search, 1 client, p95", "ms"),
    Measure("p99", "HTTP search, 1 client, p99", "ms"),
    Measure("query_cpu", "HTTP search, 1 client, mean of the server", "CPU ms"),
    Measure("throughput", "HTTP searches, 16 clients", "a second", more_is_better=True),
    Measure("pressed_p50", "HTTP search, 16 clients, p50", "ms"),
    Measure("pressed_p99", "HTTP search, 16 clients, p99", "ms"),
    Measure("errors", "errors among them", "searches"),
    Measure("client_cpu", "asking, share of a core", "%"),
    Measure("resident", "resident memory while serving", "MiB"),
    Measure("memory", "resident memory, shared pages once", "MiB"),
)
_REMARK = (
    "Every process of a server has as many threads; the peers are Flask under waitress. Encoding so many sections would "
    "take each peer long, so their indexes were filled with vectors near the real ones, and the time to index is ours alone. A "
    "search from the shell is, for plain, a script that loads its index and the model."
)
ALONE = f"{OURS}, 1 process"
_BLOCK, _WARM = 40, 5


@dataclass(frozen=True, slots=True)
class Load:
    """How searches are asked for: ``queries`` by one client, then ``clients`` at once for so many seconds."""

    queries: int = 200
    clients: int = 16
    seconds: float = 8.0


def measure(setup: Setup, size: int, load: Load) -> Part:
    """Everything of one corpus; who fails is left out from there on, and named."""
    part = Part("serving", f"{size:,} templated incidents", MEASURES, remarks=(_REMARK,))
    documents = indexing.templated(setup.work / f"serving-{size}", size)
    asked = [str(row["text"]) for row in judged(documents.queries)][: load.queries]
    figures = part.figures
    if setup.peer(OURS):
        setup.tell(f"{OURS} indexes {size:,}")
        with setup.guarded(figures, OURS):
            indexing.build(setup, figures, documents)
            indexing.again(setup, figures, documents)
    filling.fill(setup, figures, documents)
    _cold(setup, figures, documents, asked)
    with ExitStack() as stack:
        servers = _servers(setup, figures, documents, stack)
        for number in range(setup.rounds):
            _alone(setup, figures, servers, asked, number)
        for number in range(setup.rounds):
            _together(setup, figures, servers, asked, load, number)
        mine = next((server for server in servers if server.name == OURS), None)
        for number in range(setup.rounds if mine else 0):
            with setup.guarded(figures, OURS):
                assert mine
                figures.add(OURS, number, changed=changed(documents, mine, number))
    return part


def _cold(setup: Setup, figures: Figures, documents: Documents, asked: Sequence[str]) -> None:
    """Process start to answer, by turns."""
    commands = {name: command for name, command in _searches(setup, documents) if _has_index(figures, documents, name)}
    # The first of each only brings its files into memory, and does not count.
    for number in range(-1, 2 * setup.rounds):
        for name, command in list(commands.items())[:: 1 if number % 2 else -1]:
            setup.tell(f"cold search: {name}")
            with setup.guarded(figures, name):
                spent = run([*command, asked[number % len(asked)]])
                if number >= 0:
                    figures.add(name, number, cold=spent.seconds, cold_cpu=spent.cpu)


def _searches(setup: Setup, documents: Documents) -> Iterator[tuple[str, list[str]]]:
    """Who can search from the shell, and the command that the query is added to."""
    yield OURS, ours("search", "--json", "--index", str(documents.work / f"index-{OURS}"))
    if plain := setup.peer(BASELINE):
        index = documents.work / f"index-{BASELINE}"
        yield BASELINE, [str(plain.python), "-m", "benchmarks.peers.plain_search", str(setup.model), str(index)]


def _has_index(figures: Figures, documents: Documents, name: str) -> bool:
    return name not in figures.notes and (documents.work / f"index-{name}").exists()


def _servers(setup: Setup, figures: Figures, documents: Documents, stack: ExitStack) -> list[Server]:
    """A server for everybody that has an index; two for this project, as it is and in one process."""
    started = []
    for name, (command, variables) in _commands(setup, figures, documents):
        setup.tell(f"{name} serves")
        with setup.guarded(figures, name):
            started.append(stack.enter_context(serving(name, command, variables)))
    return started


def _commands(setup: Setup, figures: Figures, documents: Documents) -> Iterator[tuple[str, tuple[list[str], dict[str, str]]]]:
    """Names, and the command and environment of each server."""
    for one in setup.peers:
        if not _has_index(figures, documents, one.name):
            continue
        if one.name == OURS:
            index = documents.work / f"index-{OURS}"
            yield OURS, of_ours(index)
            yield ALONE, of_ours(index, workers=1)
        else:
            yield one.name, of_peer(one, documents.task(setup, one.name), Settings().threads)


def _alone(setup: Setup, figures: Figures, servers: list[Server], asked: Sequence[str], number: int) -> None:
    """One client: every query to everybody, in blocks by turns, a few before each that do not count."""
    setup.tell(f"HTTP, one client, round {number + 1}")
    spent: dict[str, list[float]] = {server.name: [] for server in servers}
    cpu = dict.fromkeys(spent, 0.0)
    for turn, start in enumerate(range(0, len(asked), _BLOCK)):
        for server in _turns(servers, turn + number):
            with setup.guarded(figures, server.name):
                server.press(asked[:_WARM], 1)
                before = server.cpu()
                done = server.press(asked[start : start + _BLOCK], 1)
                cpu[server.name] += server.cpu() - before
                spent[server.name] += _without_errors(server, done)
    for name, milliseconds in spent.items():
        if len(milliseconds) == len(asked):
            p50, p95, p99 = np.percentile(milliseconds, [50, 95, 99]).tolist()
            figures.add(name, number, p50=p50, p95=p95, p99=p99, query_cpu=1000 * cpu[name] / len(asked))


def _without_errors(server: Server, done: dict[str, list[float]]) -> list[float]:
    if done["errors"]:
        raise ContestantError(f"{server.name} failed to answer one client: {done['first_error']}")
    return done["ms"]


def _together(setup: Setup, figures: Figures, servers: list[Server], asked: Sequence[str], load: Load, number: int) -> None:
    """Many clients without a pause, one server after the other; and what it holds after that."""
    for server in _turns(servers, number):
        setup.tell(f"HTTP, {load.clients} clients, round {number + 1}: {server.name}")
        with setup.guarded(figures, server.name):
            done = server.press(asked, load.clients, load.seconds, warm=2 * load.clients)
            if done["errors"]:
                setup.tell(f"{server.name}: {done['errors']} errors, the first: {done['first_error']}")
            p50, p99 = np.percentile(done["ms"] or [0], [50, 99]).tolist()
            rate = {"throughput": len(done["ms"]) / done["seconds"], "client_cpu": 100 * done["cpu"] / done["seconds"]}
            memory = server.memory()
            held = {"resident": memory.resident, "memory": memory.shared_once}
            figures.add(server.name, number, pressed_p50=p50, pressed_p99=p99, errors=done["errors"], **rate, **held)


def _turns(servers: list[Server], turn: int) -> list[Server]:
    """All of them, another one first at every turn."""
    shift = turn % max(len(servers), 1)
    return servers[shift:] + servers[:shift]
