"""The lexicon: the form of the one that comes with the package, and what is said of one of the user's own."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import yaml

from rcasearch.errors import SettingsError
from rcasearch.lexicon import SHIPPED, Concept, load_lexicon
from tests.core.probes import Probes

# Texts that stand in the logs of every failure, and so tell of none.
TOO_GENERAL = {
    *("abort", "aborted", "alert", "bad request", "cannot", "closed", "connection", "critical", "crash", "crashed", "debug"),
    *("denied", "disconnected", "down", "emergency", "error", "errors", "exception", "exit", "exited", "fail", "failed"),
    *("failure", "fatal", "forbidden", "info", "internal server error", "invalid", "kill", "killed", "latency", "missing"),
    *("no such file", "none", "not found", "null", "offline", "outage", "panic", "refused", "rejected", "restart", "retry"),
    *("severe", "slow", "stack trace", "stopped", "timed out", "timeout", "trace", "unavailable", "unexpected", "unhealthy"),
    *("unknown", "warn", "warning", "400", "401", "403", "404", "429", "500", "502", "503", "504"),
}


@pytest.fixture(scope="module")
def shipped() -> tuple[Concept, ...]:
    return load_lexicon()


def _normal(text: str) -> str:
    return " ".join(text.casefold().split())


# --- the one that comes with the package -----------------------------------------------------------------------------


def test_every_entry_is_a_concept_of_its_own(shipped: tuple[Concept, ...]) -> None:
    written = [row["concept"] for row in yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))]
    assert [concept.name for concept in shipped] == written
    assert len(shipped) >= 150
    assert sum(len(concept.phrases) for concept in shipped) >= 1_500


def test_labels_are_short_and_differ(shipped: tuple[Concept, ...]) -> None:
    assert [concept.label for concept in shipped if not 3 <= len(concept.label) <= 40] == []
    assert [label for label, n in Counter(_normal(concept.label) for concept in shipped).items() if n > 1] == []
    assert all(concept.area for concept in shipped)


def test_every_concept_has_phrases_enough_to_be_known_by(shipped: tuple[Concept, ...]) -> None:
    assert [concept.name for concept in shipped if len(concept.phrases) < 6] == []
    assert [(concept.name, phrase) for concept in shipped for phrase in concept.phrases if len(phrase) > 160] == []


def test_no_phrase_stands_for_two_concepts(shipped: tuple[Concept, ...]) -> None:
    counts = Counter(_normal(phrase) for concept in shipped for phrase in concept.phrases)
    assert [phrase for phrase, n in counts.items() if n > 1] == []


def test_no_signature_is_too_general(shipped: tuple[Concept, ...]) -> None:
    signatures = [(concept.name, text) for concept in shipped for text in concept.signatures]
    assert [pair for pair in signatures if len(pair[1]) < 4 and not pair[1].isupper() and not pair[1][-1].isdigit()] == []
    assert [pair for pair in signatures if len(pair[1]) < 3 or _normal(pair[1]) in TOO_GENERAL] == []
    # A signature that stands for three failures does not tell which.
    shared = Counter(_normal(text) for _, text in signatures)
    assert [text for text, n in shared.items() if n > 2] == []


def test_the_file_holds_texts_and_nothing_that_yaml_reads_as_something_else() -> None:
    rows = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    given = [text for row in rows for text in (*row["phrases"], *row.get("signatures", ()))]
    assert [text for text in given if not isinstance(text, str)] == []
    assert [text for text in given if text != text.strip() or "\n" in text] == []


def test_the_probes_ask_for_every_concept_in_words_that_are_not_in_the_file(shipped: tuple[Concept, ...], probes: Probes) -> None:
    assert sorted(probes) == sorted(concept.name for concept in shipped)
    assert {name: len(texts) for name, texts in probes.items() if len(texts) < 3} == {}
    phrases = {_normal(phrase) for concept in shipped for phrase in concept.phrases}
    assert [text for texts in probes.values() for text in texts if _normal(text) in phrases] == []


# --- one of the user's own -------------------------------------------------------------------------------------------


def _own(folder: Path, text: str) -> str:
    path = folder / "own.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_an_own_concept_is_added_after_those_that_are_shipped(tmp_path: Path, shipped: tuple[Concept, ...]) -> None:
    own = _own(
        tmp_path, "- concept: tape-robot\n  label: tape robot stuck\n  area: storage\n  phrases: [the arm does not move]\n"
    )
    assert load_lexicon(own) == (
        *shipped,
        Concept("tape-robot", "tape robot stuck", "storage", ("the arm does not move",), ()),
    )


def test_a_shipped_concept_is_extended_where_it_stands(tmp_path: Path, shipped: tuple[Concept, ...]) -> None:
    known = shipped[3]
    entry = {"concept": known.name, "label": "ours", "phrases": [known.phrases[0], "said our way"], "signatures": ["OUR-ERR-7"]}
    extended = load_lexicon(_own(tmp_path, yaml.safe_dump([entry])))
    assert [concept.name for concept in extended] == [concept.name for concept in shipped]
    assert [concept for concept in extended if concept not in shipped] == [extended[3]]
    assert extended[3].label == "ours"
    assert extended[3].phrases == (*known.phrases, "said our way")
    assert extended[3].signatures == (*known.signatures, "OUR-ERR-7")


def test_a_shipped_concept_that_is_extended_by_phrases_alone_keeps_its_label(
    tmp_path: Path, shipped: tuple[Concept, ...]
) -> None:
    known = shipped[0]
    own = _own(tmp_path, f"- concept: {known.name}\n  phrases: [said our way]\n")
    assert (load_lexicon(own)[0].label, load_lexicon(own)[0].area) == (known.label, known.area)


def test_a_concept_without_a_label_is_called_by_its_name(tmp_path: Path) -> None:
    found = load_lexicon(_own(tmp_path, "- concept: tape-robot-stuck\n  phrases: [the arm does not move]\n"))[-1]
    assert (found.label, found.area, found.signatures) == ("tape robot stuck", "", ())


def test_an_own_concept_given_twice_is_one(tmp_path: Path, shipped: tuple[Concept, ...]) -> None:
    text = (
        "- {concept: tape, label: tape, phrases: [one]}\n- {concept: tape, label: tape, phrases: [two], signatures: [TAPE-9]}\n"
    )
    found = load_lexicon(_own(tmp_path, text))
    assert len(found) == len(shipped) + 1
    assert (found[-1].phrases, found[-1].signatures) == (("one", "two"), ("TAPE-9",))


def test_empty_texts_are_left_out_and_repeats_kept_once(tmp_path: Path) -> None:
    own = _own(tmp_path, '- concept: tape\n  phrases: [" stuck ", "", stuck, "  "]\n  signatures: [" T-9 ", ""]\n')
    assert (load_lexicon(own)[-1].phrases, load_lexicon(own)[-1].signatures) == (("stuck",), ("T-9",))


@pytest.mark.parametrize("text", ["01555", "12:30", "1_000", "0x1F", "2024-13-45", "yes", "null", "1e3"])
def test_what_is_not_quoted_is_still_a_text(tmp_path: Path, text: str) -> None:
    own = _own(tmp_path, f"- concept: tape\n  phrases: [stuck]\n  signatures: [{text}]\n")
    assert load_lexicon(own)[-1].signatures == (text,)


def test_own_file_under_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    _own(tmp_path, "- concept: tape\n  phrases: [stuck]\n")
    assert load_lexicon("~/own.yaml")[-1].name == "tape"


GOOD = "- concept: tape\n  phrases: [stuck]\n"
WRONG = {
    "no name": ("- phrases: [stuck]\n", "None"),
    "an empty name": ("- concept: ''\n  phrases: [stuck]\n", "''"),
    "neither phrases nor signatures": ("- concept: robot\n  label: robot\n", "'robot'"),
    "only empty phrases": ("- concept: robot\n  phrases: ['', ' ']\n", "'robot'"),
    "phrases that are one text": ("- concept: robot\n  phrases: stuck\n", "'robot'"),
    "phrases that are one text beside signatures": ("- concept: robot\n  phrases: stuck\n  signatures: [R-7]\n", "'robot'"),
    "a phrase with a colon that yaml takes for a mapping": ("- concept: robot\n  phrases:\n    - stuck: twice\n", "'robot'"),
    "a key that is not known": ("- concept: robot\n  phrase: [stuck]\n  phrases: [x]\n", "'robot'"),
    "a text for a concept": ("- robot\n", "None"),
    "a list for a concept": ("- [robot]\n", "None"),
    "nothing for a concept": ("-\n", "None"),
}


@pytest.mark.parametrize("entry", WRONG)
def test_an_error_names_the_file_and_the_entry(tmp_path: Path, entry: str) -> None:
    text, name = WRONG[entry]
    own = _own(tmp_path, GOOD + text)
    with pytest.raises(SettingsError) as raised:
        load_lexicon(own)
    assert own in raised.value.message
    assert f"entry 2 ({name})" in raised.value.message
    assert "concept, label, phrases" in raised.value.hint
    assert raised.value.field == "lexicon"


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "concept: tape\nphrases: [stuck]\n", "stuck\n"])
def test_a_file_that_is_no_list_is_an_error_that_names_it(tmp_path: Path, text: str) -> None:
    own = _own(tmp_path, text)
    with pytest.raises(SettingsError) as raised:
        load_lexicon(own)
    assert own in raised.value.message
    assert "list" in raised.value.message
    assert raised.value.hint
    assert raised.value.field == "lexicon"


def test_a_file_that_cannot_be_read_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes("- concept: Verfügbarkeit\n".encode("latin-1"))
    broken = _own(tmp_path, GOOD + "- concept: [robot\n")
    for path in (str(tmp_path / "missing.yaml"), str(tmp_path), str(tmp_path / "latin.yaml"), broken):
        with pytest.raises(SettingsError) as raised:
            load_lexicon(path)
        assert path in raised.value.message
        assert "RCASEARCH_LEXICON" in raised.value.hint
        assert raised.value.field == "lexicon"


def test_where_yaml_breaks_the_line_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="line 4"):
        load_lexicon(_own(tmp_path, GOOD + "- concept: robot\n  phrases: [stuck\n"))


def test_a_file_cannot_run_anything(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        load_lexicon(_own(tmp_path, "- concept: !!python/object/apply:os.getcwd []\n  phrases: [stuck]\n"))


def test_a_concept_of_signatures_alone_is_told_by_its_label(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("- concept: tape-robot-stuck\n  signatures: [E_TAPE_JAM]\n", encoding="utf-8")
    added = load_lexicon(str(own))[-1]
    assert (added.phrases, added.signatures) == (("tape robot stuck",), ("E_TAPE_JAM",))


def test_the_home_of_nobody_is_a_file_that_is_not_there() -> None:
    with pytest.raises(SettingsError, match=r"~nobody-of-that-name/own\.yaml cannot be read"):
        load_lexicon("~nobody-of-that-name/own.yaml")
