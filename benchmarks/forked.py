"""The real command in a process that has imported everything already, and what a reader finds in an index afterwards.

A command spends most of its second on imports. Forked, it begins with its work, so that hundreds of them can be broken off in
minutes, and every moment of that work is hit.
"""

from __future__ import annotations

import hashlib
import json
import os
import select
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from rcasearch.errors import IndexMissingError

CRASHED = 99
_NEIGHBOURS = 5
_ASKED = 6
_KEPT = 2
_LOOK_S = 0.2


class State(NamedTuple):
    """What an index holds: how many incidents, a digest of their ids and sources, and one of what each is answered with."""

    incidents: int
    documents: str
    answers: str


NOTHING = State(0, "", "")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit code, or the number of the signal below 0, and what it wrote on standard error."""

    code: int
    told: str


def preload() -> None:
    """Import what the commands use, without starting a thread: a process with threads cannot be forked."""
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", HF_HUB_OFFLINE="1")
    import faiss  # noqa: F401
    import threadpoolctl  # noqa: F401

    from rcasearch import cli, encoders, index, overviews, sampling, search  # noqa: F401
    from rcasearch.encoders import exported  # noqa: F401
    from rcasearch.encoders.network import load_openvino
    from rcasearch.indexing import making  # noqa: F401
    from rcasearch.stores import local  # noqa: F401
    from tests.core import fakes  # noqa: F401

    load_openvino()


def quick() -> None:
    """Let passages be encoded by a stand-in that needs no time, in this process."""
    from rcasearch import exemplars, models, search
    from rcasearch.indexing import making
    from tests.core.fakes import LEXICON, FakeEncoder

    encoder = FakeEncoder(models.fingerprint(models.locate(models.DEFAULT_MODEL)))
    encoder.max_tokens = 256
    space = exemplars.concept_space(LEXICON, FakeEncoder())
    vars(making).update(load_encoder=lambda _: encoder, concept_space=lambda *_: space)
    vars(search).update(load_encoder=lambda _: encoder)
    vars(sys.modules["rcasearch.encoders"]).update(load_ahead=lambda *_, **__: None)


class Forked:
    """A function that runs in a process of its own; what it gives comes back as JSON."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process that writes to it
        source, target = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            self._work(work, target)
        os.close(target)
        self._answer, self._code = source, None

    def _work(self, work: Callable[[], Any], target: int) -> None:
        try:
            os.dup2(self._log.fileno(), 1)
            os.dup2(self._log.fileno(), 2)
            os.write(target, json.dumps(work()).encode())
        except BaseException:  # noqa: BLE001
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(CRASHED)
        sys.stdout.flush()
        os._exit(0)

    def runs(self, wait_s: float = 0.0) -> bool:
        """Whether it still runs after a while. What it gives is no more than a pipe holds."""
        return not select.select([self._answer], [], [], wait_s)[0]

    def told(self) -> str:
        """What it has written so far."""
        return os.pread(self._log.fileno(), 2**20, 0).decode("utf-8", "replace")

    def kill(self, number: int) -> None:
        os.kill(self.pid, number)

    def result(self) -> tuple[Any, Ended]:
        """What it gave, None where it was ended, and how it ended."""
        data = b"".join(iter(lambda: os.read(self._answer, 2**16), b""))
        os.close(self._answer)
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        with self._log:
            told = self.told()
        return json.loads(data) if data else None, Ended(code, told)


def command(*arguments: str, before: Callable[[], None] | None = None) -> Forked:
    """``rcasearch`` with these arguments; ``before`` is called in its process first."""

    def work() -> int:
        from rcasearch import cli

        if before:
            before()
        return cli.main(arguments)

    return Forked(work)


def ended(process: Forked) -> Ended:
    """How a command ended, with its own exit code."""
    code, how = process.result()
    return how if code is None else Ended(int(code), how.told)


def state(index: Path) -> State:
    """What a reader finds now. Raises AssertionError where that is not whole, and what opening the index raises."""
    from rcasearch.search import Searcher
    from rcasearch.settings import Settings
    from rcasearch.stores.generations import current
    from rcasearch.stores.manifests import read_manifest
    from rcasearch.stores.verifying import damages

    try:
        folder = current(index)
    except IndexMissingError:
        return NOTHING
    assert not damages(folder, read_manifest(folder)), f"damaged files in {folder}"
    with closing(Searcher.open(Settings(index=str(index)))) as searcher:
        return state_of(searcher)


def state_of(searcher: Any) -> State:
    """What an open index holds, asked for the way its users do, without the model."""
    ids = [outline.id for outline in searcher.outlines()]
    sources = [(one, searcher.source(one)) for one in sorted(ids)]
    answers = [[hit.incident.id for hit in searcher.similar(one, _NEIGHBOURS).hits] for one in sorted(ids)[:_ASKED]]
    strangers = {one for answer in answers for one in answer} - set(ids)
    assert not strangers, f"answers name {strangers}, which are not there"
    assert searcher.info.incidents == len(ids) == searcher.incidents().total, "counts differ"
    return State(len(ids), _digest(sources), _digest(answers))


def seen(index: Path) -> tuple[State | None, str]:
    """What a reader in a process of its own finds; None, and why, where it finds nothing whole."""
    found, how = Forked(lambda: state(index)).result()
    return (State(*found), "") if found is not None else (None, how.told)


def left_over(index: Path) -> list[str]:
    """What lies in an index folder and belongs to no generation that is in force or was before it."""
    names = sorted(path.name for path in index.iterdir())
    generations = [name for name in names if (index / name).is_dir() and not name.startswith(".")]
    return [name for name in names if name.startswith(".") or ".new" in name] + generations[:-_KEPT]


def follow(index: Path, until: Path, before: Callable[[], None] | None = None) -> dict[str, list[Any]]:
    """Read the index again and again until a file is there: what each generation held, by its id."""
    from rcasearch.search import Searcher
    from rcasearch.settings import Settings

    if before:
        before()
    found: dict[str, list[Any]] = {}
    searcher = Searcher.open(Settings(index=str(index)))
    while not until.exists():
        time.sleep(_LOOK_S)
        searcher.refresh()
        now = list(state_of(searcher))
        first = found.setdefault(searcher.info.id, now)
        assert first == now, f"{searcher.info.id} answered {first}, and then {now}"
    return found


def _digest(value: Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]


def tolerable(how: Ended) -> bool:
    """Whether what a command wrote is for people: no traceback, and where it failed, a sentence that says so."""
    return "Traceback" not in how.told and (how.code <= 0 or "\nrcasearch: " in f"\n{how.told}")


def verdict(found: Mapping[str, Any], out: Path | None) -> int:
    """The exit status of what was ``found``, which is written as JSON where it is wanted: 1 where something went wrong."""
    if out:
        out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 1 if found["wrong"] else 0
