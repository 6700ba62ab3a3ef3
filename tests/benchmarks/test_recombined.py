"""The corpus without repetition: the same for the same arguments, of any size, and hardly two passages alike."""

from pathlib import Path

import frontmatter
import pytest

from benchmarks.contestant import ROOT
from benchmarks.encoder import distinct_passages
from benchmarks.recombined import document, main, source, texts, write
from benchmarks.sections import sections
from rcasearch.model import Document

_NAMES = ("short", "again", "long")


def test_the_same_arguments_give_the_same_bytes_and_a_longer_corpus_begins_with_the_shorter(tmp_path: Path) -> None:
    for name, count in zip(_NAMES, (5, 5, 9), strict=True):
        write(tmp_path / name, count, 3)
    read = {name: {path.name: path.read_bytes() for path in (tmp_path / name / "corpus").iterdir()} for name in _NAMES}
    short, again, long = (read[name] for name in _NAMES)
    assert short == again
    assert len(long) == 9
    assert short.items() < long.items()


def test_another_seed_gives_another_corpus() -> None:
    parts = source()
    assert document(parts, 1, 3) != document(parts, 1, 4)


def test_no_two_sections_are_the_same(tmp_path: Path) -> None:
    write(tmp_path, 60, 7)
    found = [section.text for section in sections(tmp_path / "corpus")]
    assert len(found) > 200
    assert len(set(found)) == len(found)


def test_documents_read_as_those_of_the_seeds(tmp_path: Path) -> None:
    from rcasearch.readers import read

    write(tmp_path, 8, 7)
    kinds = set()
    for found in read([tmp_path / "corpus"]):
        assert isinstance(found, Document)
        assert found.problems == ()
        assert found.incident.date
        assert found.incident.services
        kinds |= {section.kind for section in found.incident.sections}
    assert kinds >= {"summary", "root_cause", "resolution"}


def test_numbers_are_drawn_anew_and_words_stay() -> None:
    parts = source()
    words = {"".join(filter(str.isalpha, sentence)) for sentence in parts.all}
    stem, text = document(parts, 12, 7)
    head = frontmatter.loads(text)
    assert str(head["title"]).endswith("(12)")
    assert stem.endswith("-000012")
    passage = next(texts(parts.all, 1))
    assert any("".join(filter(str.isalpha, passage)).startswith(word) for word in words)


def test_passages_are_distinct_and_real_ones_come_first() -> None:
    few, many = distinct_passages(50), distinct_passages(2_000)
    real = {section.text for section in sections(ROOT / "seeds")}
    assert len(set(few)) == 50
    assert set(few) <= real
    assert len(set(many)) == 2_000
    assert real <= set(many)


def test_the_command_tells_what_it_cannot_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--documents", "2", "--out", str(tmp_path)])
    assert "2 documents in" in capsys.readouterr().out
    for arguments, told in ((["--documents", "2"], "is not empty"), (["--documents", "0"], "at least one document")):
        with pytest.raises(SystemExit) as stopped:
            main([*arguments, "--out", str(tmp_path)])
        assert stopped.value.code == 2
        assert told in capsys.readouterr().err
