"""The folder of an index: readers see whole generations or a plain error, whatever happens to the process that writes."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Self, cast

import msgspec
import pytest

from rcasearch.errors import IndexLockedError, IndexMismatchError, IndexMissingError, RcaSearchError
from rcasearch.model import Query
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.stores import generations
from rcasearch.stores.generations import CURRENT, current, writing
from rcasearch.stores.local import LocalStore
from rcasearch.stores.manifests import FORMAT, MANIFEST, read_manifest
from rcasearch.stores.verifying import damages
from tests.core.fakes import FakeEncoder, build_with, searcher_with, write_corpus

ROOT = Path(__file__).parents[2]
DATA_FILES = (
    "catalogue.sqlite",
    "passages.faiss",
    "incidents.faiss",
    "chunks.npz",
    "tokens.npz",
    "token_codes.bin",
    "services.json",
    "lexical.bin",
)


def opened(index: Path) -> Searcher:
    return searcher_with(FakeEncoder(), index)


def complaint(index: Path) -> IndexMismatchError | None:
    """What opening the index says; any other error is one of ours."""
    try:
        opened(index).close()
    except IndexMismatchError as error:
        return error
    return None


def ids(searcher: Searcher) -> list[str]:
    return [hit.incident.id for hit in searcher.search(Query("poolError cache_full", 5)).hits]


def folders(index: Path) -> list[str]:
    return sorted(path.name for path in index.iterdir() if path.is_dir())


# --- what a reader finds ---------------------------------------------------------------------------------------------


def test_no_index_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError, match=r"no index at .*nothing") as caught:
        current(tmp_path / "nothing")
    assert f"rcasearch index SOURCE --index {tmp_path / 'nothing'}" in caught.value.hint


@pytest.mark.parametrize(
    "pointer", [b"20200101T000000Z-aaaaaa\n", b"", b"\n", b"..", b".", b"../index", b"\xff\xfe", b"/etc", b"current", b"a/b"]
)
def test_a_pointer_to_nowhere_names_the_command(index: Path, pointer: bytes) -> None:
    (index / CURRENT).write_bytes(pointer)
    with pytest.raises(IndexMismatchError) as caught:
        LocalStore(current(index))
    assert "rcasearch index" in caught.value.hint


@pytest.mark.parametrize("name", DATA_FILES)
@pytest.mark.parametrize("damage", ["gone", "short", "empty"])
def test_a_file_that_is_not_whole_is_named(index: Path, name: str, damage: str) -> None:
    path = current(index) / name
    data = path.read_bytes()
    path.unlink()
    if damage != "gone":
        path.write_bytes(data[: len(data) // 2] if damage == "short" else b"")
    with pytest.raises(IndexMismatchError, match=name.replace(".", r"\.")) as caught:
        opened(index)
    assert f"--index {index}" in caught.value.hint


@pytest.mark.parametrize("place", [0.0, 0.3, 0.6])
def test_a_file_of_the_right_size_and_the_wrong_content_is_found_or_refused(index: Path, place: float) -> None:
    folder = current(index)
    noise = random.Random(5)
    for name in read_manifest(folder).files:
        path = folder / name
        whole = path.read_bytes()
        start = int(place * len(whole))
        length = max(1, len(whole) // 3)
        path.write_bytes(whole[:start] + noise.randbytes(length) + whole[start + length :])
        assert damages(folder, read_manifest(folder)) == [(name, "has other content than was written")]
        error = complaint(index)
        assert error is None or "rcasearch index" in error.hint, name
        path.write_bytes(whole)
    assert len(ids(opened(index))) == 5


def test_an_index_that_is_whole_has_no_damaged_files(pristine: Path) -> None:
    folder = current(pristine)
    manifest = read_manifest(folder)
    assert damages(folder, manifest) == []
    on_disk = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert set(manifest.files) == on_disk - {MANIFEST}


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"7",
        b"{}",
        b'{"format": %d}' % FORMAT,
        b'{"format": %d, "info": []}' % FORMAT,
        b"\xff" * 100,
        b'{"format": "1"}',
    ],
)
def test_a_manifest_that_is_none_names_the_command(index: Path, manifest: bytes) -> None:
    (current(index) / MANIFEST).write_bytes(manifest)
    with pytest.raises(IndexMismatchError) as caught:
        opened(index)
    assert "rcasearch index" in caught.value.hint


def test_no_flipped_byte_of_the_manifest_is_more_than_a_plain_error(index: Path) -> None:
    path = current(index) / MANIFEST
    data = path.read_bytes()
    for position in range(0, len(data), 7):
        flipped = bytearray(data)
        flipped[position] ^= 0x15
        path.write_bytes(flipped)
        error = complaint(index)
        assert error is None or error.message


@pytest.mark.parametrize("version", [0, FORMAT - 1, FORMAT + 1, 99, "1", None])
def test_another_format_is_told_by_its_number(index: Path, version: object) -> None:
    path = current(index) / MANIFEST
    path.write_bytes(msgspec.json.encode({**msgspec.json.decode(path.read_bytes()), "format": version}))
    with pytest.raises(IndexMismatchError, match=f"has format {version}; this version reads {FORMAT}"):
        opened(index)


def test_an_index_of_another_model_names_both_and_the_way_out(index: Path) -> None:
    with pytest.raises(IndexMismatchError, match="made with the model 'fake'") as caught:
        searcher_with(FakeEncoder("another"), index)
    assert "RCASEARCH_MODEL=fake" in caught.value.hint
    assert "index the documents again" in caught.value.hint


def test_an_index_may_be_moved(index: Path, tmp_path: Path) -> None:
    expected = ids(opened(index))
    moved = tmp_path / "an other place #1?&%20ü"
    index.rename(moved)
    searcher = opened(moved)
    assert ids(searcher) == expected
    assert searcher.info.path == str(moved)
    with pytest.raises(IndexMismatchError, match="an other place"):
        searcher_with(FakeEncoder("another"), moved)


def test_an_index_can_be_read_where_nothing_may_be_written(index: Path) -> None:
    paths = [index, *index.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        before = {path: path.stat().st_mtime_ns for path in paths}
        assert len(ids(opened(index))) == 5
        assert {path: path.stat().st_mtime_ns for path in [index, *index.rglob("*")]} == before
    finally:
        for path in paths:
            path.chmod(0o755 if path.is_dir() else 0o644)


# --- publishing ------------------------------------------------------------------------------------------------------


def test_a_failure_before_the_end_leaves_the_old_generation_in_force(
    index: Path, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, found = current(index), ids(opened(index))

    def fail(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    for name in ("write_synced", "checksums", "sync"):
        with monkeypatch.context() as patch:
            patch.setattr(generations, name, fail)
            with pytest.raises((OSError, RcaSearchError)):
                build_with(FakeEncoder(), small, index)
        assert current(index) == before
        assert folders(index) == [before.name]
        assert ids(opened(index)) == found
    build_with(FakeEncoder(), small, index)
    assert current(index) != before


def test_the_pointer_moves_last_and_always_points_to_a_whole_generation(index: Path, tmp_path: Path) -> None:
    """A reader that looks without pause never sees anything but a complete index."""
    source = write_corpus(tmp_path / "documents", 12)
    stop = threading.Event()

    def look() -> set[str]:
        seen = set()
        while not stop.is_set():
            folder = current(index)
            assert damages(folder, read_manifest(folder)) == []
            seen.add(folder.name)
        return seen

    with ThreadPoolExecutor(1) as pool:
        watcher = pool.submit(look)
        # One generation at a time: the one before the last is kept for readers that are just opening it.
        build_with(FakeEncoder(), source, index)
        stop.set()
        assert watcher.result()


def test_generations_are_kept_two_at_most_and_the_newest_ones(index: Path, small: Path) -> None:
    names = [current(index).name]
    for _ in range(4):
        build_with(FakeEncoder(), small, index)
        names.append(current(index).name)
        assert folders(index) == sorted(names[-2:])
    assert names == sorted(names)
    assert len(set(names)) == 5


def test_files_of_the_user_are_left_alone(index: Path, small: Path) -> None:
    (index / "notes").mkdir()
    (index / "notes" / "mine.txt").write_text("mine", encoding="utf-8")
    for _ in range(3):
        build_with(FakeEncoder(), small, index)
    assert (index / "notes" / "mine.txt").read_text(encoding="utf-8") == "mine"


def test_a_searcher_serves_its_generation_until_it_is_told_to_look(index: Path, tmp_path: Path) -> None:
    searcher = opened(index)
    before, found = searcher.info.id, ids(searcher)
    assert searcher.refresh() is False
    source = write_corpus(tmp_path / "documents", 30, seed=8)
    build_with(FakeEncoder(), source, index)
    assert (searcher.info.id, ids(searcher), searcher.info.incidents) == (before, found, 20)
    assert searcher.refresh() is True
    assert searcher.info.id == current(index).name
    assert searcher.info.incidents == 30
    assert ids(searcher) == ids(opened(index))
    assert searcher.refresh() is False


def test_a_searcher_of_a_removed_generation_still_answers_in_any_thread(index: Path, small: Path) -> None:
    searcher = opened(index)
    before, found = current(index), ids(searcher)
    for _ in range(3):
        build_with(FakeEncoder(), small, index)
    assert not before.exists()
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(ids, searcher).result() == found
    assert ids(searcher) == found
    assert searcher.source(found[0])


def test_a_damaged_new_generation_does_not_take_the_old_one_down(index: Path, small: Path) -> None:
    searcher = opened(index)
    found = ids(searcher)
    build_with(FakeEncoder(), small, index)
    (current(index) / "passages.faiss").write_bytes(b"short")
    with pytest.raises(IndexMismatchError, match=r"passages\.faiss"):
        searcher.refresh()
    assert ids(searcher) == found
    build_with(FakeEncoder("another"), small, index)
    with pytest.raises(IndexMismatchError, match="model"):
        searcher.refresh()
    assert ids(searcher) == found
    build_with(FakeEncoder(), small, index)
    assert searcher.refresh() is True


def test_requests_go_on_while_generations_come_and_go(index: Path, small: Path) -> None:
    searcher = opened(index)
    expected = ids(searcher)
    stop = threading.Event()

    def ask() -> int:
        asked = 0
        while not stop.is_set():
            assert ids(searcher) == expected
            searcher.refresh()
            asked += 1
        return asked

    with ThreadPoolExecutor(3) as pool:
        running = [pool.submit(ask) for _ in range(3)]
        for _ in range(3):
            build_with(FakeEncoder(), small, index)
            deadline = time.monotonic() + 30
            while searcher.info.id != current(index).name and time.monotonic() < deadline:
                time.sleep(0.005)
        stop.set()
        assert all(one.result() for one in running)
    assert searcher.info.id == current(index).name


@pytest.mark.parametrize("year", [1971, 2000, 9998])
def test_the_newest_generation_is_the_last_one_made_whatever_the_clock_says(
    index: Path, small: Path, monkeypatch: pytest.MonkeyPatch, year: int
) -> None:
    """A clock that jumps, far back or far ahead and back again, changes neither which is in force nor which is kept."""

    class Clock(datetime):
        """One that stands still."""

        moment = datetime.now(UTC)

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cast("Self", cls.moment.astimezone(tz))

    monkeypatch.setattr(generations, "datetime", Clock)
    names = [current(index).name]
    for moment in (Clock.moment, datetime(year, 1, 1, tzinfo=UTC), Clock.moment, Clock.moment):
        Clock.moment = moment
        build_with(FakeEncoder(), small, index)
        names.append(current(index).name)
        # The one before is there for who is opening it.
        assert folders(index) == names[-2:]
    assert names == sorted(set(names))


def test_times_of_documents_say_nothing(index: Path, small: Path, tmp_path: Path) -> None:
    source = shutil.copytree(small, tmp_path / "documents")
    build_with(FakeEncoder(), source, index)
    for moment in (0, 4_000_000_000):
        for path in source.iterdir():
            os.utime(path, (moment, moment))
        assert build_with(FakeEncoder(), source, index).changed == 0
    changed = next(source.glob("*.md"))
    changed.write_bytes(changed.read_bytes().replace(b"## Summary", b"## Summary\n\nnewlyseen."))
    os.utime(changed, (0, 0))
    assert build_with(FakeEncoder(), source, index).changed == 1


def test_a_generation_that_was_cut_off_before_the_pointer_moved_is_cleared_away_and_the_one_before_is_kept(
    index: Path, small: Path
) -> None:
    in_force = current(index)
    shutil.copytree(in_force, index / generations.new_id(index))
    half_gone = index / "20010101T000000.000000Z-abcd"
    half_gone.mkdir()
    (half_gone / "passages.faiss").write_bytes(b"its manifest is gone already")
    build_with(FakeEncoder(), small, index)
    assert folders(index) == [in_force.name, current(index).name]


def test_generations_are_not_cleared_away_while_nobody_can_tell_which_is_in_force(index: Path) -> None:
    there = folders(index)
    (index / CURRENT).write_bytes(b"")
    with writing(index):
        assert folders(index) == there


def test_what_was_left_is_cleared_away_where_nothing_else_is_to_do_and_nobody_writes(index: Path, small: Path) -> None:
    build_with(FakeEncoder(), small, index)
    kept = folders(index)
    (index / ".building-0badc0de").mkdir()
    shutil.copytree(index / kept[0], index / "20010101T000000.000000Z-abcd")
    there = folders(index)
    with writing(index):
        (index / ".building-0badc0de").mkdir()
        generations.tidy(index)
        assert folders(index) == there
    generations.tidy(index)
    assert folders(index) == kept
    for name in (f"{kept[0]}.overview.new-0badc0de", "evaluation.json.new-0badc0de", "mine.new-0badc0de"):
        (index / name).write_bytes(b"half")
    generations.tidy(index)
    assert [path.name for path in index.glob("*.new-*")] == ["mine.new-0badc0de"]
    generations.tidy(index.parent / "nothing")


def test_only_what_a_writer_made_is_ever_deleted(index: Path, small: Path) -> None:
    mine = index / "20260101T000000Z-backup"
    mine.mkdir()
    (mine / MANIFEST).write_text("{}", encoding="utf-8")
    for _ in range(3):
        build_with(FakeEncoder(), small, index)
    assert (mine / MANIFEST).exists()


# --- one writer ------------------------------------------------------------------------------------------------------

# A process that indexes with the fake encoder, slowly: it tells when it is about to encode, and waits a while each time.
SLOW = """
import sys, time
from pathlib import Path
from typing import Self, cast
from tests.core.fakes import FakeEncoder, build_with

def before(texts):
    print("encoding", len(texts), flush=True)
    time.sleep(float(sys.argv[3]))

build_with(FakeEncoder(before=before), Path(sys.argv[1]), Path(sys.argv[2]))
print("done", flush=True)
"""


@contextmanager
def indexing(source: Path, index: Path, pause: float) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, str(source), str(index), str(pause)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def heard(process: subprocess.Popen[str], word: str, times: int = 1) -> Sequence[str]:
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if sum(word in each for each in lines) == times:
            return lines
    raise AssertionError(f"The process ended after {lines}.")


def test_a_second_writer_is_turned_away_with_the_pid_of_the_first(index: Path, small: Path) -> None:
    (small_again := index.parent / "documents").mkdir()
    for number in range(3):
        (small_again / f"{number}.md").write_text(f"# Late {number}\n\n## Summary\n\nfresh{number} words.\n", encoding="utf-8")
    with indexing(small_again, index, 600) as other:
        heard(other, "encoding")
        with pytest.raises(IndexLockedError, match=rf"pid {other.pid}") as caught:
            build_with(FakeEncoder(), small, index)
        assert "Wait" in caught.value.hint
        assert len(ids(opened(index))) == 5
    build_with(FakeEncoder(), small, index)


def test_the_lock_goes_when_the_writer_fails(index: Path) -> None:
    with pytest.raises(KeyboardInterrupt), writing(index):
        raise KeyboardInterrupt
    with writing(index):
        pass


def test_a_folder_that_cannot_be_written_is_an_error_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(RcaSearchError, match="file") as caught, writing(tmp_path / "file" / "index"):
        pass
    assert "--index" in caught.value.hint


def test_a_writer_killed_while_it_encodes_leaves_everything_in_order(
    index: Path, seeded_corpus: Path, seeded_searcher: Searcher
) -> None:
    before, found = current(index), ids(opened(index))
    with indexing(seeded_corpus, index, 0.3) as writer:
        # The third batch is the first after the sample; what came before it is on disk.
        heard(writer, "encoding", times=3)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    # The lock file still names the dead process; the lock itself is gone with it.
    assert (index / "lock").read_text(encoding="utf-8").startswith(f"pid {writer.pid} on ")
    assert current(index) == before
    assert ids(opened(index)) == found
    encoder = FakeEncoder()
    report = build_with(encoder, seeded_corpus, index)
    assert report.reused == report.info.passages - len(encoder.documents) >= 512
    assert current(index) != before
    assert ids(opened(index)) == ids(seeded_searcher)


def test_a_writer_killed_while_it_writes_leaves_a_draft_that_the_next_one_sweeps(index: Path, small: Path) -> None:
    draft = index / ".building-0badc0de"
    draft.mkdir()
    (draft / "passages.faiss").write_bytes(b"half")
    (index / "current.new").write_bytes(b"half")
    assert len(ids(opened(index))) == 5
    build_with(FakeEncoder(), small, index)
    assert not draft.exists()
    assert not [path for path in index.iterdir() if path.name.startswith(".building-")]
    assert len(ids(opened(index))) == 5


def test_a_generation_that_was_written_but_never_pointed_to_does_no_harm(index: Path, small: Path) -> None:
    in_force = current(index)
    shutil.copytree(in_force, index / "99991231T235959Z-ffffff")
    assert current(index) == in_force
    build_with(FakeEncoder(), small, index)
    assert current(index).name not in (in_force.name, "99991231T235959Z-ffffff")
    assert len(ids(opened(index))) == 5


def test_the_settings_name_the_index(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rcasearch.search.fingerprint", lambda folder: FakeEncoder().fingerprint)
    searcher = Searcher.open(Settings(index=str(index)))
    assert searcher.info.id == current(index).name
    searcher.close()
